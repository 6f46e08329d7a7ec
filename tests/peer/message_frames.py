# SPDX-License-Identifier: MIT
"""Frames that bring a client's messages to the server (docs/PROTOCOL.md, sections 4 and 5)."""
from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

from entry import MESSAGE, TOPIC
from wire import PART_BYTES, TEXT_MAX, TOPIC_MAX, Reader, require, require_part, uint

RESULTS_MAX = 32
STORED, REFUSED, NOT_IN_ROOM = 0, 1, 2


@dataclass(frozen=True)
class Msg:
    """One part of a text, or a topic. Whether it is clean is seen when it is whole."""

    room: int
    msg_id: int
    part: int
    parts: int
    data: bytes
    kind: int = MESSAGE

    TYPE: ClassVar[int] = 0x10
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<IQBBB")

    def body(self) -> bytes:
        return self.LAYOUT.pack(*self._numbers()) + self.data

    def _numbers(self) -> tuple[int, ...]:
        return self.room, self.msg_id, self.kind, self.part, self.parts

    @classmethod
    def read(cls, reader: Reader) -> Msg:
        room, msg_id, kind, part, parts = cls.LAYOUT.unpack(reader.take(cls.LAYOUT.size))
        data = reader.take(len(reader.rest))
        require(room > 0, "room 0")
        require(msg_id > 0, "message 0")
        require(kind in (MESSAGE, TOPIC), "a message's kind")
        if kind == TOPIC:
            require((part, parts) == (0, 1), "a topic in parts")
            require(len(data) <= TOPIC_MAX, "a topic's length")
        else:
            require_part(part, parts, len(data))
            require(part * PART_BYTES + len(data) <= TEXT_MAX, "a text's length")
        return cls(room, msg_id, part, parts, data, kind)


@dataclass(frozen=True)
class Result:
    msg_id: int
    room: int
    seq: int
    status: int


@dataclass(frozen=True)
class MsgAck:
    next_msg_id: int
    have: int
    results: tuple[Result, ...]

    TYPE: ClassVar[int] = 0x11

    def body(self) -> bytes:
        packed = struct.pack("<QBB", self.next_msg_id, self.have, len(self.results))
        for result in self.results:
            packed += struct.pack("<QIQB", result.msg_id, result.room, result.seq, result.status)
        return packed

    @classmethod
    def read(cls, reader: Reader) -> MsgAck:
        next_msg_id, have, count = struct.unpack("<QBB", reader.take(10))
        require(count <= RESULTS_MAX, "too many results")
        results = [Result(*struct.unpack("<QIQB", reader.take(21))) for _ in range(count)]
        for result in results:
            require(result.room > 0, "room 0")
            require(result.status <= NOT_IN_ROOM, "a result's status")
            require(result.status == STORED or result.seq == 0, "a number of what is not stored")
            require(0 < result.msg_id < next_msg_id, "a result's message")
        ids = [result.msg_id for result in results]
        require(ids == sorted(set(ids)), "the order of results")
        return cls(next_msg_id, have, tuple(results))


@dataclass(frozen=True)
class MsgFrom:
    """The client has all results before first_id."""

    first_id: int

    TYPE: ClassVar[int] = 0x12

    def body(self) -> bytes:
        return uint(self.first_id, 8)

    @classmethod
    def read(cls, reader: Reader) -> MsgFrom:
        return cls(reader.uint(8))
