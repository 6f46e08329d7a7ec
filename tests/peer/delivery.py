# SPDX-License-Identifier: MIT
"""Delivery as docs/PROTOCOL.md, section 5, has it, the client's part without keys and sockets:
Inbox brings the entries of the room into order and asks for what is missing; Outbox holds what was
said until the server has stored it.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from frames import (
    GAPS_MAX,
    PARTS_MAX,
    PLAIN_MAX,
    Entry,
    EventPart,
    Events,
    Gap,
    Gone,
    Malformed,
    Msg,
    MsgAck,
    Result,
    RoomAck,
    encode_frame,
    split_parts,
)

ROOM = 1
WAITING_MAX = 1024
UNDER_WAY_MAX = 32


@dataclass(frozen=True)
class Missing:
    """Entries that can no longer be had, both included."""

    first: int
    last: int


@dataclass
class Inbox:
    """`next_seq`: everything before it has been shown. `end`: one more than the highest known."""

    log_epoch: int = 0
    next_seq: int = 0
    end: int = 0
    credit: int = WAITING_MAX
    asked: int = 0  # how many times entries were asked for
    _waiting: dict[int, Entry] = field(default_factory=dict)
    _parts: dict[int, dict[int, bytes]] = field(default_factory=dict)
    _gone: list[Missing] = field(default_factory=list)
    _ask_at: dict[int, float] = field(default_factory=dict)

    def begin(self, log_epoch: int, next_seq: int) -> Missing | None:
        """After WELCOME. What lies between where this side was and next_seq is not to be had."""
        same_log = log_epoch == self.log_epoch and self.next_seq > 0
        if same_log and next_seq <= self.next_seq:
            return None
        skipped = Missing(self.next_seq, next_seq - 1) if same_log else None
        self.log_epoch, self.next_seq, self.end = log_epoch, next_seq, next_seq
        self._waiting.clear()
        self._parts.clear()
        self._ask_at.clear()
        self._gone.clear()
        return skipped

    def know_end(self, end: int) -> None:
        self.end = max(self.end, end)

    def on_events(self, frame: Events) -> None:
        for seq, entry in enumerate(frame.entries, frame.first_seq):
            self._keep(seq, entry)

    def on_part(self, frame: EventPart, now: float, rtt: float) -> None:
        self.know_end(frame.seq + 1)
        if not self._wanted(frame.seq):
            return
        have = self._parts.setdefault(frame.seq, {})
        have[frame.part] = frame.data
        self._ask_at[frame.seq] = now + rtt / 8
        if len(have) == frame.parts:
            try:
                entry = Entry.parse(b"".join(have[part] for part in range(frame.parts)))
            except (Malformed, KeyError):
                del self._parts[frame.seq]
                return
            self._keep(frame.seq, entry)

    def on_gone(self, frame: Gone) -> None:
        self.know_end(frame.last + 1)
        self._gone.append(Missing(frame.first, frame.last))

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
            shown.append(Missing(self.next_seq, last))
            self._advance(last + 1)

    def ack(self, now: float, rtt: float) -> RoomAck:
        """How far it is, and the gaps whose time has come."""
        due = [seq for seq in self._missing(now, rtt) if self._ask_at[seq] <= now]
        gaps: list[Gap] = []
        for seq in due:
            have = sum(1 << part for part in self._parts.get(seq, ()))
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
        return RoomAck(ROOM, self.next_seq, self.credit, tuple(gaps))

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
            self._parts.pop(seq, None)
            self._ask_at.pop(seq, None)

    def _advance(self, next_seq: int) -> None:
        self.next_seq = next_seq
        self._gone = [gone for gone in self._gone if gone.last >= next_seq]
        self._parts = {seq: have for seq, have in self._parts.items() if seq >= next_seq}
        self._ask_at = {seq: time for seq, time in self._ask_at.items() if seq >= next_seq}


@dataclass
class _Message:
    parts: list[bytes]
    have: int = 0
    sent: dict[int, int] = field(default_factory=dict)  # part -> counter of the last datagram
    suspect: set[int] = field(default_factory=set)  # parts missing one acknowledgement ago
    ever_sent: bool = False


@dataclass
class Outbox:
    """What was said. Numbers go up from `first_id` without a hole."""

    first_id: int = 1  # the oldest that is not acknowledged
    _queue: list[_Message] = field(default_factory=list)

    def say(self, text: bytes) -> int:
        parts = split_parts(text)
        if not 0 < len(parts) <= PARTS_MAX:
            raise ValueError("a text has 1 to 8192 bytes")
        self._queue.append(_Message(parts))
        return self.first_id + len(self._queue) - 1

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @property
    def has_unsent(self) -> bool:
        return any(part not in message.sent for message, part, _ in self._units())

    @property
    def has_sent(self) -> bool:
        return any(message.ever_sent for message in self._queue)

    def mark_lost(self) -> None:
        for message in self._queue:
            message.sent.clear()

    def on_progress(self, largest: int, probed: bool) -> None:
        """MSG_ACK came with a PKT_ACK of `largest`. A part of a datagram up to there that the
        server still does not have was lost if that was so one acknowledgement ago, or after a
        probe."""
        for message, part, _ in self._units():
            if message.sent.get(part, largest + 1) > largest:
                continue
            if probed or part in message.suspect:
                del message.sent[part]
                message.suspect.discard(part)
            else:
                message.suspect.add(part)

    def fill(self, counter: int, space: int = PLAIN_MAX) -> list[Msg]:
        """The next datagram: from the oldest on if that reaches what has not been sent, else from
        the oldest that has not been sent."""
        units = list(self._units())
        first_unsent = next((i for i, (m, part, _) in enumerate(units) if part not in m.sent), 0)
        chosen = self._fitting(units, space)
        if len(chosen) <= first_unsent:
            chosen = self._fitting(units[first_unsent:], space)
        return self._mark_sent(chosen, counter)

    def oldest(self, counter: int, space: int = PLAIN_MAX) -> list[Msg]:
        """A probe: from the oldest on, whether it has been sent or not."""
        return self._mark_sent(self._fitting(list(self._units()), space), counter)

    def _mark_sent(self, chosen: list[tuple[_Message, int, Msg]], counter: int) -> list[Msg]:
        for message, part, _ in chosen:
            message.sent[part] = counter
            message.suspect.discard(part)
            message.ever_sent = True
        return [msg for _, _, msg in chosen]

    def on_ack(self, ack: MsgAck) -> list[Result]:
        """The results that are news."""
        news = [result for result in ack.results if result.msg_id >= self.first_id]
        for result in news:
            if not self._queue or result.msg_id != self.first_id:
                break
            self._queue.pop(0)
            self.first_id += 1
        if self._queue and ack.next_msg_id == self.first_id:
            self._queue[0].have |= ack.have
        return [result for result in news if result.msg_id < self.first_id]

    @property
    def sent_end(self) -> int:
        """One more than the highest id that was ever sent."""
        sent = [number for number, message in enumerate(self._queue, 1) if message.ever_sent]
        return self.first_id + max(sent, default=0)

    def restart_numbers(self, first_id: int, keep_sent: bool) -> int:
        """The server does not know the epoch: ids go on, or begin again, at first_id. Returns how
        many messages are uncertain, and given up."""
        before = len(self._queue)
        if not keep_sent:
            self._queue = [message for message in self._queue if not message.ever_sent]
        for message in self._queue:
            message.have = 0
            message.sent.clear()
        self.first_id = first_id
        return before - len(self._queue)

    def _units(self) -> Iterable[tuple[_Message, int, Msg]]:
        for msg_id, message in enumerate(self._queue[:UNDER_WAY_MAX], self.first_id):
            for part, data in enumerate(message.parts):
                if not message.have >> part & 1:
                    yield message, part, Msg(ROOM, msg_id, part, len(message.parts), data)

    @staticmethod
    def _fitting(
        units: list[tuple[_Message, int, Msg]], space: int
    ) -> list[tuple[_Message, int, Msg]]:
        chosen: list[tuple[_Message, int, Msg]] = []
        for unit in units:
            space -= len(encode_frame(unit[2]))
            if space < 0:
                break
            chosen.append(unit)
        return chosen
