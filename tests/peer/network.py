# SPDX-License-Identifier: MIT
"""A network in memory with a clock of its own, for sessions and the fake server. A seed decides
what is lost, repeated and late, so a failure can be had again.
"""
from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass

from attempts import Secrets
from decoder import DOWN, UP, Decoder
from fake_server import FakeServer
from fake_service import Address
from session import Session

TICK_MIN = 0.0005


@dataclass
class Weather:
    """Chances are of one datagram, times in seconds."""

    delay: float = 0.010
    jitter: float = 0.0
    loss: float = 0.0
    repeat: float = 0.0


class Network:
    def __init__(self, server: FakeServer, seed: int = 1) -> None:
        self.now = 1000.0
        self.server = server
        self.weather = Weather()
        self.recordings: dict[int, list[tuple[str, bytes]]] = {}
        self.clients: dict[Address, Session] = {}
        self._kept: list[Session] = []  # or another one could get the same id
        self._random = random.Random(seed)
        random.seed(seed)  # what the sessions throw dice for, except for keys
        self._queue: list[tuple[float, int, bool, Address, bytes]] = []
        self._serial = 0

    def add(self, address: Address, session: Session) -> Session:
        self.clients[address] = session
        self._kept.append(session)
        self.recordings.setdefault(id(session), [])
        return session

    def move(self, session: Session, address: Address) -> None:
        """The client sends from elsewhere; what comes to where it was is lost."""
        self.clients = {old: s for old, s in self.clients.items() if s is not session}
        self.clients[address] = session

    def inject(self, source: Address, data: bytes) -> None:
        self._send(True, source, data)

    def run_until(self, predicate: Callable[[], object], seconds: float = 60.0) -> bool:
        end = self.now + seconds
        while not predicate():
            if self.now >= end:
                return False
            self._step(end)
        return True

    def run_for(self, seconds: float) -> None:
        self.run_until(lambda: False, seconds)

    def decode(self, session: Session) -> Decoder:
        account = session.account
        secrets = Secrets(account.static, session.ephemerals, account.password)
        return Decoder(secrets).run(self.recordings[id(session)])

    def _step(self, end: float) -> None:
        for address, session in list(self.clients.items()):
            for data in session.poll(self.now):
                self.recordings[id(session)].append((UP, data))
                self._send(True, address, data)
        self.deliver(self.server.poll(self.now))
        times = [self._queue[0][0]] if self._queue else []
        due = (session.deadline(self.now) for session in self.clients.values())
        times += [time for time in due if time is not None]
        times.append(self.now + 0.25)  # the fake server's probes
        self.now = min(end, max(self.now + TICK_MIN, min(times)))
        while self._queue and self._queue[0][0] <= self.now:
            _, _, up, address, data = heapq.heappop(self._queue)
            if up:
                self.deliver(self.server.receive(address, data, self.now))
            elif address in self.clients:
                self.clients[address].receive(data, self.now)

    def deliver(self, out: list[tuple[Address, bytes]]) -> None:
        for address, data in out:
            if address in self.clients:
                self.recordings[id(self.clients[address])].append((DOWN, data))
            self._send(False, address, data)

    def _send(self, up: bool, address: Address, data: bytes) -> None:
        weather = self.weather
        if self._random.random() < weather.loss:
            return
        for _ in range(2 if self._random.random() < weather.repeat else 1):
            self._serial += 1
            when = self.now + weather.delay + self._random.random() * weather.jitter
            heapq.heappush(self._queue, (when, self._serial, up, address, data))
