# SPDX-License-Identifier: MIT
"""chat-server and what comes from no honest client: strangers, replays, forgeries, frames that are
not exactly as docs/PROTOCOL.md has them."""
from __future__ import annotations

import os
import time

from support import Case, Data, Endpoint, State, frames, harness, is_data, parse

import noise
from datagrams import NO_COOKIE, Fini, Init, Refuse, Resp, Retry
from decoder import DOWN, UP
from events import Accepted


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
        """A good message is in each of them, and must be ignored together with the rest: another
        one takes its number."""
        server = self.server()
        alice = self.online(server, "alice")
        self.decode_at_end = False
        wrong: dict[str, bytes | frames.Frame] = {
            "a length beyond the end": b"\x01\xff\xff",
            "PING with a body": b"\x01\x01\0\0",
            "PKT_ACK too short": b"\x02\x13\0" + bytes(19),
            "PKT_ACK too long": b"\x02\x15\0" + bytes(21),
            "rubbish behind the end": b"\0\0\0\x01",
            "GONE from a client": frames.Gone(1, 1, 1),
            "ROOM from a client": frames.Room(1, 1, 0, 1, 1, 1, 0, b"", b"lobby"),
            "SEEN from a client": frames.Seen(1, (frames.Receipt(1, 0, 1),)),
            "WELCOME from a client": b"\x50\0\0",
            "NOTICE from a client": frames.Notice(1),
            "MSG 0": frames.Msg(1, 0, 0, 1, b"x"),
            "MSG without parts": frames.Msg(1, 2, 0, 0, b"x"),
            "MSG of nine parts": frames.Msg(1, 2, 8, 9, b"x"),
            "MSG, a part behind the last": frames.Msg(1, 2, 1, 1, b"x"),
            "MSG, a short part that is not the last": frames.Msg(1, 2, 0, 2, b"x" * 500),
            "MSG without text": frames.Msg(1, 2, 0, 1, b""),
            "MSG that is a join": frames.Msg(1, 2, 0, 1, b"x", frames.JOIN),
            "MSG that is an announcement": frames.Msg(1, 2, 0, 1, b"x", frames.ANNOUNCEMENT),
            "MSG, a topic that is too long": frames.Msg(1, 2, 0, 1, b"x" * 256, frames.TOPIC),
            "ROOM_ACK, 33 gaps": frames.RoomAck(
                1, 1, 1, tuple(frames.Gap(n, 1) for n in range(33))
            ),
            "ROOM_ACK, fewer gaps than it says": b"\x22\x0f\0" + bytes(14) + b"\x01",
            "ROOM_ACK, a gap of nothing": frames.RoomAck(1, 1, 1, (frames.Gap(0, 0),)),
            "ROOM_ACK, parts of two": frames.RoomAck(1, 1, 1, (frames.Gap(0, 2, 1),)),
            "ENTRIES_WANTED, none": frames.EntriesWanted(1, 1, 0),
            "ENTRIES_WANTED, too many": frames.EntriesWanted(1, 1, 257),
            "ENTRIES_WANTED, parts of two": frames.EntriesWanted(1, 1, 2, 1),
            "ENTRIES_WANTED, numbers that never are": frames.EntriesWanted(1, 1 << 60, 1),
            "JOIN of no kind": frames.Join(0, b"x"),
            "JOIN of a third kind": frames.Join(3, b"x"),
            "JOIN without a name": frames.Join(1, b""),
            "JOIN, a long name": frames.Join(1, b"x" * 33),
            "JOIN, a name that is not clean": frames.Join(1, b"tab\t"),
            "JOIN, more than the name": b"\x26\x04\0\x01\x01xx",
            "JOIN, a name in two lines": frames.Join(1, b"a\nb"),
            "PART of no room": frames.Part(0),
            "MSG to no room": frames.Msg(0, 2, 0, 1, b"x"),
            "ROOM_ACK of no room": frames.RoomAck(0, 1, 1),
            "PART, too short": b"\x29\x03\0\x01\0\0",
            "MEMBERS_WANTED, a long name": frames.MembersWanted(1, b"x" * 33),
            "MEMBERS_WANTED, more than the name": b"\x30\x07\0\x01\0\0\0\x01xx",
            "ROOMS_WANTED, a long name": frames.RoomsWanted(b"x" * 33),
            "SEARCH for nothing": frames.Search(1, 1, 0, b""),
            "SEARCH in all rooms below a number": frames.Search(1, 0, 5, b"x"),
            "SEARCH for two lines": frames.Search(1, 1, 0, b"a\nb"),
            "SEARCH for what is not clean": frames.Search(1, 1, 0, b"\x07"),
            "PATH_RESPONSE of 7": b"\x41\x07\0" + bytes(7),
            "PATH_RESPONSE of 9": b"\x41\x09\0" + bytes(9),
            "CLOSE of 4": b"\x51\x04\0\x01" + bytes(3),
            "CLOSE with the code of a kick": frames.Close(2),
        }
        for title, bad in wrong.items():
            raw = bad if isinstance(bad, bytes) else frames.encode_frame(bad)
            for order in ("before", "behind"):
                count = len(self.texts(alice)) + 1
                beside = frames.encode_frame(frames.Msg(1, count, 0, 1, b"must not be stored"))
                self.seal_raw(alice, raw + beside if order == "before" else beside + raw)
                self.transmit(alice, [frames.Msg(1, count, 0, 1, b"this one")])
                self.until(lambda: len(self.texts(alice)) == count, "one of the two")
                with self.subTest(f"{title}, {order} it"):
                    self.assertEqual(self.texts(alice)[-1], "this one")
        self.assertIs(alice.session.state, State.online)
        good = frames.Msg(1, len(self.texts(alice)) + 1, 0, 1, b"beside an unknown frame")
        self.seal_raw(alice, frames.encode([frames.Unknown(0x7E, b"later"), good]))
        self.until(lambda: good.data.decode() in self.texts(alice), "the good one")

    def seal_raw(self, endpoint: Endpoint, plain: bytes) -> None:
        channel = endpoint.session.current
        assert channel is not None
        padded = plain.ljust(-(-len(plain) // 16) * 16, b"\0")
        data = Data(channel.ts(time.monotonic()), channel.keys.server_sid, channel.counter, b"")
        sealed = noise.seal(channel.keys.client, channel.counter, data.header(), padded)
        channel.counter += 1
        endpoint.transmit(data.header() + sealed)

    def test_unusable_texts(self) -> None:
        server = self.server()
        alice = self.online(server, "alice")
        for text in (b"tab\there", b"\xff\xfe", b"bell\x07", b"\xe2\x80\xae", b"cr\r\nlf"):
            msg_id = alice.session.outbox.say(1, text)
            self.settle(alice)
            results = {a.msg_id: a.status for a in alice.events(Accepted)}
            self.assertEqual(results[msg_id], 1, text)
        alice.session.say("usable")
        self.settle(alice)
        self.sync(alice)
        self.assertEqual(self.texts(alice)[0], "usable")


if __name__ == "__main__":
    harness.main()
