# SPDX-License-Identifier: MIT
"""Log-ins at chat-server and their ends: new keys, resumption, several programs of one person,
passwords, names, leaving, restarts."""
from __future__ import annotations

import dataclasses
import time

from support import Account, Case, Ended, Endpoint, Joined, Shown, State, frames, harness, parse

from bad_network import BadNetwork
from datagrams import Fini
from decoder import DOWN, UP
from events import Accepted


class LogIns(Case):
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
        known = first.session.rooms
        next_seq = known.landing_seq
        self.endpoints.remove(first)
        for number in range(20):
            bob.session.say(f"meanwhile {number} {'m' * 400}")
        self.settle(bob)
        second = self.online(
            server,
            first.session.account,
            rooms=known,
            outbox=first.session.outbox,
        )
        joined = self.joined(second)
        self.assertTrue(joined.epoch_known and joined.resumed)
        second.session.say("two")
        self.settle(second)
        self.sync(second, bob)
        self.assertEqual(second.events(Shown)[0].seq, next_seq)
        self.assert_ascending(second)
        self.assertEqual(len(self.texts(second, "bob")), 20)
        self.assertEqual(self.changes(bob), [(frames.JOIN, "alice")])
        self.assertEqual(second.events(Accepted)[0].msg_id, 3)
        first.close()

    def test_nine_programs_of_one_person(self) -> None:
        """Eight are at home; one more ends the one that was silent longest."""
        server = self.server()
        bob = self.online(server, "bob")
        account = Account.new("alice")
        programs = [self.online(server, account.another_program()) for _ in range(8)]
        self.quiet(0.2)
        for endpoint in (programs[0], *programs[2:]):
            self.transmit(endpoint, [frames.Ping()])
            self.quiet(0.05)
        ninth = self.online(server, account.another_program())
        self.assertFalse(self.joined(ninth).epoch_known)
        self.until(lambda: programs[1].session.state is State.ended, "the end of the second")
        self.assertEqual(programs[1].events(Ended), [Ended(8, "closed")])
        ninth.session.say("still here")
        self.settle(ninth)
        self.sync(ninth, bob, programs[0], *programs[2:])
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
            self.assertEqual(other.room, first.room)
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
        self.kill(server)
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
