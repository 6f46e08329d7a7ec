# SPDX-License-Identifier: MIT
"""An implementation made from docs/PROTOCOL.md alone talks with chat-server: conversations on good
and on bad networks, members, keys, resumption, leaving."""
from __future__ import annotations

import dataclasses
import random
import time

from support import (
    Account, Case, Ended, Endpoint, Inbox, Joined, Shown, State, frames, harness,
)

import keys
from datagrams import Fini, parse
from decoder import DOWN, UP
from events import Accepted

TEXTS = [
    "short",
    "two\nlines",
    "你好，世界",
    "🙂 e\u0301",
    "x" * 1100,
    "y" * 1151,
    "z" * 1152,
    "长" * 2000,
    "line\n" * 1000 + "last",
    "w" * 8192,
]


class BadNetwork:
    """A filter that loses, repeats and holds back; the seed makes it the same each time."""

    def __init__(self, seed: int, lose: float = 0.0, repeat: float = 0.0, hold: float = 0.0):
        self._random = random.Random(seed)
        self._lose, self._repeat, self._hold = lose, repeat, hold
        self._held: list[bytes] = []

    def __call__(self, data: bytes) -> list[bytes]:
        out = [] if self._random.random() < self._lose else [data]
        if self._random.random() < self._repeat:
            out *= 3
        if self._random.random() < self._hold:
            self._held += out
            return []
        out += self._held
        self._held = []
        return out


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
        self.assertGreater(alice.session.inbox.asked + bob.session.inbox.asked, 0)

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


class Log_ins(Case):
    def joined(self, endpoint: Endpoint) -> Joined:
        return endpoint.events(Joined)[-1]

    def test_rekey_in_the_middle_of_it(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        bob.receive_filter = BadNetwork(5, lose=0.1)
        for turn in range(4):
            for number in range(10):
                for endpoint in (alice, bob):
                    endpoint.session.say(f"{endpoint.session.account.name} {turn} {number}")
            alice.session.rekey(time.monotonic())
            bob.session.rekey(time.monotonic())
            self.until(
                lambda: all(e.session.handshake is None for e in (alice, bob)), "the new keys"
            )
        self.settle(alice, bob)
        self.sync(alice, bob)
        for endpoint in (alice, bob):
            self.assertEqual([j.rekeyed for j in endpoint.events(Joined)], [False] + [True] * 4)
            self.assert_ascending(endpoint)
            self.assertEqual(len(self.texts(endpoint)), 81)
        self.assertEqual(self.changes(alice), [(frames.JOIN, "bob")])
        attempts = alice.decode().attempts
        sids = [attempt.server_sid for attempt in attempts]
        payloads = [attempt.fini_payload for attempt in attempts]
        self.assertEqual([p.prev_server_sid for p in payloads if p], [0, *sids[:-1]])
        self.assertEqual(len(set(sids)), 5)
        self.assertEqual(len({sid & 0xFF for sid in sids}), 1, "the server's start count")

    def test_the_previous_key_is_still_good(self) -> None:
        server = self.server()
        alice = self.online(server, "alice")
        old = alice.session.current
        assert old is not None
        alice.session.rekey(time.monotonic())
        self.until(lambda: alice.session.handshake is None, "the new key")
        data = old.seal([frames.Msg(1, 1, 0, 1, b"by the old key")], time.monotonic())
        alice.recording.append((UP, data))
        alice.transmit(data)
        self.until(lambda: self.texts(alice) == ["by the old key"], "the message")

    def test_resumption(self) -> None:
        """The program has lost its session, but not what it knew."""
        server = self.server()
        bob = self.online(server, "bob")
        first = self.online(server, "alice")
        first.session.say("one")
        self.settle(first)
        self.sync(first, bob)
        known = first.session.inbox
        self.endpoints.remove(first)
        for number in range(20):
            bob.session.say(f"meanwhile {number} {'m' * 400}")
        self.settle(bob)
        second = self.online(
            server,
            first.session.account,
            inbox=Inbox(known.log_epoch, known.next_seq, known.next_seq),
            outbox=first.session.outbox,
        )
        joined = self.joined(second)
        self.assertTrue(joined.epoch_known and joined.resumed)
        self.assertEqual(joined.next_seq, known.next_seq)
        second.session.say("two")
        self.settle(second)
        self.sync(second, bob)
        self.assertEqual(second.events(Shown)[0].seq, known.next_seq)
        self.assert_ascending(second)
        self.assertEqual(len(self.texts(second, "bob")), 20)
        self.assertEqual(self.changes(bob), [(frames.JOIN, "alice")])
        self.assertEqual(second.events(Accepted)[0].msg_id, 3)
        first.close()

    def test_another_start_replaces(self) -> None:
        server = self.server()
        bob = self.online(server, "bob")
        first = self.online(server, "alice")
        account = dataclasses.replace(first.session.account, epoch=keys.random_epoch())
        second = self.online(server, account)
        self.until(lambda: first.session.state is State.ended, "the end of the first")
        self.assertEqual(first.events(Ended), [Ended(8, "closed")])
        self.assertFalse(self.joined(second).epoch_known)
        second.session.say("still here")
        self.settle(second)
        self.sync(second, bob)
        self.assertEqual(self.changes(bob), [(frames.JOIN, "alice")])
        self.assertIn("still here", self.texts(bob, "alice"))

    def test_fini_three_times(self) -> None:
        server = self.server()
        bob = self.online(server, "bob")
        alice = self.endpoint(server, "alice")
        alice.send_filter = lambda data: [data] * (3 if isinstance(parse(data), Fini) else 1)
        self.until(lambda: alice.session.state is State.online, "the log-in")
        self.quiet(0.2)
        fini = next(data for data in alice.sent() if isinstance(parse(data), Fini))
        welcomes = len(alice.decode().of(DOWN, frames.Welcome))
        alice.transmit(fini)
        again = lambda: len(alice.decode().of(DOWN, frames.Welcome)) > welcomes  # noqa: E731
        self.until(again, "WELCOME again")
        self.sync(alice, bob)
        self.assertEqual(self.changes(bob), [(frames.JOIN, "alice")])
        first, *others = alice.decode().of(DOWN, frames.Welcome)
        for other in others:
            self.assertEqual(other.next_seq, first.next_seq)
            self.assertEqual(other.reset_token, first.reset_token)

    def test_password(self) -> None:
        file = self.folder / "password"
        file.write_text("open sesame\n")
        server = self.server("--password-file", str(file))
        wrong = Ended(0, "wrong password")
        self.assertEqual(self.refused(server, "alice", password="guess"), wrong)
        self.assertEqual(self.refused(server, "alice"), wrong)
        refusals = [data for way, data in self.endpoints[0].recording if data[0] == 0xFE]
        refused = self.endpoints[0]
        refused.transmit(next(d for d in refused.sent() if isinstance(parse(d), Fini)))
        self.quiet()
        again = [data for way, data in refused.recording if data[0] == 0xFE]
        self.assertEqual(again, [refusals[0]] * (len(refusals) + 1))
        alice = self.online(server, "alice", password="open sesame")
        self.sync(alice)

    def test_names(self) -> None:
        server = self.server()
        owner = self.online(server, "alice")
        self.assertEqual(self.refused(server, "alice").code, 4)
        self.assertEqual(self.refused(server, "ALICE").code, 4)
        self.leave(owner)
        self.assertEqual(self.refused(server, "alice").code, 4)
        self.peer(server, "oldtimer")
        self.assertEqual(self.refused(server, "oldtimer").code, 5)
        self.assertEqual(self.refused(server, "admin").code, 5)
        for unusable in ("", "two words", "tab\t", "\u200b"):
            with self.subTest(repr(unusable)):
                self.assertEqual(self.refused(server, unusable).code, 6)
        self.online(server, owner.session.account)

    def test_eight_names_for_a_key(self) -> None:
        server = self.server()
        account = Account.new("name-0")
        for number in range(8):
            self.leave(self.online(server, dataclasses.replace(account, name=f"name-{number}")))
        ninth = dataclasses.replace(account, name="name-8")
        self.assertEqual(self.refused(server, ninth).code, 9)
        self.online(server, dataclasses.replace(account, name="name-3"))


class Ends(Case):
    def test_close_is_answered_again(self) -> None:
        server = self.server()
        alice = self.online(server, "alice")
        self.leave(alice)
        closes = len(alice.decode().of(DOWN, frames.Close))
        before = len(alice.recording)
        for _ in range(3):
            self.transmit(alice, [frames.Ping()])
        done = lambda: len(alice.decode().of(DOWN, frames.Close)) == closes + 3  # noqa: E731
        self.until(done, "CLOSE for each")
        self.quiet()
        down = [data for way, data in alice.recording[before:] if way == DOWN]
        self.assertEqual(len(down), 3)

    def test_lost_close(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        self.sync(alice, bob)
        lost: list[bytes] = []

        def lose_two(data: bytes) -> list[bytes]:
            lost.append(data)
            return [] if len(lost) <= 2 else [data]

        alice.send_filter = lose_two
        self.leave(alice)
        self.until(lambda: (frames.LEAVE, "alice") in self.changes(bob), "the leaving")

    def test_kicked(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        self.control(server, "kick", "alice")
        self.until(lambda: alice.session.state is State.ended, "the end")
        self.assertEqual(alice.events(Ended), [Ended(2, "closed")])
        self.until(lambda: (frames.LEAVE, "alice") in self.changes(bob), "the leaving")

    def test_stopping(self) -> None:
        server = self.server()
        alice = self.online(server, "alice")
        server.popen.terminate()
        self.until(lambda: alice.session.state is State.ended, "the end")
        self.assertEqual(alice.events(Ended), [Ended(3, "closed")])
        self.assertEqual(server.wait(), 0)

    def test_reset_after_a_restart(self) -> None:
        data = str(self.folder / "kept")
        server = self.server(data=data)
        alice = self.online(server, "alice")
        alice.session.say("before")
        self.settle(alice)
        self.sync(alice)
        assert alice.session.current is not None
        sid = alice.session.current.keys.server_sid
        children = self.living_children(server)
        server.popen.kill()
        server.wait()
        for child in children:  # they end by themselves, and give the port back
            self.wait_gone(child.pid, 5)
        again = self.server(data=data, port=server.port)
        self.assertEqual(again.key, server.key)
        alice.session.say("after")
        self.until(lambda: alice.session.resets == 1, "RESET")
        self.until(lambda: len(alice.events(Joined)) == 2, "the new log-in")
        self.settle(alice)
        self.until(lambda: "after" in self.texts(alice), "the message")
        new = alice.session.current.keys.server_sid
        self.assertEqual((new - sid) & 0xFF, 1, "the start count in the sid")
        self.assertEqual(self.texts(alice).count("after"), 1)


if __name__ == "__main__":
    harness.main()
