# SPDX-License-Identifier: MIT
"""The peer by itself: its session against the fake server in a simulated network, everything that
was sent checked by the decoder."""
from __future__ import annotations

import dataclasses
import unittest

from simulated import ELSEWHERE, HERE, THERE, Case

import frames
import keys
from datagrams import Fini, Init, Reset, parse
from decoder import DOWN, UP
from events import Accepted, Account, Ended, Joined, Shown, State, Uncertain, Who
from fake_server import FakeServer
from inbox import Missing
from network import Network, Weather
from session import Session

TEXTS = ["short", "two\nlines\n", "你好，世界", "x" * 1150, "y" * 1151, "长" * 2000, "z" * 8192]


class Conversation(Case):
    def test_texts_of_all_lengths(self) -> None:
        alice, bob = self.join(), self.join("bob", THERE)
        for text in TEXTS:
            alice.say(text)
        self.until(lambda: len(self.texts(bob)) == len(TEXTS) and not alice.outbox.waiting)
        for session in (alice, bob):
            self.assertEqual(self.texts(session), TEXTS)
            self.assert_ascending(session)
            self.assert_clean(session)
        accepted = self.of(alice, Accepted)
        self.assertEqual([a.msg_id for a in accepted], list(range(1, len(TEXTS) + 1)))
        self.assertEqual({a.status for a in accepted}, {0})

    def test_bad_weather(self) -> None:
        for seed in range(5):
            with self.subTest(seed=seed):
                self.server = FakeServer()
                self.network = Network(self.server, seed)
                self.network.weather = Weather(0.02, jitter=0.05, loss=0.2, repeat=0.2)
                alice, bob = self.join(), self.join("bob", THERE)
                said = [f"{number}: {TEXTS[number % len(TEXTS)]}"[:8192] for number in range(40)]
                for text in said:
                    alice.say(text)
                self.until(lambda: len(self.texts(bob)) == 40 and not alice.outbox.waiting, 300)
                self.network.run_for(5)
                self.assertEqual(self.texts(bob), said)
                self.assertEqual(self.texts(alice), said)
                self.assert_clean(alice)
                self.assert_clean(bob)

    def test_at_most_four_datagrams_with_messages_under_way(self) -> None:
        alice = self.join()
        self.network.weather = Weather(loss=1)
        for text in TEXTS:
            alice.say(text)
        self.network.run_for(0.05)
        decoded = self.network.decode(alice).decoded
        carrying = [d for d in decoded if any(isinstance(f, frames.Msg) for f in d.frames)]
        self.assertEqual(len(carrying), 4)

    def test_members_in_pages(self) -> None:
        sessions = [self.join(f"m{n}", ("192.0.2.9", 100 + n)) for n in range(5)]
        sessions[0].chat.ask_members(1, self.network.now)
        self.until(lambda: self.of(sessions[0], Who))
        who = self.of(sessions[0], Who)[0]
        self.assertEqual(sorted(who.members), [f"m{n}" for n in range(5)])
        self.assert_clean(sessions[0])

    def test_gone(self) -> None:
        alice = self.join()
        before = alice.inbox.next_seq
        self.network.weather = Weather(loss=1)
        for number in range(10):
            self.server.announce(f"lost {number}".encode(), self.network.now)
        self.network.weather = Weather()
        self.server.lobby.tail = before + 7
        alice.ping()
        self.until(lambda: alice.inbox.next_seq == before + 10)
        self.assertEqual(self.of(alice, Missing), [Missing(1, before, before + 6)])

    def test_leave(self) -> None:
        alice, bob = self.join(), self.join("bob", THERE)
        alice.quit(self.network.now)
        self.until(lambda: alice.state is State.ended)
        self.assertEqual(self.of(alice, Ended), [Ended(1, "closed")])
        self.until(lambda: any(e.entry.kind == frames.LEAVE for e in self.of(bob, Shown)))

    def test_leave_without_an_answer(self) -> None:
        alice = self.join()
        self.network.weather = Weather(loss=1)
        start = self.network.now
        alice.quit(start)
        before = self.datagrams_sent(alice)
        self.until(lambda: alice.state is State.ended)
        self.assertEqual(self.datagrams_sent(alice) - before, 4)

    def datagrams_sent(self, session: Session) -> int:
        return [way for way, _ in self.network.recordings[id(session)]].count(UP)


class Keys(Case):
    def test_rekey_loses_nothing(self) -> None:
        self.network.weather = Weather(jitter=0.03, loss=0.1)
        alice = self.join()
        for round_number in range(4):
            alice.rekey(self.network.now)
            for number in range(10):
                alice.say(f"{round_number} {number}")
            self.until(lambda: not alice.outbox.waiting and alice.handshake is None)
        joined = self.of(alice, Joined)
        self.assertEqual([j.rekeyed for j in joined], [False] + [True] * 4)
        self.until(lambda: len(self.texts(alice)) == 40)
        self.assert_ascending(alice)
        self.assert_clean(alice)
        joins = [e for e in self.server.lobby.log.values() if e.kind == frames.JOIN]
        self.assertEqual(len(joins), 1)
        finis = [a.fini_payload for a in self.network.decode(alice).attempts]
        sids = [a.server_sid for a in self.network.decode(alice).attempts]
        self.assertEqual([f.prev_server_sid for f in finis if f], [0, *sids[:-1]])

    def test_password(self) -> None:
        self.server = FakeServer("open sesame")
        self.network = Network(self.server)
        for password, good in (("open sesame", True), ("guess", False), (None, False)):
            session = Session(Account.new("alice", password), self.network.now)
            self.network.add(HERE, session)
            self.until(lambda: session.state is not State.asking)
            self.assertEqual(session.state is State.online, good, session.events)
            self.assert_clean(session)
            if good:
                session.quit(self.network.now)
                self.until(lambda: session.state is State.ended)
            else:
                self.assertEqual(self.of(session, Ended), [Ended(0, "wrong password")])

    def test_forged_refusal_is_ignored(self) -> None:
        self.server = FakeServer("open sesame")
        self.network = Network(self.server)
        session = Session(Account.new("alice", "guess"), self.network.now)
        self.network.add(HERE, session)
        self.until(lambda: session.login.pending is not None)
        init = parse(self.network.recordings[id(session)][0][1])
        assert isinstance(init, Init)
        forged = b"\xfe\x01\x01\0" + init.encode()[4:16] + bytes(16)
        session.receive(forged, self.network.now)
        self.assertIs(session.state, State.asking)

    def test_another_server_key_ends_before_fini(self) -> None:
        session = Session(Account.new("alice"), self.network.now, trusts=lambda key: False)
        self.network.add(HERE, session)
        self.until(lambda: session.state is State.ended)
        self.network.run_for(5)
        sent = [parse(data) for way, data in self.network.recordings[id(session)] if way == UP]
        self.assertFalse(any(isinstance(datagram, Fini) for datagram in sent))

    def test_reset(self) -> None:
        alice = self.join()
        assert alice.current is not None
        forged = Reset(alice.current.keys.server_sid, bytes(16))
        alice.receive(forged.encode(), self.network.now)
        self.assertIsNone(alice.handshake)
        self.server.restart()
        alice.say("after the restart")
        self.until(lambda: len(self.of(alice, Joined)) == 2)
        self.until(lambda: not alice.outbox.waiting)
        self.until(lambda: self.texts(alice))
        self.assertEqual(alice.resets, 1)
        self.assertEqual(self.texts(alice), ["after the restart"])
        self.assert_clean(alice)

    def test_uncertain(self) -> None:
        """The log is the same, the server has forgotten what it took of whom."""
        alice = self.join()
        alice.say("certain")
        self.until(lambda: not alice.outbox.waiting)
        self.network.weather = Weather(loss=1)
        for number in range(3):
            alice.say(f"uncertain {number}")
        self.network.run_for(0.1)
        self.server.restart()
        self.server.forget_epochs()
        self.network.weather = Weather()
        self.until(lambda: self.of(alice, Uncertain))
        self.assertEqual(self.of(alice, Uncertain), [Uncertain(3)])
        self.assertEqual(alice.say("certain again"), 1 + 33)
        self.until(lambda: len(self.texts(alice)) == 2 and not alice.outbox.waiting)
        self.assertEqual(self.texts(alice), ["certain", "certain again"])
        self.assert_clean(alice)

    def test_another_log(self) -> None:
        alice = self.join()
        self.network.weather = Weather(loss=1)
        for number in range(3):
            alice.say(f"again {number}")
        self.network.run_for(0.1)
        self.server.lose_everything(log_epoch=8)
        self.network.weather = Weather()
        self.until(lambda: len(self.texts(alice)) == 3 and not alice.outbox.waiting)
        self.assertEqual([a.msg_id for a in self.of(alice, Accepted)], [1, 2, 3])
        self.assert_clean(alice)

    def test_repetitions_change_nothing(self) -> None:
        alice, bob = self.join(), self.join("bob", THERE)
        alice.say("once")
        self.until(lambda: self.texts(bob) == ["once"] and not alice.outbox.waiting)
        for way, data in list(self.network.recordings[id(alice)]):
            if way == UP:
                self.network.inject(HERE, data)
            else:
                alice.receive(data, self.network.now)
        self.network.run_for(3)
        self.assertEqual(self.texts(alice), ["once"])
        self.assertEqual(self.texts(bob), ["once"])
        self.assertEqual(self.server.lobby.head, 4)


class Path(Case):
    def test_challenge_and_response(self) -> None:
        alice = self.join()
        self.network.move(alice, ELSEWHERE)
        alice.say("from elsewhere")
        self.until(lambda: self.texts(alice) == ["from elsewhere"])
        self.assertGreater(alice.challenges, 0)
        challenges = self.plain_frames(alice, DOWN, frames.PathChallenge)
        responses = self.plain_frames(alice, UP, frames.PathResponse)
        self.assertLessEqual({r.data for r in responses}, {c.data for c in challenges})


class Derivations(unittest.TestCase):
    def test_known_answers(self) -> None:
        """Calculated once with other tools: argon2(1), sha256sum and base32."""
        server_static = bytes([1]) * 32
        self.assertEqual(
            keys.password_key("open sesame", server_static).hex(),
            "67de3919c8f926b6f058384ec3b9a5425706f39bb7798eb22576602780cb1976",
        )
        self.assertEqual(keys.fingerprint(server_static), "olgw5bbcyqd7w3ijq2ip")

    def test_accounts_differ(self) -> None:
        first, second = Account.new("a"), Account.new("a")
        self.assertNotEqual(first.static, second.static)
        self.assertNotEqual(first.epoch, second.epoch)
        self.assertEqual(dataclasses.replace(first, name="b").static, first.static)


if __name__ == "__main__":
    unittest.main(verbosity=2)
