# SPDX-License-Identifier: MIT
"""Frames that ask and answer about members, rooms and words, and who has seen what
(docs/PROTOCOL.md, sections 4 to 6)."""
from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

from entry import ENTRY_CLASSIC
from wire import WORDS_MAX, Reader, require, require_line, string, uint

ROOM_MINE = 1  # flag: he is a member
CUT_TOPIC_MAX = 80
PLACES_MAX = 64
FOUND_MORE, FOUND_INCOMPLETE = 1, 2
SEEN_MAX = 16


@dataclass(frozen=True)
class MembersWanted:
    room: int
    after: bytes

    TYPE: ClassVar[int] = 0x30

    def body(self) -> bytes:
        return uint(self.room, 4) + string(self.after)

    @classmethod
    def read(cls, reader: Reader) -> MembersWanted:
        return cls(reader.room(), reader.name(least=0))


@dataclass(frozen=True)
class Member:
    flags: int
    name: bytes


@dataclass(frozen=True)
class Members:
    room: int
    as_of: int
    last: int
    after: bytes
    members: tuple[Member, ...]

    TYPE: ClassVar[int] = 0x31

    def body(self) -> bytes:
        packed = struct.pack("<IQB", self.room, self.as_of, self.last) + string(self.after)
        packed += uint(len(self.members), 1)
        for member in self.members:
            packed += uint(member.flags, 1) + string(member.name)
        return packed

    @classmethod
    def read(cls, reader: Reader) -> Members:
        room, as_of, last = reader.room(), reader.uint(8), reader.uint(1)
        after = reader.name(least=0)
        members: list[Member] = []
        for _ in range(reader.uint(1)):
            flags = reader.uint(1)
            require(flags <= ENTRY_CLASSIC, "a member's flags")
            members.append(Member(flags, reader.name()))
        require(last <= 1, "last")
        require(bool(members) or last == 1, "an empty list that goes on")
        return cls(room, as_of, last, after, tuple(members))


@dataclass(frozen=True)
class RoomsWanted:
    after: bytes

    TYPE: ClassVar[int] = 0x32

    def body(self) -> bytes:
        return string(self.after)

    @classmethod
    def read(cls, reader: Reader) -> RoomsWanted:
        return cls(reader.name(least=0))


@dataclass(frozen=True)
class ListedRoom:
    flags: int
    members: int
    name: bytes
    topic: bytes


@dataclass(frozen=True)
class Rooms:
    last: int
    after: bytes
    rooms: tuple[ListedRoom, ...]

    TYPE: ClassVar[int] = 0x33

    def body(self) -> bytes:
        packed = uint(self.last, 1) + string(self.after) + uint(len(self.rooms), 1)
        for room in self.rooms:
            packed += uint(room.flags, 1) + uint(room.members, 4)
            packed += string(room.name) + string(room.topic)
        return packed

    @classmethod
    def read(cls, reader: Reader) -> Rooms:
        last, after = reader.uint(1), reader.name(least=0)
        rooms: list[ListedRoom] = []
        for _ in range(reader.uint(1)):
            flags, members = reader.uint(1), reader.uint(4)
            require(flags <= ROOM_MINE, "a room's flags")
            rooms.append(ListedRoom(flags, members, reader.name(), reader.topic(CUT_TOPIC_MAX)))
        require(last <= 1, "last")
        require(bool(rooms) or last == 1, "an empty list that goes on")
        return cls(last, after, tuple(rooms))


@dataclass(frozen=True)
class Search:
    """In one room, or with room 0 in all of his."""

    id: int
    room: int
    before: int
    words: bytes

    TYPE: ClassVar[int] = 0x34

    def body(self) -> bytes:
        return struct.pack("<IIQ", self.id, self.room, self.before) + string(self.words)

    @classmethod
    def read(cls, reader: Reader) -> Search:
        number, room, before = struct.unpack("<IIQ", reader.take(16))
        words = reader.take(reader.uint(1))
        require(1 <= len(words) <= WORDS_MAX, "how many bytes are searched for")
        require_line(words)
        require(room > 0 or before == 0, "one number in all rooms")
        return cls(number, room, before, words)


@dataclass(frozen=True)
class Place:
    room: int
    seq: int


@dataclass(frozen=True)
class Found:
    id: int
    flags: int
    places: tuple[Place, ...]

    TYPE: ClassVar[int] = 0x35

    def body(self) -> bytes:
        packed = struct.pack("<IBB", self.id, self.flags, len(self.places))
        return packed + b"".join(struct.pack("<IQ", p.room, p.seq) for p in self.places)

    @classmethod
    def read(cls, reader: Reader) -> Found:
        number, flags, count = struct.unpack("<IBB", reader.take(6))
        require(flags <= FOUND_MORE | FOUND_INCOMPLETE, "FOUND's flags")
        require(count <= PLACES_MAX, "too many places")
        places = tuple(Place(reader.room(), reader.uint(8)) for _ in range(count))
        return cls(number, flags, places)


@dataclass(frozen=True)
class Receipt:
    seq: int
    seen: int
    of: int


@dataclass(frozen=True)
class Seen:
    room: int
    receipts: tuple[Receipt, ...]

    TYPE: ClassVar[int] = 0x36

    def body(self) -> bytes:
        packed = uint(self.room, 4) + uint(len(self.receipts), 1)
        return packed + b"".join(struct.pack("<QII", r.seq, r.seen, r.of) for r in self.receipts)

    @classmethod
    def read(cls, reader: Reader) -> Seen:
        room, count = reader.room(), reader.uint(1)
        require(1 <= count <= SEEN_MAX, "how many were seen")
        receipts = [Receipt(*struct.unpack("<QII", reader.take(16))) for _ in range(count)]
        require(all(r.seen <= r.of for r in receipts), "more than there are have seen it")
        seqs = [receipt.seq for receipt in receipts]
        require(seqs == sorted(set(seqs)), "the order of receipts")
        return cls(room, tuple(receipts))
