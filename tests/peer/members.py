# SPDX-License-Identifier: MIT
"""The list of members as docs/PROTOCOL.md, section 5, has it: asked for page by page, with the
joins and leaves of the log on top. Times are seconds of the caller's clock.
"""
from __future__ import annotations

import frames
from delivery import ROOM
from events import Who
from frames import Entry, Members, MembersWanted


class MemberList:
    """One question at a time."""

    def __init__(self) -> None:
        self._wanted: bytes | None = None  # the name the next page begins after
        self._ask_at = 0.0
        self._members: dict[str, int] = {}
        self._as_of = 0
        self._changes: list[tuple[int, Entry]] = []

    def begin(self, now: float) -> None:
        self._wanted, self._ask_at = b"", now
        self._members, self._as_of = {}, 0

    def note(self, seq: int, entry: Entry) -> None:
        """Every entry that is shown."""
        if entry.kind in (frames.JOIN, frames.LEAVE):
            self._changes.append((seq, entry))

    def deadline(self) -> float | None:
        return self._ask_at if self._wanted is not None else None

    def due(self, now: float, again: float) -> list[MembersWanted]:
        """The question, if it is time; it is asked again `again` seconds later."""
        if self._wanted is None or now < self._ask_at:
            return []
        self._ask_at = now + again
        return [MembersWanted(ROOM, self._wanted)]

    def on_members(self, frame: Members, now: float) -> Who | None:
        """The whole list, with the last page."""
        if self._wanted is None or frame.after != self._wanted:
            return None
        self._as_of = min(self._as_of or frame.as_of, frame.as_of)
        for member in frame.members:
            self._members[member.name.decode()] = member.flags
        if not frame.last:
            self._wanted, self._ask_at = frame.members[-1].name, now
            return None
        self._wanted = None
        # Applied from the oldest page on: what a later page knows already comes out the same again.
        for seq, entry in self._changes:
            if seq >= self._as_of and entry.kind == frames.JOIN:
                self._members[entry.name.decode()] = entry.flags
            elif seq >= self._as_of:
                self._members.pop(entry.name.decode(), None)
        return Who(self._as_of, dict(self._members))
