# SPDX-License-Identifier: MIT
"""What the tests of the peer against the fake server have in common: sessions in a simulated
network, everything that was sent checked by the decoder."""
from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import TypeVar

import frames
from events import Account, Shown, State
from fake_server import FakeServer
from network import Network
from session import Session

E = TypeVar("E")

HERE = ("192.0.2.1", 5000)
THERE = ("192.0.2.2", 6000)
ELSEWHERE = ("192.0.2.3", 7000)


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.server = FakeServer()
        self.network = Network(self.server)

    def join(
        self, name: str | Account = "alice", address: tuple[str, int] = HERE, room: str = ""
    ) -> Session:
        account = name if isinstance(name, Account) else Account.new(name, room=room)
        session = Session(account, self.network.now)
        self.network.add(address, session)
        self.until(lambda: session.state is State.online)
        return session

    def until(self, predicate: Callable[[], object], seconds: float = 60.0) -> None:
        self.assertTrue(self.network.run_until(predicate, seconds), "waited in vain")

    def of(self, session: Session, kind: type[E]) -> list[E]:
        return [event for event in session.events if isinstance(event, kind)]

    def texts(self, session: Session, room: int = 0) -> list[str]:
        """Of all rooms, or of one."""
        shown = (e for e in self.of(session, Shown) if room in (0, e.room))
        return [e.text for e in shown if e.entry.kind == frames.MESSAGE]

    def assert_clean(self, session: Session) -> None:
        decoder = self.network.decode(session)
        self.assertEqual(decoder.finish(), [])
        self.assertEqual(decoder.unopened, 0)

    def assert_ascending(self, session: Session) -> None:
        """In every room no entry is missing, and none comes twice."""
        shown = self.of(session, Shown)
        for room in {event.room for event in shown}:
            seqs = [event.seq for event in shown if event.room == room]
            self.assertEqual(seqs, list(range(seqs[0], seqs[0] + len(seqs))))

    def plain_frames(self, session: Session, way: str, kind: type[E]) -> list[E]:
        return self.network.decode(session).of(way, kind)
