# SPDX-License-Identifier: MIT
"""What the tests of the peer against chat-server have in common. Servers are started as the
end-to-end tests start them (tests/e2e/harness.py); whatever a peer recorded is decoded at the end
of each test, and no rule of the protocol may have been broken by either side.
"""
from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import harness  # noqa: E402
from program import Server  # noqa: E402
from waiting import LONG, PATIENCE  # noqa: E402

import frames  # noqa: E402
from datagrams import Data, parse  # noqa: E402
from decoder import UP  # noqa: E402
from delivery import Inbox, Missing, Outbox  # noqa: E402
from endpoint import Endpoint, run_for, run_until  # noqa: E402
from events import Account, Ended, Joined, Shown, State, Who  # noqa: E402
from session import Session  # noqa: E402

QUIET = 0.6  # seconds; longer than any answer takes that should not come


class Case(harness.Case):
    def setUp(self) -> None:
        super().setUp()
        self.endpoints: list[Endpoint] = []
        self.decode_at_end = True

    def tearDown(self) -> None:
        for endpoint in self.endpoints:
            endpoint.receive_all()
            endpoint.close()
        if self.decode_at_end:
            for endpoint in self.endpoints:
                decoder = endpoint.decode()
                self.assertEqual(decoder.finish(), [], endpoint.session.account.name)
                self.assertEqual(decoder.unopened, 0)

    # -- peers

    def endpoint(
        self,
        server: Server,
        name: str | Account,
        password: str | None = None,
        inbox: Inbox | None = None,
        outbox: Outbox | None = None,
    ) -> Endpoint:
        """A peer that has begun to log in."""
        account = name if isinstance(name, Account) else Account.new(name, password)
        session = Session(account, time.monotonic(), inbox=inbox, outbox=outbox)
        endpoint = Endpoint(session, server.address)
        self.endpoints.append(endpoint)
        return endpoint

    def online(self, server: Server, name: str | Account, **more: object) -> Endpoint:
        endpoint = self.endpoint(server, name, **more)  # type: ignore[arg-type]
        self.until(lambda: endpoint.session.state is State.online, "the log-in")
        return endpoint

    def refused(self, server: Server, name: str | Account, **more: object) -> Ended:
        """How a log-in ends that has to fail."""
        endpoint = self.endpoint(server, name, **more)  # type: ignore[arg-type]
        self.until(lambda: endpoint.session.state is not State.asking, "a refusal")
        self.assertIs(endpoint.session.state, State.ended)
        return endpoint.events(Ended)[0]

    def leave(self, endpoint: Endpoint) -> None:
        endpoint.session.quit(time.monotonic())
        self.until(lambda: endpoint.session.state is State.ended, "the end")
        self.assertEqual(endpoint.events(Ended)[-1], Ended(1, "closed"))

    def until(self, predicate: Callable[[], object], what: str, seconds: float = LONG) -> None:
        if not run_until(self.endpoints, predicate, seconds * PATIENCE):
            events = {e.session.account.name: e.session.events[-5:] for e in self.endpoints}
            self.fail(f"waited {seconds * PATIENCE:g} s for {what}; last events: {events}")

    def quiet(self, seconds: float = QUIET) -> None:
        """Goes on, to see that something does not happen."""
        run_for(self.endpoints, seconds)

    def settle(self, *endpoints: Endpoint) -> None:
        """Everything said is stored."""
        done = lambda: all(not e.session.outbox.waiting for e in endpoints)  # noqa: E731
        self.until(done, "all messages to be stored", 4 * LONG)

    # -- what they saw

    def texts(self, endpoint: Endpoint, author: str = "") -> list[str]:
        shown = endpoint.events(Shown)
        messages = [event for event in shown if event.entry.kind == frames.MESSAGE]
        return [event.text for event in messages if author in ("", event.name)]

    def changes(self, endpoint: Endpoint) -> list[tuple[int, str]]:
        """Joins and leaves."""
        shown = endpoint.events(Shown)
        changes = (frames.JOIN, frames.LEAVE)
        return [(e.entry.kind, e.name) for e in shown if e.entry.kind in changes]

    def assert_ascending(self, endpoint: Endpoint) -> None:
        """No entry is missing, none comes twice."""
        self.assertEqual(endpoint.events(Missing), [])
        seqs = [event.seq for event in endpoint.events(Shown)]
        self.assertEqual(seqs, list(range(seqs[0], seqs[0] + len(seqs))))

    def sync(self, *endpoints: Endpoint) -> None:
        """All of them have shown all that was said before: a marker of one reaches everybody."""
        marker = f"marker {time.monotonic_ns()}"
        endpoints[0].session.say(marker)
        seen = lambda: all(marker in self.texts(e) for e in endpoints)  # noqa: E731
        self.until(seen, "the marker")

    def members(self, endpoint: Endpoint) -> dict[str, int]:
        before = len(endpoint.events(Who))
        endpoint.session.ask_members(time.monotonic())
        self.until(lambda: len(endpoint.events(Who)) > before, "the members")
        return endpoint.events(Who)[-1].members

    # -- by hand

    def transmit(self, endpoint: Endpoint, content: list[frames.Frame]) -> bytes:
        """One datagram of the current session past its state."""
        channel = endpoint.session.current
        assert channel is not None
        data = channel.seal(content, time.monotonic())
        endpoint.recording.append((UP, data))
        endpoint.transmit(data)
        return data

    def stranger(self, server: Server) -> socket.socket:
        """A socket of nobody."""
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(opened.close)
        opened.connect(server.address)
        opened.settimeout(QUIET * PATIENCE)
        return opened

    def answers(self, stranger: socket.socket) -> list[bytes]:
        """Everything that comes to it until nothing comes for a while."""
        received: list[bytes] = []
        while True:
            try:
                received.append(stranger.recv(65536))
            except (TimeoutError, ConnectionRefusedError):
                return received


def is_data(data: bytes) -> bool:
    return isinstance(parse(data), Data)


__all__ = [
    "Account", "Case", "Data", "Ended", "Endpoint", "Inbox", "Joined", "Missing", "Outbox",
    "Server", "Session", "Shown", "State", "UP", "Who", "frames", "harness", "is_data", "parse",
]
