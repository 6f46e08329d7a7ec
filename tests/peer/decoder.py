# SPDX-License-Identifier: MIT
"""Looks at a recorded session with the client's secrets in hand, and checks every rule that can be
seen from outside: layouts, zeros, macs, repetitions, counters, frames, acknowledgements.

A recording is a list of (way, datagram) in the order in which one place on the way saw them, with
"up" for what the client sent; a datagram that was lost behind that place is in it. What is wrong
comes out as sentences in `problems`; nothing raises.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import datagrams
import frames
import noise
from attempts import Attempt, Attempts, Secrets
from content import Content
from datagrams import Data, Reset, stray_bytes
from frames import Frame
from keys import SessionKeys

UP, DOWN = "up", "down"
F = TypeVar("F")


@dataclass
class Way:
    """One direction of one session."""

    key: bytes
    sid: int  # of the receiver
    seen: dict[int, bytes] = field(default_factory=dict)
    ts: dict[int, int] = field(default_factory=dict)
    size: int = 0


@dataclass(frozen=True)
class Decoded:
    """One datagram that was opened."""

    way: str
    counter: int
    frames: tuple[Frame, ...]
    size: int


class Decoder:
    """Takes a recording datagram by datagram."""

    def __init__(self, secrets: Secrets) -> None:
        self.problems: list[str] = []
        self.decoded: list[Decoded] = []
        self.kinds: Counter[str] = Counter()
        self.unopened = 0
        self._content = Content(self._wrong)
        self._attempts = Attempts(secrets, self._wrong, self.add_keys, self._content.on_log)
        self._ways: dict[tuple[str, int], Way] = {}
        self._opposite: dict[tuple[str, int], Way] = {}
        self._number = 0

    @property
    def attempts(self) -> list[Attempt]:
        return self._attempts.all

    def run(self, recording: Iterable[tuple[str, bytes]]) -> Decoder:
        for way, data in recording:
            self.take(way, data)
        return self

    def add_keys(self, session_keys: SessionKeys) -> None:
        """For a recording that begins after the handshake."""
        up = Way(session_keys.client, session_keys.server_sid)
        down = Way(session_keys.server, session_keys.client_sid)
        self._ways[UP, up.sid], self._ways[DOWN, down.sid] = up, down
        self._opposite[UP, up.sid], self._opposite[DOWN, down.sid] = down, up

    def take(self, way: str, data: bytes) -> None:
        self._number += 1
        datagram = datagrams.parse(data)
        if datagram is None:
            self._wrong(f"no datagram: {len(data)} bytes, {data[:16].hex()}")
            return
        self.kinds[f"{way} {type(datagram).__name__}"] += 1
        if not datagrams.may_come_from(datagram, way == UP):
            self._wrong(f"{type(datagram).__name__} from the wrong side")
        elif isinstance(datagram, Data):
            self._data(way, datagram, data)
        elif stray_bytes(data, datagram):
            self._wrong(f"{type(datagram).__name__}: a field called zero is not")
        elif not isinstance(datagram, Reset):
            self._attempts.take(datagram, data)
        elif (UP, datagram.receiver_sid) not in self._ways:
            self._wrong("RESET for a sid that nobody used")

    def _wrong(self, what: str) -> None:
        self.problems.append(f"datagram {self._number}: {what}")

    def _data(self, way: str, data: Data, raw: bytes) -> None:
        where = self._ways.get((way, data.receiver_sid))
        if where is None:
            self.unopened += 1
            return
        if raw[1]:
            self._wrong("DATA: a field called zero is not")
        if data.counter in where.seen:
            if where.seen[data.counter] != raw:
                self._wrong(f"{way}: counter {data.counter} is used for two datagrams")
            return
        try:
            plain = noise.unseal(where.key, data.counter, data.header(), data.sealed)
        except noise.NoiseError:
            self.unopened += 1
            return
        where.seen[data.counter] = raw
        where.ts[data.counter] = data.ts
        where.size += len(raw)
        try:
            content = frames.decode(plain, from_client=way == UP)
        except frames.Malformed as error:
            self._wrong(f"{way}: frames: {error}: {plain.hex()}")
            return
        # More zeros than needed are the sender's business.
        if frames.encode(content).ljust(len(plain), b"\0") != plain:
            self._wrong(f"{way}: not the canonical form: {plain.hex()}")
        self.decoded.append(Decoded(way, data.counter, tuple(content), len(raw)))
        if way == DOWN:
            self._content.welcome(data.receiver_sid, content, self._attempts.of(data.receiver_sid))
        for frame in content:
            if isinstance(frame, frames.PktAck):
                self._pkt_ack(self._opposite[way, data.receiver_sid], frame)
            else:
                self._content.take(frame)

    def _pkt_ack(self, sent: Way, ack: frames.PktAck) -> None:
        if ack.largest not in sent.ts:
            self._wrong(f"PKT_ACK of {ack.largest}, which was not sent")
        elif sent.ts[ack.largest] != ack.echo_ts:
            self._wrong(f"PKT_ACK of {ack.largest} echoes another ts")
        if ack.count > min(len(sent.seen), ack.largest + 1) or ack.count == 0:
            self._wrong(f"PKT_ACK counts {ack.count} of {len(sent.seen)}")
        if not 48 * ack.count <= ack.size <= sent.size:
            self._wrong(f"PKT_ACK: {ack.size} bytes of {sent.size} in {ack.count} datagrams")

    # -- the end

    def finish(self) -> list[str]:
        """What can only be said of a whole recording: no counter was left out."""
        for (way, sid), where in self._ways.items():
            if where.seen and max(where.seen) + 1 != len(where.seen):
                self.problems.append(f"{way} {sid:08x}: {len(where.seen)} of {max(where.seen) + 1}")
        return self.problems

    def of(self, way: str, kind: type[F]) -> list[F]:
        """All frames of a kind that went one way."""
        return [f for d in self.decoded if d.way == way for f in d.frames if isinstance(f, kind)]
