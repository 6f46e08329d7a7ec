# SPDX-License-Identifier: MIT
"""The layouts of docs/PROTOCOL.md, section 2, and the payloads of the Noise messages, section 3.

parse() is what a receiver does: None for whatever has to be ignored. stray_bytes() is what an
inspector does: the fields called zero are not checked by a receiver, but have to be sent as zero.
"""
from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, ClassVar

VERSION = 1
DATAGRAM_MAX = 1200
DATA_HEADER = struct.Struct("<BxHIQ")
DATA_MIN = 48
NO_COOKIE = bytes(24)
NAME_MAX = 32


@dataclass(frozen=True)
class Init:
    client_sid: int
    client_nonce: bytes
    cookie: bytes
    noise: bytes  # 48 bytes; without cookie the ephemeral key and 16 zeros

    TYPE: ClassVar[int] = 0xF8
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BB2xI8s24s48s1112x")

    def encode(self) -> bytes:
        return self.LAYOUT.pack(
            self.TYPE, VERSION, self.client_sid, self.client_nonce, self.cookie, self.noise
        )


@dataclass(frozen=True)
class Retry:
    server_flags: int
    client_sid: int
    client_nonce: bytes
    cookie: bytes
    versions: int

    TYPE: ClassVar[int] = 0xF9
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBHI8s24sI4x")

    def encode(self) -> bytes:
        return self.LAYOUT.pack(
            self.TYPE,
            VERSION,
            self.server_flags,
            self.client_sid,
            self.client_nonce,
            self.cookie,
            self.versions,
        )


@dataclass(frozen=True)
class Resp:
    client_sid: int
    server_sid: int  # not protected; that in the payload counts
    noise: bytes

    TYPE: ClassVar[int] = 0xFA
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BB2xII4x128s")

    def encode(self) -> bytes:
        return self.LAYOUT.pack(self.TYPE, VERSION, self.client_sid, self.server_sid, self.noise)


@dataclass(frozen=True)
class Fini:
    server_sid: int
    client_nonce: bytes
    noise: bytes
    mac: bytes

    TYPE: ClassVar[int] = 0xFB
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BB2xI8s224s16s")

    def encode(self) -> bytes:
        return self.LAYOUT.pack(
            self.TYPE, VERSION, self.server_sid, self.client_nonce, self.noise, self.mac
        )


@dataclass(frozen=True)
class Reset:
    receiver_sid: int
    token: bytes

    TYPE: ClassVar[int] = 0xFD
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<B3xI16s")

    def encode(self) -> bytes:
        return self.LAYOUT.pack(self.TYPE, self.receiver_sid, self.token)


@dataclass(frozen=True)
class Refuse:
    code: int
    client_sid: int
    client_nonce: bytes
    mac: bytes

    TYPE: ClassVar[int] = 0xFE
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBHI8s16s")

    def encode(self) -> bytes:
        return self.LAYOUT.pack(
            self.TYPE, VERSION, self.code, self.client_sid, self.client_nonce, self.mac
        )


@dataclass(frozen=True)
class Data:
    ts: int
    receiver_sid: int
    counter: int
    sealed: bytes

    TYPE: ClassVar[int] = 0xFC

    def header(self) -> bytes:
        return DATA_HEADER.pack(self.TYPE, self.ts, self.receiver_sid, self.counter)

    def encode(self) -> bytes:
        return self.header() + self.sealed


Datagram = Init | Retry | Resp | Fini | Data | Reset | Refuse

_FIXED: dict[int, Any] = {
    Init.TYPE: Init,
    Retry.TYPE: Retry,
    Resp.TYPE: Resp,
    Fini.TYPE: Fini,
    Reset.TYPE: Reset,
    Refuse.TYPE: Refuse,
}
_FROM_CLIENT = (Init, Fini, Data)


def parse(data: bytes) -> Datagram | None:
    """The datagram, or None if it has to be ignored."""
    if not data:
        return None
    if data[0] == Data.TYPE:
        return _parse_data(data)
    kind = _FIXED.get(data[0])
    if kind is None or len(data) != kind.LAYOUT.size:
        return None
    fields = kind.LAYOUT.unpack(data)[1:]
    if kind is Reset:
        return Reset(*fields)
    parsed: Datagram = kind(*fields[1:])
    return parsed if fields[0] == VERSION else None


def _parse_data(data: bytes) -> Data | None:
    if not DATA_MIN <= len(data) <= DATAGRAM_MAX or len(data) % 16:
        return None
    _, ts, receiver_sid, counter = DATA_HEADER.unpack_from(data)
    return Data(ts, receiver_sid, counter, data[DATA_HEADER.size :])


def may_come_from(datagram: Datagram, client: bool) -> bool:
    if isinstance(datagram, Data):
        return True
    return isinstance(datagram, _FROM_CLIENT) == client


def stray_bytes(data: bytes, datagram: Datagram) -> bool:
    """Whether a field that has to be sent as zero is not."""
    return datagram.encode() != data


@dataclass(frozen=True)
class RespPayload:
    log_epoch: int
    ack_delay_ms: int
    keepalive_s: int
    idle_s: int
    server_sid: int

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<QHHHI14x")

    def encode(self) -> bytes:
        return self.LAYOUT.pack(
            self.log_epoch, self.ack_delay_ms, self.keepalive_s, self.idle_s, self.server_sid
        )

    @classmethod
    def parse(cls, data: bytes) -> RespPayload:
        return cls(*cls.LAYOUT.unpack(data))


@dataclass(frozen=True)
class FiniPayload:
    client_epoch: int
    acked_msg_id: int
    prev_server_sid: int
    log_epoch: int
    next_seq: int  # in the landing room
    name: bytes
    room: bytes = b""  # where he lands; empty is "lobby"

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<QQI4xQQB32sB32s54x")

    def encode(self) -> bytes:
        return self.LAYOUT.pack(
            self.client_epoch,
            self.acked_msg_id,
            self.prev_server_sid,
            self.log_epoch,
            self.next_seq,
            len(self.name),
            self.name,
            len(self.room),
            self.room,
        )

    @classmethod
    def parse(cls, data: bytes) -> FiniPayload:
        epoch, acked, previous, log_epoch, next_seq, *strings = cls.LAYOUT.unpack(data)
        name, room = _filled(*strings[:2]), _filled(*strings[2:])
        return cls(epoch, acked, previous, log_epoch, next_seq, name, room)


def _filled(length: int, value: bytes) -> bytes:
    if length > NAME_MAX or any(value[length:]):
        raise ValueError("a name's length or filling")
    return value[:length]
