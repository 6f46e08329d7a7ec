# SPDX-License-Identifier: MIT
"""What was said, to whichever room, until the server has stored it: the client's part of
docs/PROTOCOL.md, section 5, without keys and sockets.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from frames import (
    MESSAGE,
    PARTS_MAX,
    PLAIN_MAX,
    TOPIC,
    TOPIC_MAX,
    Msg,
    MsgAck,
    Result,
    encode_frame,
    split_parts,
)

UNDER_WAY_MAX = 32


@dataclass
class _Message:
    room: int
    kind: int
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

    def say(self, room: int, text: bytes) -> int:
        parts = split_parts(text)
        if not 0 < len(parts) <= PARTS_MAX:
            raise ValueError("a text has 1 to 8192 bytes")
        return self._add(_Message(room, MESSAGE, parts))

    def set_topic(self, room: int, text: bytes) -> int:
        if len(text) > TOPIC_MAX:
            raise ValueError("a topic has at most 255 bytes")
        return self._add(_Message(room, TOPIC, [text]))

    def _add(self, message: _Message) -> int:
        self._queue.append(message)
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
        """A new session: what is not acknowledged goes out again. A server that has started again
        has none of the parts either."""
        for message in self._queue:
            message.have = 0
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
                    count = len(message.parts)
                    msg = Msg(message.room, msg_id, part, count, data, message.kind)
                    yield message, part, msg

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
