# SPDX-License-Identifier: MIT
"""Lists that come page by page, as docs/PROTOCOL.md, sections 5 and 6, has them: the members of a
room, with the joins and leaves of its log on top, and the rooms that there are.
"""
from __future__ import annotations

import frames
from events import RoomList, Who
from frames import Entry, ListedRoom, Members, MembersWanted, Rooms, RoomsWanted


class MemberList:
    """Of one room; one question at a time."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._wanted: bytes | None = None  # the name the next page begins after
        self._members: dict[str, int] = {}
        self._as_of = 0
        self._changes: list[tuple[int, Entry]] = []

    def begin(self) -> MembersWanted:
        self._wanted = b""
        self._members, self._as_of = {}, 0
        return MembersWanted(self._room, b"")

    def note(self, seq: int, entry: Entry) -> None:
        """Every entry that is shown."""
        if entry.kind in (frames.JOIN, frames.LEAVE):
            self._changes.append((seq, entry))

    def on_members(self, frame: Members) -> MembersWanted | Who | None:
        """The next question, or with the last page the whole list."""
        if self._wanted is None or frame.after != self._wanted:
            return None
        self._as_of = min(self._as_of or frame.as_of, frame.as_of)
        for member in frame.members:
            self._members[member.name.decode()] = member.flags
        if not frame.last:
            self._wanted = frame.members[-1].name
            return MembersWanted(self._room, self._wanted)
        self._wanted = None
        # Applied from the oldest page on: what a later page knows already comes out the same again.
        for seq, entry in self._changes:
            if seq >= self._as_of and entry.kind == frames.JOIN:
                self._members[entry.name.decode()] = entry.flags
            elif seq >= self._as_of:
                self._members.pop(entry.name.decode(), None)
        return Who(self._room, self._as_of, dict(self._members))


class Directory:
    """The rooms with a name; one question at a time."""

    def __init__(self) -> None:
        self._wanted: bytes | None = None
        self._rooms: dict[str, ListedRoom] = {}

    def begin(self) -> RoomsWanted:
        self._wanted, self._rooms = b"", {}
        return RoomsWanted(b"")

    def on_rooms(self, frame: Rooms) -> RoomsWanted | RoomList | None:
        """The next question, or with the last page the whole list."""
        if self._wanted is None or frame.after != self._wanted:
            return None
        self._rooms.update((room.name.decode(), room) for room in frame.rooms)
        if not frame.last:
            self._wanted = frame.rooms[-1].name
            return RoomsWanted(self._wanted)
        self._wanted = None
        return RoomList(dict(self._rooms))
