# SPDX-License-Identifier: MIT
"""chat-server and clients that move: other addresses, altered and repeated handshakes."""
from __future__ import annotations

import os
import time

from support import QUIET, Account, Case, Data, Session, State, frames, harness, parse

from datagrams import Fini, Init, Resp, Retry
from decoder import DOWN


class Addresses(Case):
    def test_another_port(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        self.sync(alice, bob)
        self.quiet(0.2)
        before = len(alice.recording)
        alice.change_port()
        alice.session.say("from another port")
        self.until(lambda: "from another port" in self.texts(bob), "the message")
        bob.session.say("to another port")
        self.until(lambda: "to another port" in self.texts(alice), "the answer")
        self.assertGreater(alice.session.challenges, 0)
        self.quiet(0.2)
        strays = len(alice.strays)
        bob.session.say("and only there")
        self.until(lambda: "and only there" in self.texts(alice), "the second answer")
        self.assertEqual(len(alice.strays), strays)
        self.assert_ascending(alice)
        self.assertGreater(len(alice.recording), before)

    def test_nothing_but_challenges_before_the_answer(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        self.sync(alice, bob)
        self.quiet(0.2)
        alice.session.answers_challenges = False
        alice.change_port()
        new: list[bytes] = []

        def note(data: bytes) -> list[bytes]:
            new.append(data)
            return [data]

        alice.receive_filter = note
        sent = len(alice.sent())
        alice.session.say("from another port")
        for number in range(5):
            bob.session.say(f"to the old port {number}")
        self.settle(bob)
        self.quiet()
        self.assertGreater(len(alice.strays), 0, "the old address is still the session's")
        self.assertGreater(len(new), 0)
        self.assertEqual({len(data) for data in new}, {48})
        self.assertLessEqual(len(new), len(alice.sent()) - sent)
        channel = alice.session.current
        assert channel is not None
        decoded = {d.counter: d.frames for d in alice.decode().decoded if d.way == DOWN}
        for data in new:
            parsed = parse(data)
            assert isinstance(parsed, Data)
            (frame,) = decoded[parsed.counter]
            self.assertIsInstance(frame, frames.PathChallenge)
        alice.session.answers_challenges = True
        alice.session.say("now with an answer")
        self.until(lambda: "now with an answer" in self.texts(alice), "the move")
        self.assert_ascending(alice)

    def test_a_slow_way_is_proved_while_much_is_sent(self) -> None:
        """Answers take longer than the time between two challenges."""
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        self.sync(alice, bob)
        self.quiet(0.2)
        on_the_way: list[tuple[float, bytes]] = []

        def delay(data: bytes) -> list[bytes]:
            on_the_way.append((time.monotonic() + 0.35, data))
            return []

        def arrived() -> bool:
            while on_the_way and on_the_way[0][0] <= time.monotonic():
                alice.session.receive(on_the_way.pop(0)[1], time.monotonic())
            alice.session.ping()
            return "to another port" in self.texts(alice)

        alice.receive_filter = delay
        alice.change_port()
        alice.session.ping()
        bob.session.say("to another port")
        self.until(arrived, "the move")

    def test_wrong_response(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        self.sync(alice, bob)
        alice.session.answers_challenges = False
        alice.change_port()
        for _ in range(5):
            self.transmit(alice, [frames.PathResponse(os.urandom(8))])
        self.quiet(0.2)
        bob.session.say("to the old port")
        self.settle(bob)
        self.quiet(0.2)
        self.assertNotIn("to the old port", self.texts(alice))
        alice.session.answers_challenges = True
        alice.session.ping()
        self.until(lambda: "to the old port" in self.texts(alice), "the move")


class Handshakes(Case):
    def test_altered_retry(self) -> None:
        """Flags or versions that the server did not send: Noise message 1 does not open."""
        server = self.server()
        for offset, bit in ((2, 1), (3, 1), (40, 4), (43, 128)):
            with self.subTest(offset=offset):
                alice = self.endpoint(server, f"alice{offset}", password="x")
                self.decode_at_end = False

                def alter(data: bytes, at: int = offset, flip: int = bit) -> list[bytes]:
                    if not isinstance(parse(data), Retry):
                        return [data]
                    return [data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]]

                alice.receive_filter = alter
                self.quiet(2 * QUIET)
                down = [type(parse(data)) for way, data in alice.recording if way == DOWN]
                self.assertIn(Retry, down)
                self.assertNotIn(Resp, down)

    def test_same_resp_again(self) -> None:
        server = self.server()
        alice = self.endpoint(server, "alice")
        alice.send_filter = lambda data: [data] * (3 if isinstance(parse(data), Init) else 1)
        self.until(lambda: alice.session.state is State.online, "the log-in")
        resps = {data for way, data in alice.recording if isinstance(parse(data), Resp)}
        self.assertEqual(len(resps), 1)

    def test_altered_server_sid(self) -> None:
        """Of the two in RESP the sealed one counts."""
        server = self.server()
        alice = self.endpoint(server, "alice")
        alice.receive_filter = lambda data: (
            [data[:8] + bytes(4) + data[12:]] if isinstance(parse(data), Resp) else [data]
        )
        self.until(lambda: alice.session.state is State.online, "the log-in")

    def test_fini_from_elsewhere(self) -> None:
        server = self.server()
        alice = self.endpoint(server, "alice")
        finis: list[bytes] = []

        def keep(data: bytes) -> list[bytes]:
            if isinstance(parse(data), Fini):
                finis.append(data)
                return []
            return [data]

        alice.send_filter = keep
        self.until(lambda: finis, "FINI")
        stranger = self.stranger(server)
        stranger.send(finis[0])
        self.assertEqual(self.answers(stranger), [])
        alice.send_filter = lambda data: [data]
        self.until(lambda: alice.session.state is State.online, "the log-in")

    def test_fini_with_another_mac(self) -> None:
        server = self.server()
        alice = self.endpoint(server, "alice")
        alice.send_filter = lambda data: (
            [data[:-1] + bytes([data[-1] ^ 1])] if isinstance(parse(data), Fini) else [data]
        )
        self.quiet(2 * QUIET)
        self.assertIs(alice.session.state, State.asking)
        down = [type(parse(data)) for way, data in alice.recording if way == DOWN]
        self.assertIn(Resp, down)
        self.assertEqual(set(down), {Retry, Resp})
        alice.send_filter = lambda data: [data]
        self.until(lambda: alice.session.state is State.online, "the log-in")

    def test_two_at_one_address(self) -> None:
        """One socket, two sessions: the sid tells them apart."""
        server = self.server()
        alice = self.endpoint(server, "alice")
        second = Session(Account.new("bob"), time.monotonic())

        def both(data: bytes) -> list[bytes]:
            second.receive(data, time.monotonic())
            for out in second.poll(time.monotonic()):
                alice.transmit(out)
            return [data]

        alice.receive_filter = both
        self.decode_at_end = False
        for out in second.poll(time.monotonic()):
            alice.transmit(out)
        self.until(lambda: second.state is State.online, "bob")
        self.until(lambda: alice.session.state is State.online, "alice")
        second.say("by the same socket")
        for out in second.poll(time.monotonic()):
            alice.transmit(out)
        self.until(lambda: self.texts(alice, "bob"), "the message")


if __name__ == "__main__":
    harness.main()
