# SPDX-License-Identifier: MIT
"""A session with a socket and the real clock, and a bad network in front of it.

Tests drive any number of endpoints from one thread with run_until(). Each records what it sent and
what reached it, before anything was dropped on purpose, for the decoder.
"""
from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from attempts import Secrets
from decoder import DOWN, UP, Decoder
from events import Event
from session import Session

PAUSE_MAX = 0.2
E = TypeVar("E")

Filter = Callable[[bytes], Sequence[bytes]]
"""What becomes of one datagram: () is lost, (d, d) repeated, ..."""


def let_pass(data: bytes) -> Sequence[bytes]:
    return (data,)


class Endpoint:
    """`send_filter` and `receive_filter` are the network's bad behaviour."""

    def __init__(self, session: Session, address: tuple[str, int]) -> None:
        self.session = session
        self.address = address
        self.recording: list[tuple[str, bytes]] = []
        self.strays: list[bytes] = []  # what reached a socket that was given up
        self.send_filter: Filter = let_pass
        self.receive_filter: Filter = let_pass
        self._old: list[socket.socket] = []
        self._socket = self._open()
        self._read = 0

    def _open(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_DGRAM)
        opened.connect(self.address)
        opened.setblocking(False)
        return opened

    def close(self) -> None:
        for each in (self._socket, *self._old):
            each.close()

    def change_port(self) -> None:
        """From now on it sends from, and hears at, another port; the old one stays open to see
        what still comes there."""
        self._old.append(self._socket)
        self._socket = self._open()

    def fileno(self) -> int:
        return self._socket.fileno()

    def transmit(self, data: bytes) -> None:
        """Past the filter; refused and unreachable is the same as lost."""
        try:
            self._socket.send(data)
        except OSError:
            pass

    def send_due(self) -> None:
        for data in self.session.poll(time.monotonic()):
            self.recording.append((UP, data))
            for passed in self.send_filter(data):
                self.transmit(passed)

    def receive_all(self) -> None:
        for data in _drain(self._socket):
            self.recording.append((DOWN, data))
            for passed in self.receive_filter(data):
                self.session.receive(passed, time.monotonic())
        for old in self._old:
            for data in _drain(old):
                self.recording.append((DOWN, data))
                self.strays.append(data)

    def deadline(self) -> float | None:
        return self.session.deadline(time.monotonic())

    def events(self, kind: type[E]) -> list[E]:
        """All events of a kind so far."""
        return [event for event in self.session.events if isinstance(event, kind)]

    def new_events(self) -> list[Event]:
        """Those since the last call."""
        fresh = self.session.events[self._read :]
        self._read += len(fresh)
        return fresh

    def sent(self) -> list[bytes]:
        return [data for way, data in self.recording if way == UP]

    def decode(self) -> Decoder:
        """The whole recording, with this side's secrets."""
        account = self.session.account
        secrets = Secrets(account.static, self.session.ephemerals, account.password)
        return Decoder(secrets).run(self.recording)


def _drain(source: socket.socket) -> list[bytes]:
    drained: list[bytes] = []
    while True:
        try:
            drained.append(source.recv(65536))
        except BlockingIOError:
            return drained
        except OSError:
            # An ICMP error of something sent before; what follows it is still there.
            continue


def step(endpoints: Sequence[Endpoint], until: float) -> None:
    """Sends what is due, waits for something to happen, takes what came."""
    for endpoint in endpoints:
        endpoint.send_due()
    now = time.monotonic()
    deadlines = [time for time in (e.deadline() for e in endpoints) if time is not None]
    pause = max(0.0, min([until - now, PAUSE_MAX, *(due - now for due in deadlines)]))
    select.select(endpoints, [], [], pause)
    for endpoint in endpoints:
        endpoint.receive_all()


def run_until(
    endpoints: Sequence[Endpoint], predicate: Callable[[], object], seconds: float
) -> bool:
    """Whether the predicate came true in time."""
    until = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() >= until:
            return False
        step(endpoints, until)
    return True


def run_for(endpoints: Sequence[Endpoint], seconds: float) -> None:
    run_until(endpoints, lambda: False, seconds)
