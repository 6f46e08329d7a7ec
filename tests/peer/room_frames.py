# SPDX-License-Identifier: MIT
"""Frames about being in rooms (docs/PROTOCOL.md, sections 4 and 6)."""
from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

from wire import Reader, require, string, uint

NAMED, CONVERSATION = 1, 2
ROOM_NEW = 1  # flag: he is new there
NO_NAME, NOBODY, TOO_MANY, NOT_NOW = 1, 2, 3, 4


def _kind(reader: Reader) -> int:
    kind = reader.uint(1)
    require(kind in (NAMED, CONVERSATION), "a room's kind")
    return kind


@dataclass(frozen=True)
class Join:
    kind: int
    name: bytes

    TYPE: ClassVar[int] = 0x26

    def body(self) -> bytes:
        return uint(self.kind, 1) + string(self.name)

    @classmethod
    def read(cls, reader: Reader) -> Join:
        return cls(_kind(reader), reader.line())


@dataclass(frozen=True)
class Room:
    room: int
    kind: int
    flags: int
    next_seq: int
    head: int
    tail: int
    pinned: int
    topic: bytes
    name: bytes

    TYPE: ClassVar[int] = 0x27
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<QQQQ")

    def body(self) -> bytes:
        numbers = self.LAYOUT.pack(self.next_seq, self.head, self.tail, self.pinned)
        what = uint(self.room, 4) + uint(self.kind, 1) + uint(self.flags, 1)
        return what + numbers + string(self.topic) + string(self.name)

    @classmethod
    def read(cls, reader: Reader) -> Room:
        room, kind, flags = reader.room(), _kind(reader), reader.uint(1)
        next_seq, head, tail, pinned = cls.LAYOUT.unpack(reader.take(cls.LAYOUT.size))
        topic, name = reader.topic(), reader.name()
        require(flags <= ROOM_NEW, "ROOM's flags")
        require(tail <= head, "the tail is before the head")
        return cls(room, kind, flags, next_seq, head, tail, pinned, topic, name)


@dataclass(frozen=True)
class NoRoom:
    kind: int
    code: int
    name: bytes

    TYPE: ClassVar[int] = 0x28

    def body(self) -> bytes:
        return uint(self.kind, 1) + uint(self.code, 1) + string(self.name)

    @classmethod
    def read(cls, reader: Reader) -> NoRoom:
        kind, code = _kind(reader), reader.uint(1)
        require(NO_NAME <= code <= NOT_NOW, "NO_ROOM's code")
        return cls(kind, code, reader.line())


@dataclass(frozen=True)
class Part:
    room: int

    TYPE: ClassVar[int] = 0x29

    def body(self) -> bytes:
        return uint(self.room, 4)

    @classmethod
    def read(cls, reader: Reader) -> Part:
        return cls(reader.room())


@dataclass(frozen=True)
class Parted:
    room: int

    TYPE: ClassVar[int] = 0x2A

    def body(self) -> bytes:
        return uint(self.room, 4)

    @classmethod
    def read(cls, reader: Reader) -> Parted:
        return cls(reader.room())
