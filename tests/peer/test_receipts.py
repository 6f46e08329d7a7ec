# SPDX-License-Identifier: MIT
"""chat-server says who has seen what, as a peer made from docs/PROTOCOL.md alone hears it."""
from __future__ import annotations

import time

from support import LOBBY, Case, Endpoint, frames, harness

from bad_network import BadNetwork
from decoder import DOWN
from events import Accepted, SeenBy


class Receipts(Case):
    def seen(self, endpoint: Endpoint, room: int = LOBBY) -> dict[int, tuple[int, int]]:
        """The latest figures."""
        events = (e for e in endpoint.events(SeenBy) if e.room == room)
        return {event.seq: (event.seen, event.of) for event in events}

    def say(self, endpoint: Endpoint, text: str, room: int = 0) -> int:
        """The number that it gets."""
        endpoint.session.say(text, room)
        self.settle(endpoint)
        return endpoint.events(Accepted)[-1].seq

    def until_seen(
        self, endpoint: Endpoint, seq: int, seen: int, of: int, room: int = LOBBY
    ) -> None:
        good = lambda: self.seen(endpoint, room).get(seq) == (seen, of)  # noqa: E731
        self.until(good, f"{seen} of {of} for {seq}")

    def test_one_after_the_other(self) -> None:
        server = self.server()
        alice, bob, carol = (self.online(server, name) for name in ("alice", "bob", "carol"))
        self.sync(alice, bob, carol)
        self.quiet(0.2)
        bob.send_filter = carol.send_filter = lambda data: []
        seq = self.say(alice, "who has seen this?")
        self.quiet()
        self.assertIn(self.seen(alice).get(seq), (None, (0, 2)))
        bob.send_filter = lambda data: [data]
        self.until_seen(alice, seq, 1, 2)
        carol.send_filter = lambda data: [data]
        self.until_seen(alice, seq, 2, 2)
        figures = [event.seen for event in alice.events(SeenBy) if event.seq == seq]
        self.assertEqual(figures, sorted(figures))
        self.assertEqual(bob.events(SeenBy) + carol.events(SeenBy), [])

    def test_members_who_are_away_count(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        games = self.enter(alice, "games")
        self.enter(bob, "games")
        self.online(server, "eve")
        self.sync(alice, bob, room=games)
        self.leave(bob)
        seq = self.say(alice, "for bob", games)
        again = self.online(server, bob.session.account.another_program())
        self.until_seen(alice, seq, 1, 1, games)
        self.assertIn("for bob", self.texts(again))

    def test_each_person_once_and_each_program_hears(self) -> None:
        server = self.server()
        first, bob = self.online(server, "alice"), self.online(server, "bob")
        second = self.online(server, first.session.account.another_program())
        other_bob = self.online(server, bob.session.account.another_program())
        self.peer(server, "oldtimer")
        self.sync(first, second, bob, other_bob)
        seq = self.say(first, "how many?")
        for endpoint in (first, second):
            self.until_seen(endpoint, seq, 1, 1)

    def test_the_last_sixteen(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        self.sync(alice, bob)
        self.quiet(0.2)
        bob.send_filter = lambda data: []
        seqs = [self.say(alice, f"{number}") for number in range(20)]
        self.quiet(0.2)
        bob.send_filter = lambda data: [data]
        self.until_seen(alice, seqs[-1], 1, 1)
        self.quiet()
        self.assertLessEqual({self.seen(alice).get(seq) for seq in seqs[:4]}, {None, (0, 1)})
        self.assertEqual({self.seen(alice)[seq] for seq in seqs[4:]}, {(1, 1)})
        for frame in alice.decode().of(DOWN, frames.Seen):
            self.assertLessEqual(len(frame.receipts), frames.SEEN_MAX)

    def test_conversation(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        self.online(server, "eve")
        room = self.enter(alice, "bob", frames.CONVERSATION)
        seq = self.say(alice, "seen?", room)
        self.until_seen(alice, seq, 1, 1, room)
        back = self.say(bob, "yes", room)
        self.until_seen(bob, back, 1, 1, room)

    def test_not_too_often(self) -> None:
        """At most once a second and room, however much is said and read."""
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        self.sync(alice, bob)
        began = time.monotonic()
        for number in range(300):
            alice.session.say(f"{number}")
            self.quiet(0.005)
        self.settle(alice)
        self.sync(alice, bob)
        last = alice.events(Accepted)[-1].seq
        self.until_seen(alice, last, 1, 1)
        seconds = time.monotonic() - began
        self.assertLessEqual(len(alice.decode().of(DOWN, frames.Seen)), seconds + 2)

    def test_lost_ones_come_again(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        self.sync(alice, bob)
        alice.receive_filter = BadNetwork(21, lose=0.5)
        for number in range(5):
            seq = self.say(alice, f"{number}")
            self.until_seen(alice, seq, 1, 1)


if __name__ == "__main__":
    harness.main()
