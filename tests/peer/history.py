# SPDX-License-Identifier: MIT
"""Older entries as docs/PROTOCOL.md, section 5, has it: asked for by number, without any effect on
where a room goes on. Times are seconds of the caller's clock.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from events import Older
from frames import WANTED_MAX, EntriesWanted, Entry, EventPart, Events, Gone
from parts import Parts

RANGES_MAX = 64  # asked for at a time


@dataclass
class _Fetch:
    """One stretch of one room."""

    room: int
    first: int
    count: int
    ask_at: float
    wait: float = 0.0  # until it was asked for the first time
    entries: dict[int, Entry] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    parts: Parts = field(default_factory=Parts)

    def missing(self) -> list[int]:
        wanted = range(self.first, self.first + self.count)
        return [seq for seq in wanted if seq not in self.entries and seq not in self.gone]

    def wants(self, room: int, seq: int) -> bool:
        return room == self.room and self.first <= seq < self.first + self.count

    def questions(self) -> list[EntriesWanted]:
        """The stretches of what is missing."""
        asked: list[EntriesWanted] = []
        for seq in self.missing():
            have = self.parts.have(seq)
            last = asked[-1] if asked else None
            if last and not have and not last.have and last.first + last.count == seq:
                asked[-1] = EntriesWanted(self.room, last.first, last.count + 1)
            else:
                asked.append(EntriesWanted(self.room, seq, 1, have))
        return asked


class History:
    """Any number of stretches at a time."""

    def __init__(self) -> None:
        self.asked = 0  # how many questions went out
        self._fetches: list[_Fetch] = []

    def fetch(self, room: int, first: int, count: int, now: float) -> None:
        if not 0 < count <= WANTED_MAX:
            raise ValueError("1 to 256 entries can be asked for")
        self._fetches.append(_Fetch(room, first, count, now))

    def on_events(self, frame: Events) -> list[Older]:
        for seq, entry in enumerate(frame.entries, frame.first_seq):
            self._keep(frame.room, seq, entry)
        return self._finished()

    def on_part(self, frame: EventPart) -> list[Older]:
        for fetch in self._fetches:
            if fetch.wants(frame.room, frame.seq) and frame.seq not in fetch.entries:
                entry = fetch.parts.take(frame)
                if entry is not None:
                    fetch.entries[frame.seq] = entry
        return self._finished()

    def on_gone(self, frame: Gone) -> list[Older]:
        for fetch in self._fetches:
            if fetch.room == frame.room:
                fetch.gone |= {s for s in fetch.missing() if frame.first <= s <= frame.last}
        return self._finished()

    def forget(self, room: int) -> None:
        self._fetches = [fetch for fetch in self._fetches if fetch.room != room]

    def due(self, now: float, rtt: float) -> list[EntriesWanted]:
        """What is still missing: first after 1.25 RTT, then at doubled intervals."""
        asked: list[EntriesWanted] = []
        under_way = sum(len(f.questions()) for f in self._fetches if f.wait and now < f.ask_at)
        for fetch in self._fetches:
            if now >= fetch.ask_at:
                questions = fetch.questions()[: max(0, RANGES_MAX - under_way - len(asked))]
                if questions:
                    fetch.wait = 2 * fetch.wait or 1.25 * rtt
                fetch.ask_at = now + (fetch.wait or 1.25 * rtt)
                asked += questions
        self.asked += len(asked)
        return asked

    def deadline(self) -> float | None:
        return min((fetch.ask_at for fetch in self._fetches), default=None)

    def _keep(self, room: int, seq: int, entry: Entry) -> None:
        for fetch in self._fetches:
            if fetch.wants(room, seq):
                fetch.entries[seq] = entry

    def _finished(self) -> list[Older]:
        done = [fetch for fetch in self._fetches if not fetch.missing()]
        self._fetches = [fetch for fetch in self._fetches if fetch.missing()]
        return [
            Older(f.room, f.first, f.count, dict(sorted(f.entries.items())), frozenset(f.gone))
            for f in done
        ]
