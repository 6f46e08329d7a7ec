# SPDX-License-Identifier: MIT
"""Frames about the session itself: acknowledgement, paths, beginning, end (docs/PROTOCOL.md,
section 4)."""
from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

from wire import Reader, require, string, uint

WELCOME_EPOCH_KNOWN, WELCOME_RESUMED = 1, 2
CLOSE_LAST = 10
NOTICE_CANNOT_STORE = 1


@dataclass(frozen=True)
class Ping:
    TYPE: ClassVar[int] = 0x01

    def body(self) -> bytes:
        return b""

    @classmethod
    def read(cls, _: Reader) -> Ping:
        return cls()


@dataclass(frozen=True)
class PktAck:
    largest: int
    echo_ts: int
    delay: int  # in units of 32 us
    count: int
    size: int  # bytes of all datagrams

    TYPE: ClassVar[int] = 0x02
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<QHHII")

    def body(self) -> bytes:
        return self.LAYOUT.pack(self.largest, self.echo_ts, self.delay, self.count, self.size)

    @classmethod
    def read(cls, reader: Reader) -> PktAck:
        return cls(*cls.LAYOUT.unpack(reader.take(cls.LAYOUT.size)))


@dataclass(frozen=True)
class PathChallenge:
    data: bytes

    TYPE: ClassVar[int] = 0x40

    def body(self) -> bytes:
        return self.data

    @classmethod
    def read(cls, reader: Reader) -> PathChallenge:
        return cls(reader.take(8))


@dataclass(frozen=True)
class PathResponse:
    data: bytes

    TYPE: ClassVar[int] = 0x41

    def body(self) -> bytes:
        return self.data

    @classmethod
    def read(cls, reader: Reader) -> PathResponse:
        return cls(reader.take(8))


@dataclass(frozen=True)
class Welcome:
    next_msg_id: int
    flags: int
    reset_token: bytes
    room: int  # where he lands; 0: the name that he asked for is none
    name: bytes

    TYPE: ClassVar[int] = 0x50
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<QB16sI")

    def body(self) -> bytes:
        numbers = self.LAYOUT.pack(self.next_msg_id, self.flags, self.reset_token, self.room)
        return numbers + string(self.name)

    @classmethod
    def read(cls, reader: Reader) -> Welcome:
        next_msg_id, flags, token, room = cls.LAYOUT.unpack(reader.take(cls.LAYOUT.size))
        require(flags <= (WELCOME_EPOCH_KNOWN | WELCOME_RESUMED), "WELCOME's flags")
        require(next_msg_id > 0, "WELCOME's next message")
        return cls(next_msg_id, flags, token, room, reader.name())


@dataclass(frozen=True)
class Close:
    code: int
    wait_ms: int = 0

    TYPE: ClassVar[int] = 0x51

    def body(self) -> bytes:
        return struct.pack("<BI", self.code, self.wait_ms)

    @classmethod
    def read(cls, reader: Reader) -> Close:
        code, wait_ms = struct.unpack("<BI", reader.take(5))
        require(1 <= code <= CLOSE_LAST, "CLOSE's code")
        return cls(code, wait_ms)


@dataclass(frozen=True)
class Notice:
    code: int

    TYPE: ClassVar[int] = 0x52

    def body(self) -> bytes:
        return uint(self.code, 1)

    @classmethod
    def read(cls, reader: Reader) -> Notice:
        code = reader.uint(1)
        require(code == NOTICE_CANNOT_STORE, "NOTICE's code")
        return cls(code)
