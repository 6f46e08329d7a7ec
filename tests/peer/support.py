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
from endpoint import Endpoint, run_for, run_until  # noqa: E402
from events import Account, Ended, Entered, Joined, Shown, State, Who  # noqa: E402
from inbox import Missing  # noqa: E402
from outbox import Outbox  # noqa: E402
from rooms import LOBBY, OwnRooms  # noqa: E402
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
        room: str = "",
        rooms: OwnRooms | None = None,
        outbox: Outbox | None = None,
    ) -> Endpoint:
        """A peer that has begun to log in."""
        account = name if isinstance(name, Account) else Account.new(name, password, room)
        session = Session(account, time.monotonic(), rooms=rooms, outbox=outbox)
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

    def texts(self, endpoint: Endpoint, author: str = "", room: int = 0) -> list[str]:
        """Of all rooms, or of one."""
        shown = [event for event in endpoint.events(Shown) if room in (0, event.room)]
        messages = [event for event in shown if event.entry.kind == frames.MESSAGE]
        return [event.text for event in messages if author in ("", event.name)]

    def changes(self, endpoint: Endpoint, room: int = LOBBY) -> list[tuple[int, str]]:
        """Joins and leaves."""
        shown = [event for event in endpoint.events(Shown) if event.room == room]
        changes = (frames.JOIN, frames.LEAVE)
        return [(e.entry.kind, e.name) for e in shown if e.entry.kind in changes]

    def numbers(self, endpoint: Endpoint, room: int) -> list[int]:
        return [event.seq for event in endpoint.events(Shown) if event.room == room]

    def assert_ascending(self, endpoint: Endpoint) -> None:
        """In no room an entry is missing, or comes twice."""
        self.assertEqual(endpoint.events(Missing), [])
        for room in {event.room for event in endpoint.events(Shown)}:
            seqs = self.numbers(endpoint, room)
            self.assertEqual(seqs, list(range(seqs[0], seqs[0] + len(seqs))), room)

    def sync(self, *endpoints: Endpoint, room: int = 0) -> None:
        """All of them have shown all that was said before: a marker of one reaches everybody."""
        marker = f"marker {time.monotonic_ns()}"
        endpoints[0].session.say(marker, room)
        seen = lambda: all(marker in self.texts(e) for e in endpoints)  # noqa: E731
        self.until(seen, "the marker")

    def enter(self, endpoint: Endpoint, name: str, kind: int = frames.NAMED) -> int:
        """The number of a room, or of a conversation, in which he is then."""
        rooms = endpoint.session.rooms
        endpoint.session.chat.join(name, time.monotonic(), kind)
        self.until(lambda: rooms.find(name, kind), f"ROOM {name}")
        return rooms.find(name, kind)

    def part(self, endpoint: Endpoint, room: int) -> None:
        endpoint.session.chat.part(room, time.monotonic())
        self.until(lambda: room not in endpoint.session.rooms, f"PARTED {room}")

    def kill(self, server: Server) -> None:
        """As if the machine had lost its power; its children end by themselves, and give the port
        back."""
        children = self.living_children(server)
        server.popen.kill()
        server.wait()
        for child in children:
            self.wait_gone(child.pid, 5)

    def members(self, endpoint: Endpoint, room: int = LOBBY) -> dict[str, int]:
        before = len(endpoint.events(Who))
        endpoint.session.chat.ask_members(room, time.monotonic())
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
    "Account", "Case", "Data", "Ended", "Endpoint", "Entered", "Joined", "LOBBY", "Missing",
    "Outbox", "OwnRooms", "QUIET", "Server", "Session", "Shown", "State", "UP", "Who", "frames",
    "harness", "is_data", "parse",
]
