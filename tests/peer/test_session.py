# SPDX-License-Identifier: MIT
"""An implementation made from docs/PROTOCOL.md alone talks with chat-server: conversations on good
and on bad networks, with members of all kinds."""
from __future__ import annotations

from support import Case, Endpoint, Shown, State, frames, harness

from bad_network import BadNetwork
from decoder import DOWN, UP
from events import Accepted

TEXTS = [
    "short",
    "two\nlines",
    "你好，世界",
    "🙂 e\u0301",
    "x" * 1100,
    "y" * 1150,
    "z" * 1151,
    "长" * 2000,
    "line\n" * 1000 + "last",
    "w" * 8192,
]


class Conversation(Case):
    def test_texts_of_all_lengths(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "鲍勃")
        for text in TEXTS:
            alice.session.say(text)
        bob.session.say("回答")
        self.settle(alice, bob)
        self.sync(alice, bob)
        for endpoint in (alice, bob):
            self.assertEqual(self.texts(endpoint, "alice")[:-1], TEXTS)
            self.assertEqual(self.texts(endpoint, "鲍勃"), ["回答"])
            self.assert_ascending(endpoint)
        accepted = alice.events(Accepted)
        self.assertEqual([a.msg_id for a in accepted], list(range(1, len(TEXTS) + 2)))
        own = [e.seq for e in alice.events(Shown) if e.name == "alice"]
        self.assertEqual([a.seq for a in accepted], [s for s in own])
        decoded = alice.decode()
        self.assertTrue(any(f.parts == 8 for f in decoded.of(UP, frames.Msg)))
        self.assertTrue(any(f.parts == 8 for f in decoded.of(DOWN, frames.EventPart)))

    def test_joins_and_leaves(self) -> None:
        server = self.server()
        alice = self.online(server, "alice")
        bob = self.online(server, "bob")
        self.sync(alice, bob)
        self.leave(bob)
        self.until(lambda: len(self.changes(alice)) == 2, "bob's leaving")
        self.assertEqual(self.changes(alice), [(frames.JOIN, "bob"), (frames.LEAVE, "bob")])
        self.assertEqual(self.changes(bob), [])

    def test_beside_the_plain_text_protocol(self) -> None:
        server = self.server()
        alice = self.online(server, "alice")
        old = self.peer(server, "oldtimer")
        old.say("from the past")
        self.until(lambda: "from the past" in self.texts(alice, "oldtimer"), "his message")
        alice.session.say("to the past\nin two lines")
        self.settle(alice)
        self.assertEqual(self.changes(alice), [(frames.JOIN, "oldtimer")])
        flags = {e.name: e.entry.flags for e in alice.events(Shown)}
        self.assertEqual(flags["oldtimer"], frames.ENTRY_CLASSIC)
        self.assertIn("alice 说: to the past in two lines".encode(), old.receive())
        self.assertEqual(self.members(alice), {"alice": 0, "oldtimer": frames.ENTRY_CLASSIC})

    def test_announcement(self) -> None:
        server = self.server()
        alice = self.online(server, "alice")
        self.announce(server, "各位")
        self.until(lambda: alice.events(Shown), "the announcement")
        entry = alice.events(Shown)[0].entry
        self.assertEqual((entry.kind, entry.name), (frames.ANNOUNCEMENT, b""))
        self.assertEqual(entry.text.decode(), "各位")

    def test_members_on_several_pages(self) -> None:
        server = self.server()
        names = [f"member-{number:02}-{'x' * 22}" for number in range(40)]
        everybody = [self.online(server, name) for name in names]
        self.assertEqual(self.members(everybody[0]), {name: 0 for name in names})
        pages = everybody[0].decode().of(DOWN, frames.Members)
        self.assertGreater(len(pages), 1)
        for endpoint in everybody[20:]:
            self.leave(endpoint)
        self.assertEqual(sorted(self.members(everybody[0])), names[:20])


class BadWays(Case):
    def talk(self, seed: int, **how: float) -> tuple[Endpoint, Endpoint]:
        """40 messages each way between two that both have a bad connection."""
        server = self.server()
        pair = (self.endpoint(server, "alice"), self.endpoint(server, "bob"))
        for number, endpoint in enumerate(pair):
            endpoint.send_filter = BadNetwork(seed + 2 * number, **how)
            endpoint.receive_filter = BadNetwork(seed + 2 * number + 1, **how)
        self.until(lambda: all(e.session.state is State.online for e in pair), "the log-ins")
        said: dict[str, list[str]] = {e.session.account.name: [] for e in pair}
        for number in range(40):
            for endpoint in pair:
                name = endpoint.session.account.name
                text = f"{number} {TEXTS[number % len(TEXTS)]}"[:2500]
                said[name].append(text)
                endpoint.session.say(text)
        self.settle(*pair)
        self.sync(*pair)
        for endpoint in pair:
            self.assert_ascending(endpoint)
            for name, texts in said.items():
                seen = [text for text in self.texts(endpoint, name) if "marker" not in text]
                self.assertEqual(seen, texts if endpoint in pair[:1] else texts[-len(seen) :])
        return pair

    def test_repeated(self) -> None:
        self.talk(1, repeat=0.5)

    def test_out_of_order(self) -> None:
        self.talk(2, hold=0.3)

    def test_lost(self) -> None:
        alice, bob = self.talk(3, lose=0.2)
        self.assertGreater(alice.session.rooms.asked + bob.session.rooms.asked, 0)

    def test_all_of_it(self) -> None:
        self.talk(4, lose=0.15, repeat=0.15, hold=0.15)

    def test_the_last_entry_is_probed_for(self) -> None:
        """Nothing comes after it that could show the gap."""
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        self.sync(alice, bob)
        lost: list[bytes] = []

        def lose(data: bytes) -> list[bytes]:
            lost.append(data)
            return [] if len(lost) <= 3 else [data]

        bob.receive_filter = lose
        alice.session.say("the last word")
        self.until(lambda: "the last word" in self.texts(bob), "the last entry")
        self.assertGreater(len(lost), 3)

    def test_no_credit_no_entries(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        self.sync(alice, bob)
        self.quiet(0.2)
        next_seq = bob.session.inbox.next_seq
        bob.session.inbox.credit = 0
        self.transmit(bob, [frames.RoomAck(1, next_seq, 0)])
        self.quiet(0.2)
        before = len(bob.recording)
        for number in range(5):
            alice.session.say(f"held back {number}")
        self.settle(alice)
        self.quiet(0.3)
        late = [way for way, _ in bob.recording[before:]]
        self.assertNotIn("held back 0", self.texts(bob), late)
        bob.session.inbox.credit = 1024
        self.transmit(bob, [frames.RoomAck(1, next_seq, 1024)])
        self.until(lambda: "held back 4" in self.texts(bob), "what was held back")
        self.assert_ascending(bob)


if __name__ == "__main__":
    harness.main()
