# SPDX-License-Identifier: MIT
"""Frames that bring a room's entries to a client (docs/PROTOCOL.md, sections 4 and 5)."""
from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

from entry import Entry
from wire import ENTRY_MAX, PART_BYTES, SEQ_END, Reader, require, require_part

GAPS_MAX = 32
WANTED_MAX = 256


@dataclass(frozen=True)
class Events:
    room: int
    first_seq: int
    entries: tuple[Entry, ...]

    TYPE: ClassVar[int] = 0x20

    def body(self) -> bytes:
        packed = struct.pack("<IQB", self.room, self.first_seq, len(self.entries))
        return packed + b"".join(entry.encode() for entry in self.entries)

    @classmethod
    def read(cls, reader: Reader) -> Events:
        room, first_seq, count = reader.room(), reader.uint(8), reader.uint(1)
        require(count > 0, "no entries")
        return cls(room, first_seq, tuple(Entry.read(reader) for _ in range(count)))


@dataclass(frozen=True)
class EventPart:
    room: int
    seq: int
    part: int
    parts: int
    data: bytes

    TYPE: ClassVar[int] = 0x21

    def body(self) -> bytes:
        return struct.pack("<IQBB", self.room, self.seq, self.part, self.parts) + self.data

    @classmethod
    def read(cls, reader: Reader) -> EventPart:
        room, seq = reader.room(), reader.uint(8)
        part, parts = reader.uint(1), reader.uint(1)
        data = reader.take(len(reader.rest))
        require(parts >= 2, "one part")
        require_part(part, parts, len(data))
        require(part == 0 or part * PART_BYTES + len(data) > ENTRY_MAX, "would fit into EVENTS")
        return cls(room, seq, part, parts, data)


@dataclass(frozen=True)
class Gap:
    offset: int
    count: int
    have: int = 0


@dataclass(frozen=True)
class RoomAck:
    room: int
    next_seq: int
    credit: int
    gaps: tuple[Gap, ...] = ()

    TYPE: ClassVar[int] = 0x22

    def body(self) -> bytes:
        packed = struct.pack("<IQHB", self.room, self.next_seq, self.credit, len(self.gaps))
        for gap in self.gaps:
            packed += struct.pack("<HHB", gap.offset, gap.count, gap.have)
        return packed

    @classmethod
    def read(cls, reader: Reader) -> RoomAck:
        room = reader.room()
        next_seq, credit, count = struct.unpack("<QHB", reader.take(11))
        require(count <= GAPS_MAX, "too many gaps")
        gaps = [Gap(*struct.unpack("<HHB", reader.take(5))) for _ in range(count)]
        end = 0
        for gap in gaps:
            require(gap.count > 0 and gap.offset >= end, "a gap's place")
            require(gap.count == 1 or gap.have == 0, "parts of several entries")
            end = gap.offset + gap.count
        return cls(room, next_seq, credit, tuple(gaps))


@dataclass(frozen=True)
class Head:
    room: int
    head: int
    tail: int

    TYPE: ClassVar[int] = 0x23

    def body(self) -> bytes:
        return struct.pack("<IQQ", self.room, self.head, self.tail)

    @classmethod
    def read(cls, reader: Reader) -> Head:
        room, head, tail = reader.room(), reader.uint(8), reader.uint(8)
        require(tail <= head, "the tail is before the head")
        return cls(room, head, tail)


@dataclass(frozen=True)
class Gone:
    room: int
    first: int
    last: int

    TYPE: ClassVar[int] = 0x24

    def body(self) -> bytes:
        return struct.pack("<IQQ", self.room, self.first, self.last)

    @classmethod
    def read(cls, reader: Reader) -> Gone:
        room, first, last = reader.room(), reader.uint(8), reader.uint(8)
        require(first <= last, "from is after to")
        return cls(room, first, last)


@dataclass(frozen=True)
class EntriesWanted:
    room: int
    first: int
    count: int
    have: int = 0

    TYPE: ClassVar[int] = 0x25

    def body(self) -> bytes:
        return struct.pack("<IQHB", self.room, self.first, self.count, self.have)

    @classmethod
    def read(cls, reader: Reader) -> EntriesWanted:
        room = reader.room()
        first, count, have = struct.unpack("<QHB", reader.take(11))
        require(1 <= count <= WANTED_MAX, "how many are wanted")
        require(first + count <= SEQ_END, "numbers that never are")
        require(count == 1 or have == 0, "parts of several entries")
        return cls(room, first, count, have)
