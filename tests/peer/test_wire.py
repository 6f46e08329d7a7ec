# SPDX-License-Identifier: MIT
"""chat-server and what comes from no honest client: strangers, replays, forgeries, frames that are
not exactly as docs/PROTOCOL.md has them, other addresses, altered handshakes."""
from __future__ import annotations

import os
import time

from support import QUIET, Case, Data, Endpoint, State, frames, harness, is_data, parse

import noise
from datagrams import NO_COOKIE, Fini, Init, Refuse, Resp, Retry
from decoder import DOWN, UP
from events import Accepted, Account
from session import Session


def first_init() -> bytes:
    public = noise.public_key(os.urandom(32))
    return Init(7, os.urandom(8), NO_COOKIE, public + bytes(16)).encode()


class Strangers(Case):
    def test_retry_for_each_init_and_nothing_else(self) -> None:
        server = self.server()
        stranger = self.stranger(server)
        init = first_init()
        for _ in range(3):
            stranger.send(init)
        answers = self.answers(stranger)
        self.assertEqual([len(answer) for answer in answers], [48] * 3)
        for answer in answers:
            retry = parse(answer)
            assert isinstance(retry, Retry)
            self.assertEqual((retry.server_flags, retry.client_sid, retry.versions), (0, 7, 2))
            self.assertEqual(retry.client_nonce, init[8:16])

    def test_no_answer(self) -> None:
        server = self.server()
        stranger = self.stranger(server)
        init = first_init()
        for data in (
            init[:1199],
            init + b"\0",
            init[:1] + b"\2" + init[2:],
            b"\xf7" + init[1:],
            b"\xff" + init[1:],
            Retry(0, 7, bytes(8), bytes(24), 2).encode(),
            Resp(7, 8, bytes(128)).encode(),
            Fini(8, bytes(8), bytes(224), bytes(16)).encode(),
            Refuse(1, 7, bytes(8), bytes(16)).encode(),
            Data(0, 1 << 31 | 77, 0, bytes(32)).encode(),
            Data(0, 77, 0, os.urandom(1184)).encode(),
            b"",
            b"\xfc",
            *(bytes([0xF8 + kind]) * size for kind in range(7) for size in (1, 24, 47, 1201)),
        ):
            stranger.send(data)
        self.assertEqual(self.answers(stranger), [])

    def test_cookie_of_another_address(self) -> None:
        server = self.server()
        alice = self.online(server, "alice")
        proof = [data for data in alice.sent() if isinstance(parse(data), Init)][-1]
        stranger = self.stranger(server)
        stranger.send(proof)
        answers = [parse(answer) for answer in self.answers(stranger)]
        self.assertTrue(all(isinstance(answer, Retry) for answer in answers), answers)
        self.assertLessEqual(len(answers), 1)

    def test_everything_again_from_another_address(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        alice.session.say("once")
        self.settle(alice)
        self.sync(alice, bob)
        before = len(alice.recording)
        stranger = self.stranger(server)
        sent = alice.sent()
        for data in sent:
            stranger.send(data)
        answers = self.answers(stranger)
        inits = [data for data in sent if isinstance(parse(data), Init)]
        self.assertLessEqual(len(answers), len(inits))
        self.assertEqual({type(parse(answer)) for answer in answers} - {Retry}, set())
        self.sync(alice, bob)
        self.assertEqual(self.texts(bob).count("once"), 1)
        down = [data for way, data in alice.recording[before:] if way == DOWN]
        self.assertTrue(all(is_data(data) for data in down))


class Forgeries(Case):
    def test_everything_again_from_the_same_address(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        for text in ("once", "twice", "长" * 2000):
            alice.session.say(text)
        self.settle(alice)
        self.sync(alice, bob)
        for data in alice.sent():
            alice.transmit(data)
        self.sync(alice, bob)
        for endpoint in (alice, bob):
            self.assertEqual(self.texts(endpoint)[:3], ["once", "twice", "长" * 2000])
            self.assertEqual(len(self.texts(endpoint)), 5)
            self.assert_ascending(endpoint)
        self.assertEqual(self.changes(alice), [(frames.JOIN, "bob")])

    def test_one_bit(self) -> None:
        """Whichever bit is another one, the datagram does nothing."""
        server = self.server()
        alice = self.online(server, "alice")
        self.decode_at_end = False  # a changed sid may be one of an earlier start: RESET
        self.sync(alice)
        channel = alice.session.current
        assert channel is not None
        good = channel.seal([frames.Msg(1, 2, 0, 1, b"forged")], time.monotonic())
        for offset in range(len(good)):
            for bit in (1, 128):
                forged = bytearray(good)
                forged[offset] ^= bit
                alice.transmit(bytes(forged))
        self.quiet(0.2)
        self.assertEqual(len(self.texts(alice)), 1)
        alice.recording.append((UP, good))
        alice.transmit(good)
        self.until(lambda: len(self.texts(alice)) == 2, "the good one")

    def test_frames_that_are_not_exactly_right(self) -> None:
        """A good message is in each of them; it must be ignored together with the rest."""
        server = self.server()
        alice = self.online(server, "alice")
        self.decode_at_end = False
        good = frames.encode_frame(frames.Msg(1, 1, 0, 1, b"must not be stored"))
        wrong = {
            "a length beyond the end": b"\x01\xff\xff",
            "PING with a body": b"\x01\x01\0\0",
            "PKT_ACK too short": b"\x02\x13\0" + bytes(19),
            "PKT_ACK too long": b"\x02\x15\0" + bytes(21),
            "rubbish behind the end": b"\0\0\0\x01",
            "GONE from a client": frames.encode_frame(frames.Gone(1, 1, 1)),
            "WELCOME from a client": b"\x50\0\0",
            "MSG 0": frames.encode_frame(frames.Msg(1, 0, 0, 1, b"x")),
            "MSG without parts": frames.encode_frame(frames.Msg(1, 2, 0, 0, b"x")),
            "MSG of nine parts": frames.encode_frame(frames.Msg(1, 2, 8, 9, b"x")),
            "MSG, a part behind the last": frames.encode_frame(frames.Msg(1, 2, 1, 1, b"x")),
            "MSG, a short part that is not the last": frames.encode_frame(
                frames.Msg(1, 2, 0, 2, b"x" * 500)
            ),
            "MSG without text": frames.encode_frame(frames.Msg(1, 2, 0, 1, b"")),
            "ROOM_ACK, 33 gaps": frames.encode_frame(
                frames.RoomAck(1, 1, 1, tuple(frames.Gap(n, 1) for n in range(33)))
            ),
            "ROOM_ACK, fewer gaps than it says": b"\x22\x0f\0" + bytes(14) + b"\x01",
            "ROOM_ACK, a gap of nothing": frames.encode_frame(
                frames.RoomAck(1, 1, 1, (frames.Gap(0, 0),))
            ),
            "ROOM_ACK, parts of two": frames.encode_frame(
                frames.RoomAck(1, 1, 1, (frames.Gap(0, 2, 1),))
            ),
            "MEMBERS_WANTED, a long name": b"\x30\x26\0" + bytes(4) + b"\x21" + b"x" * 33,
            "MEMBERS_WANTED, more than the name": b"\x30\x07\0" + bytes(4) + b"\x01xx",
            "PATH_RESPONSE of 7": b"\x41\x07\0" + bytes(7),
            "PATH_RESPONSE of 9": b"\x41\x09\0" + bytes(9),
            "CLOSE of 4": b"\x51\x04\0\x01" + bytes(3),
            "CLOSE with the code of a kick": frames.encode_frame(frames.Close(2)),
        }
        for title, bad in wrong.items():
            for title_of_order, plain in (("before", bad + good), ("behind", good + bad)):
                self.seal_raw(alice, plain)
                self.sync_ping(alice)
                with self.subTest(f"{title}, {title_of_order} it"):
                    self.assertEqual(self.texts(alice), [])
        self.assertIs(alice.session.state, State.online)
        self.seal_raw(alice, frames.encode_frame(frames.Unknown(0x7E, b"later")) + good)
        self.until(lambda: self.texts(alice), "what stands beside an unknown frame")

    def seal_raw(self, endpoint: Endpoint, plain: bytes) -> None:
        channel = endpoint.session.current
        assert channel is not None
        padded = plain.ljust(-(-len(plain) // 16) * 16, b"\0")
        data = Data(channel.ts(time.monotonic()), channel.keys.server_sid, channel.counter, b"")
        sealed = noise.seal(channel.keys.client, channel.counter, data.header(), padded)
        channel.counter += 1
        endpoint.transmit(data.header() + sealed)

    def sync_ping(self, endpoint: Endpoint) -> None:
        """The server has seen all up to here."""
        channel = endpoint.session.current
        assert channel is not None
        self.transmit(endpoint, [frames.Ping()])
        held, target = channel, channel.counter - 1
        self.until(lambda: held.peer_largest >= target, "PKT_ACK")

    def test_unusable_texts(self) -> None:
        server = self.server()
        alice = self.online(server, "alice")
        for text in (b"tab\there", b"\xff\xfe", b"bell\x07", b"\xe2\x80\xae", b"cr\r\nlf"):
            msg_id = alice.session.outbox.say(text)
            self.settle(alice)
            results = {a.msg_id: a.status for a in alice.events(Accepted)}
            self.assertEqual(results[msg_id], 1, text)
        alice.session.say("usable")
        self.settle(alice)
        self.sync(alice)
        self.assertEqual(self.texts(alice)[0], "usable")


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
