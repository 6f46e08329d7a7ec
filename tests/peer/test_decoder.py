# SPDX-License-Identifier: MIT
"""The decoder of recorded sessions has to find what is wrong, not only to be content."""
from __future__ import annotations

import unittest
from collections.abc import Callable

from simulated import Case

import frames
import noise
from datagrams import Data
from decoder import DOWN, UP
from session import Session

Recording = list[tuple[str, bytes]]
Change = Callable[[Session, Recording], Recording]


class Decoding(Case):
    def damaged(self, change: Change) -> list[str]:
        alice = self.join()
        alice.say("hello")
        alice.ping()
        self.until(lambda: not alice.outbox.waiting and self.texts(alice))
        self.until(lambda: self.plain_frames(alice, UP, frames.RoomAck))
        recording = self.network.recordings[id(alice)]
        self.assertEqual(self.network.decode(alice).problems, [])
        recording[:] = change(alice, recording)
        return self.network.decode(alice).problems

    def first(self, recording: Recording, way: str, kind: int) -> int:
        return next(i for i, (w, d) in enumerate(recording) if w == way and d[0] == kind)

    def test_each_handshake_datagram(self) -> None:
        for way, kind, offset in (
            (UP, 0xF8, 2),  # zero
            (UP, 0xF8, 1199),
            (UP, 0xF8, 75),  # zero only without cookie
            (DOWN, 0xF9, 2),  # flags
            (DOWN, 0xF9, 40),
            (DOWN, 0xFA, 13),
            (DOWN, 0xFA, 80),
            (UP, 0xFB, 3),
            (UP, 0xFB, 9),
            (UP, 0xFB, 100),
            (UP, 0xFB, 250),
        ):
            with self.subTest(kind=hex(kind), offset=offset):
                self.setUp()
                self.assertNotEqual(self.damaged(self.flip(way, kind, offset)), [])

    def flip(self, way: str, kind: int, offset: int) -> Change:
        def change(_: Session, recording: Recording) -> Recording:
            index = self.first(recording, way, kind)
            data = bytearray(recording[index][1])
            data[offset] ^= 4
            return [*recording[:index], (way, bytes(data)), *recording[index + 1 :]]

        return change

    def test_counter_used_twice(self) -> None:
        def again(alice: Session, recording: Recording) -> Recording:
            assert alice.current is not None
            alice.current.counter = 0
            return [*recording, (UP, alice.current.seal([frames.Ping()], 1.0))]

        self.assertIn("counter 0 is used for two datagrams", str(self.damaged(again)))

    def test_frames_and_acknowledgements(self) -> None:
        def sealed(key: str, plain: bytes) -> Change:
            def change(alice: Session, recording: Recording) -> Recording:
                assert alice.current is not None
                held = alice.current.keys
                up = key == UP
                data = Data(0, held.server_sid if up else held.client_sid, 10**6, b"")
                secret = held.client if up else held.server
                return [
                    *recording,
                    (key, data.header() + noise.seal(secret, 10**6, data.header(), plain)),
                ]

            return change

        entry = frames.Entry(frames.MESSAGE, 0, 0, b"mallory", b"other text")
        refused = (frames.Result(1, 1, 0, frames.REFUSED),)
        elsewhere = (frames.Result(1, 2, 9, frames.STORED),)
        twice = (frames.Place(1, 2), frames.Place(1, 2))
        rising = (frames.Place(1, 2), frames.Place(1, 3))
        wrong: list[tuple[str, list[frames.Frame], str]] = [
            (UP, [frames.PktAck(10**7, 0, 0, 1, 48)], "was not sent"),
            (UP, [frames.PktAck(0, 0, 0, 10**5, 48)], "counts"),
            (UP, [frames.Msg(1, 1, 0, 1, b"other")], "has changed"),
            (UP, [frames.Msg(2, 1, 0, 1, b"hello")], "has changed"),
            (UP, [frames.RoomAck(1, 0, 1)], "goes back"),
            (UP, [frames.EntriesWanted(1, 1, 9)], "not yet history"),
            (UP, [frames.Head(1, 1, 1)], "of the other side"),
            (DOWN, [frames.MsgAck(99, 0, ())], "next 99"),
            (DOWN, [frames.MsgAck(2, 0, refused)], "the result of 1 has changed"),
            (DOWN, [frames.MsgAck(2, 0, elsewhere)], "went to another room"),
            (DOWN, [frames.Events(1, 2, (entry,))], "entry 2 has changed"),
            (DOWN, [frames.Events(2, 2, (entry,))], "Events of room 2, in which he is not"),
            (DOWN, [frames.Head(2, 2, 2)], "Head of room 2, in which he is not"),
            (DOWN, [frames.Seen(2, (frames.Receipt(1, 0, 1),))], "in which he is not"),
            (DOWN, [frames.Parted(1), frames.Gone(1, 1, 1)], "in which he is not"),
            (DOWN, [frames.Room(1, 2, 0, 1, 1, 1, 0, b"", b"n")], "of another kind"),
            (DOWN, [frames.Room(2, 1, 0, 9, 1, 1, 0, b"", b"n")], "beyond its head"),
            (DOWN, [frames.Room(2, 1, 0, 1, 1, 1, 1, b"", b"n")], "beyond its head"),
            (DOWN, [frames.Members(1, 1, 1, b"", ())], "Members for no question"),
            (DOWN, [frames.Rooms(1, b"", ())], "Rooms for no question"),
            (DOWN, [frames.NoRoom(1, 1, b"n")], "NoRoom for no question"),
            (DOWN, [frames.Found(1, 0, ())], "Found for no question"),
            (DOWN, [frames.Found(1, 0, twice)], "one place twice"),
            (DOWN, [frames.Found(1, 0, rising)], "the newest is not the first"),
            (DOWN, [frames.Found(1, 0, (frames.Place(9, 2),))], "in which he is not"),
        ]
        raw = [
            (UP, b"\x01\0\0" + bytes(12) + b"\1", "not zero"),
            (UP, b"\x01\1\0\0" + bytes(12), "something follows"),
        ]
        for way, plain, expected in [(w, frames.encode(f), x) for w, f, x in wrong] + raw:
            with self.subTest(expected):
                self.setUp()
                self.assertIn(expected, str(self.damaged(sealed(way, plain))))

    def test_a_conversation_has_no_joins(self) -> None:
        alice = self.join()
        content: list[frames.Frame] = [
            frames.Room(5, frames.CONVERSATION, 0, 1, 1, 1, 0, b"", b"bob"),
            frames.Events(5, 1, (frames.Entry(frames.JOIN, 0, 0, b"bob", b""),)),
        ]
        assert alice.current is not None
        held = alice.current.keys
        data = Data(0, held.client_sid, 10**6, b"")
        plain = frames.encode(content)
        forged = data.header() + noise.seal(held.server, 10**6, data.header(), plain)
        self.network.recordings[id(alice)].append((DOWN, forged))
        self.assertIn("conversation 5", str(self.network.decode(alice).problems))

    def test_missing_counter(self) -> None:
        alice = self.join()
        alice.ping()
        self.network.run_for(1)
        recording = self.network.recordings[id(alice)]
        del recording[self.first(recording, UP, Data.TYPE)]
        self.assertNotEqual(self.network.decode(alice).finish(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
