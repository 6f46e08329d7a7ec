# SPDX-License-Identifier: MIT
"""The rooms, the people and their programs of fake_server.py: what it would keep on disk. Numbers
and limits are those that the tests need.
"""
from __future__ import annotations

from dataclasses import dataclass, field

import frames
from frames import CONVERSATION, NAMED, Entry, Member, Place, Receipt, Result
from questions import folded

LOBBY = 1
PAGE = 2
LAST_SEEN = 16


@dataclass
class Program:
    """One start of a client program."""

    epoch: int
    next_msg_id: int = 1
    first_id: int = 1  # the client has all results before it
    parts: dict[int, bytes] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)


@dataclass(eq=False)
class Person:
    name: bytes
    static: bytes
    is_here: bool = False
    programs: dict[int, Program] = field(default_factory=dict)
    cursors: dict[int, int] = field(default_factory=dict)  # room -> next_seq


@dataclass
class FakeRoom:
    number: int
    kind: int
    name: bytes
    pair: tuple[bytes, ...] = ()  # the names of those who converse
    log: dict[int, Entry] = field(default_factory=dict)
    tail: int = 1  # the oldest kept
    head: int = 1  # what the next one gets
    topic: bytes = b""
    pinned: int = 0

    def append(self, entry: Entry) -> int:
        seq, self.head = self.head, self.head + 1
        self.log[seq] = entry
        if entry.kind == frames.TOPIC:
            self.topic = entry.text
        elif entry.kind == frames.PINNED:
            self.pinned = seq if entry.text else 0
        return seq

    def name_for(self, person: Person) -> bytes:
        others = [name for name in self.pair if name != person.name]
        return others[0] if others else self.name


@dataclass
class FakeRooms:
    all: dict[int, FakeRoom] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.all[LOBBY] = FakeRoom(LOBBY, NAMED, b"lobby")

    def person(self, name: bytes) -> Person | None:
        return next((p for p in self.people if folded(p.name) == folded(name)), None)

    def members(self, room: FakeRoom) -> list[Person]:
        return [person for person in self.people if room.number in person.cursors]

    def named(self, name: bytes) -> FakeRoom:
        for room in self.all.values():
            if room.kind == NAMED and folded(room.name) == folded(name):
                return room
        return self._make(NAMED, name)

    def conversation(self, one: Person, other: Person) -> FakeRoom:
        pair = tuple(sorted((one.name, other.name)))
        for room in self.all.values():
            if room.pair == pair:
                return room
        return self._make(CONVERSATION, b"", pair)

    def _make(self, kind: int, name: bytes, pair: tuple[bytes, ...] = ()) -> FakeRoom:
        room = FakeRoom(len(self.all) + 1, kind, name, pair)
        self.all[room.number] = room
        return room

    def frame(self, room: FakeRoom, person: Person, is_new: bool) -> frames.Room:
        return frames.Room(
            room.number,
            room.kind,
            frames.ROOM_NEW * is_new,
            person.cursors[room.number],
            room.head,
            room.tail,
            room.pinned,
            room.topic,
            room.name_for(person),
        )

    def members_page(self, wanted: frames.MembersWanted) -> frames.Members:
        room = self.all[wanted.room]
        both = room.kind == CONVERSATION
        here = (person.name for person in self.members(room) if both or person.is_here)
        names = sorted(name for name in here if name > wanted.after)
        page = tuple(Member(0, name) for name in names[:PAGE])
        last = int(len(names) <= PAGE)
        return frames.Members(room.number, room.head, last, wanted.after, page)

    def rooms_page(self, person: Person, wanted: frames.RoomsWanted) -> frames.Rooms:
        rooms = (room for room in self.all.values() if room.kind == NAMED)
        after = sorted((r for r in rooms if r.name > wanted.after), key=lambda room: room.name)
        page = tuple(self._listed(room, person) for room in after[:PAGE])
        return frames.Rooms(int(len(after) <= PAGE), wanted.after, page)

    def _listed(self, room: FakeRoom, person: Person) -> frames.ListedRoom:
        mine = room.number in person.cursors
        here = sum(member.is_here for member in self.members(room))
        return frames.ListedRoom(frames.ROOM_MINE * mine, here, room.name, room.topic[:80])

    def search(self, person: Person, asked: frames.Search) -> frames.Found:
        words = asked.words.decode().casefold().split()
        found: list[tuple[int, Place]] = []
        for number in person.cursors:
            if asked.room not in (0, number):
                continue
            for seq, entry in self.all[number].log.items():
                text = " " + entry.text.decode().casefold()
                if asked.before and seq >= asked.before:
                    continue
                if all(f" {word}" in text for word in words):
                    found.append((entry.time_ms, Place(number, seq)))
        found.sort(key=lambda item: (item[0], item[1].seq), reverse=True)
        places = tuple(place for _, place in found[:64])
        return frames.Found(asked.id, int(len(found) > 64), places)

    def receipts(self, room: FakeRoom, author: Person) -> frames.Seen | None:
        others = [member for member in self.members(room) if member is not author]
        said = [
            seq
            for seq, entry in room.log.items()
            if entry.kind == frames.MESSAGE and entry.name == author.name
        ]
        receipts = tuple(
            Receipt(seq, sum(o.cursors[room.number] > seq for o in others), len(others))
            for seq in said[-LAST_SEEN:]
        )
        return frames.Seen(room.number, receipts) if receipts else None
