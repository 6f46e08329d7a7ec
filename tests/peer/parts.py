# SPDX-License-Identifier: MIT
"""Entries of one room that come in parts (EVENT_PART), until they are whole."""
from __future__ import annotations

from frames import Entry, EventPart, Malformed


class Parts:
    def __init__(self) -> None:
        self._of: dict[int, dict[int, bytes]] = {}

    def take(self, frame: EventPart) -> Entry | None:
        """The entry, if it is whole now. One that is none is forgotten, to be had again."""
        have = self._of.setdefault(frame.seq, {})
        have[frame.part] = frame.data
        if len(have) < frame.parts:
            return None
        del self._of[frame.seq]
        try:
            return Entry.parse(b"".join(have[part] for part in range(frame.parts)))
        except (Malformed, KeyError):
            return None

    def have(self, seq: int) -> int:
        """Bit i is set for part i."""
        return sum(1 << part for part in self._of.get(seq, ()))

    def forget(self, seq: int) -> None:
        self._of.pop(seq, None)

    def forget_below(self, seq: int) -> None:
        self._of = {number: have for number, have in self._of.items() if number >= seq}
