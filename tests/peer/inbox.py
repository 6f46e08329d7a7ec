# SPDX-License-Identifier: MIT
"""The entries of one room as docs/PROTOCOL.md, section 5, has it, the client's part without keys
and sockets: Inbox brings them into order and asks for what is missing.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from frames import GAPS_MAX, Entry, EventPart, Events, Gap, Gone, RoomAck
from parts import Parts

WAITING_MAX = 1024


@dataclass(frozen=True)
class Missing:
    """Entries that can no longer be had, both included."""

    room: int
    first: int
    last: int


@dataclass
class Inbox:
    """`next_seq`: everything before it has been shown. `end`: one more than the highest that was sent."""

    room: int
    next_seq: int
    end: int
    credit: int = WAITING_MAX
    asked: int = 0  # how many times entries were asked for
    began: int = field(init=False)  # what is below is history
    _waiting: dict[int, Entry] = field(default_factory=dict)
    _parts: Parts = field(default_factory=Parts)
    _gone: list[Missing] = field(default_factory=list)
    _ask_at: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.began = self.next_seq

    def know_end(self, end: int) -> None:
        self.end = max(self.end, end)

    def on_events(self, frame: Events) -> None:
        for seq, entry in enumerate(frame.entries, frame.first_seq):
            self._keep(seq, entry)

    def on_part(self, frame: EventPart, now: float, rtt: float) -> None:
        self.know_end(frame.seq + 1)
        if not self._wanted(frame.seq):
            return
        self._ask_at[frame.seq] = now + rtt / 8
        entry = self._parts.take(frame)
        if entry is not None:
            self._keep(frame.seq, entry)

    def on_gone(self, frame: Gone) -> None:
        self.know_end(frame.last + 1)
        self._gone.append(Missing(self.room, frame.first, frame.last))

    def take(self) -> list[tuple[int, Entry] | Missing]:
        """What can be shown now, ascending."""
        shown: list[tuple[int, Entry] | Missing] = []
        while True:
            entry = self._waiting.pop(self.next_seq, None)
            if entry is not None:
                shown.append((self.next_seq, entry))
                self._advance(self.next_seq + 1)
                continue
            gone = next((g for g in self._gone if g.first <= self.next_seq <= g.last), None)
            if gone is None:
                return shown
            last = min([gone.last + 1, *(seq for seq in self._waiting if seq <= gone.last)]) - 1
            shown.append(Missing(self.room, self.next_seq, last))
            self._advance(last + 1)

    def ack(self, now: float, rtt: float, with_gaps: bool = True) -> RoomAck:
        """How far it is, and the gaps whose time has come."""
        missing = self._missing(now, rtt) if with_gaps else []
        due = [seq for seq in missing if self._ask_at[seq] <= now]
        gaps: list[Gap] = []
        for seq in due:
            have = self._parts.have(seq)
            offset = seq - self.next_seq
            last = gaps[-1] if gaps else None
            if last and not have and not last.have and last.offset + last.count == offset:
                gaps[-1] = Gap(last.offset, last.count + 1)
            elif len(gaps) < GAPS_MAX:
                gaps.append(Gap(offset, 1, have))
            else:
                break
            self._ask_at[seq] = now + 1.25 * rtt
            self.asked += 1
        return RoomAck(self.room, self.next_seq, self.credit, tuple(gaps))

    def gap_due(self, now: float, rtt: float) -> float | None:
        return min((self._ask_at[seq] for seq in self._missing(now, rtt)), default=None)

    def _missing(self, now: float, rtt: float) -> list[int]:
        end = min(self.end, self.next_seq + WAITING_MAX)
        missing = [
            seq
            for seq in range(self.next_seq, end)
            if seq not in self._waiting and not any(g.first <= seq <= g.last for g in self._gone)
        ]
        for seq in missing:
            self._ask_at.setdefault(seq, now + rtt / 8)
        return missing

    def _wanted(self, seq: int) -> bool:
        near = self.next_seq <= seq < self.next_seq + WAITING_MAX
        return near and seq not in self._waiting

    def _keep(self, seq: int, entry: Entry) -> None:
        self.know_end(seq + 1)
        if self._wanted(seq):
            self._waiting[seq] = entry
            self._parts.forget(seq)
            self._ask_at.pop(seq, None)

    def _advance(self, next_seq: int) -> None:
        self.next_seq = next_seq
        self._gone = [gone for gone in self._gone if gone.last >= next_seq]
        self._parts.forget_below(next_seq)
        self._ask_at = {seq: time for seq, time in self._ask_at.items() if seq >= next_seq}
