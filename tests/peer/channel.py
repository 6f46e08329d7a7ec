# SPDX-License-Identifier: MIT
"""One pair of session keys in use by the client: seals, opens, counts, and owes acknowledgements.

The replay window is that of the client (docs/PROTOCOL.md, section 4); times are seconds of the
caller's clock. What must be ignored comes out as None.
"""
from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import frames
from datagrams import Data
from frames import Frame, PktAck
from keys import SessionKeys
from noise import NoiseError, seal, unseal

WINDOW = 4096
ACK_AT_ONCE = 8
DELAY_UNIT_S = 32e-6
COUNTER_END = 1 << 60


class ReplayWindow:
    """Which of the latest counters were there already."""

    def __init__(self, size: int = WINDOW) -> None:
        self.highest = -1
        self._size = size
        self._seen = 0  # bit i: counter highest - i

    def is_new(self, counter: int) -> bool:
        age = self.highest - counter
        return age < 0 or (age < self._size and not self._seen >> age & 1)

    def note(self, counter: int) -> None:
        if counter > self.highest:
            self._seen = self._seen << (counter - self.highest)
            self._seen &= (1 << self._size) - 1
            self.highest = counter
        self._seen |= 1 << (self.highest - counter)


@dataclass
class Sent:
    """One datagram that asks for an acknowledgement."""

    at: float
    has_msg: bool


@dataclass
class Received:
    """What PKT_ACK tells about this side's reception."""

    count: int = 0
    size: int = 0
    echo_ts: int = 0
    largest_at: float = 0.0
    owed: int = 0
    owed_since: float | None = None


@dataclass
class Channel:
    """The client's end. `ts_offset` is that of the session."""

    keys: SessionKeys
    ts_offset: int
    counter: int = 0
    window: ReplayWindow = field(default_factory=ReplayWindow)
    received: Received = field(default_factory=Received)
    in_flight: dict[int, Sent] = field(default_factory=dict)
    peer_largest: int = -1
    missing: int = 0  # according to the server's last PKT_ACK
    known_lost: int = 0  # how many of them have been taken for lost already
    ack_factor: float = 1.0
    forged: int = 0

    def ts(self, now: float) -> int:
        return (int(now * 1000) + self.ts_offset) & 0xFFFF

    def seal(self, content: Sequence[Frame], now: float) -> bytes:
        assert self.counter < COUNTER_END
        data = Data(self.ts(now), self.keys.server_sid, self.counter, b"")
        sealed = seal(self.keys.client, self.counter, data.header(), frames.encode(content))
        if frames.asks_for_ack(content):
            has_msg = any(isinstance(frame, frames.Msg) for frame in content)
            self.in_flight[self.counter] = Sent(now, has_msg)
        self.counter += 1
        return data.header() + sealed

    def open(self, data: Data, now: float) -> list[Frame] | None:
        if not self.window.is_new(data.counter):
            return None
        try:
            plain = unseal(self.keys.server, data.counter, data.header(), data.sealed)
        except NoiseError:
            self.forged += 1
            return None
        newest = data.counter > self.window.highest
        self.window.note(data.counter)
        received = self.received
        received.count += 1
        received.size += len(data.header()) + len(data.sealed)
        if newest:
            received.echo_ts = data.ts
            received.largest_at = now
        try:
            content = frames.decode(plain, from_client=False)
        except frames.Malformed:
            return None
        if frames.asks_for_ack(content):
            received.owed += 1
            if received.owed_since is None:
                received.owed_since = now
                self.ack_factor = random.uniform(0.5, 1.5)
        return content

    def ack_due(self, ack_delay: float) -> float | None:
        received = self.received
        if received.owed_since is None:
            return None
        if received.owed >= ACK_AT_ONCE:
            return received.owed_since
        return received.owed_since + ack_delay * self.ack_factor

    def take_ack(self, now: float) -> PktAck:
        received = self.received
        received.owed, received.owed_since = 0, None
        delay = min(0xFFFF, int((now - received.largest_at) / DELAY_UNIT_S))
        return PktAck(
            self.window.highest,
            received.echo_ts,
            delay,
            received.count & 0xFFFFFFFF,
            received.size & 0xFFFFFFFF,
        )

    def on_ack(self, ack: PktAck, now: float, probed: bool) -> tuple[float | None, bool]:
        """The RTT sample in seconds, if there is one, and whether something is lost for good."""
        if ack.largest >= self.counter or ack.largest < self.peer_largest:
            return None, False
        sample = None
        if ack.largest > self.peer_largest and ack.largest in self.in_flight:
            ms = (self.ts(now) - ack.echo_ts) & 0xFFFF
            sample = max(0.0, ms / 1000 - ack.delay * DELAY_UNIT_S)
        # Whichever are missing: they were missing one acknowledgement ago and are now.
        still = (ack.largest + 1 - ack.count) & 0xFFFFFFFF
        again = still if probed else min(still, self.missing)
        lost = ack.largest > self.peer_largest and again > self.known_lost
        self.known_lost = max(self.known_lost, again) if lost else min(self.known_lost, still)
        self.missing = still
        self.peer_largest = ack.largest
        for counter in [number for number in self.in_flight if number <= ack.largest]:
            del self.in_flight[counter]
        return sample, lost

    def unacked_for(self, now: float) -> float:
        """How long the oldest datagram that asks for an acknowledgement has had none."""
        return now - min((sent.at for sent in self.in_flight.values()), default=now)

    def messages_under_way(self) -> int:
        return sum(sent.has_msg for sent in self.in_flight.values())
