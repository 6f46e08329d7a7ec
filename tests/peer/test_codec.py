# SPDX-License-Identifier: MIT
"""datagrams.py, frames.py, channel.py and pace.py by themselves: each form there and back, and what
is to be refused."""
from __future__ import annotations

import os
import random
import unittest

import datagrams
import frames
from channel import Channel, ReplayWindow
from datagrams import Data, Fini, FiniPayload, Init, Refuse, Reset, Resp, RespPayload, Retry
from frames import Entry, Gap, Malformed, Member, Result
from keys import SessionKeys
from pace import PROBE_MAX, Pace

MESSAGE = Entry(frames.MESSAGE, 0, 1_700_000_000_000, "爱丽丝".encode(), b"hello")
JOIN = Entry(frames.JOIN, frames.ENTRY_CLASSIC, 0, b"bob", b"")
LEAVE = Entry(frames.LEAVE, 0, (1 << 48) - 1, b"bob", b"")
ANNOUNCEMENT = Entry(frames.ANNOUNCEMENT, 0, 1, b"", b"stop")
PART = bytes(frames.PART_BYTES)

FROM_CLIENT: list[frames.Frame] = [
    frames.Ping(),
    frames.PktAck(1 << 40, 65535, 65535, 1 << 31, 1 << 31),
    frames.Msg(1, 1, 0, 1, b"x"),
    frames.Msg(1, 2**63, 6, 8, PART),
    frames.MsgFrom(33),
    frames.RoomAck(1, 5, 1024),
    frames.RoomAck(1, 5, 0, (Gap(0, 1, 255), Gap(1, 7), Gap(60000, 5000))),
    frames.MembersWanted(1, b""),
    frames.MembersWanted(1, b"m" * 32),
    frames.PathResponse(bytes(range(8))),
    frames.Close(1),
    frames.Unknown(0x7F, b"later"),
]
FROM_SERVER: list[frames.Frame] = [
    frames.Ping(),
    frames.MsgAck(1, 0, ()),
    frames.MsgAck(40, 3, tuple(Result(n, 1, n + 100, n % 2) for n in range(8, 40))),
    frames.Events(1, 9, (MESSAGE, JOIN, LEAVE, ANNOUNCEMENT)),
    frames.EventPart(1, 9, 0, 2, PART),
    frames.EventPart(1, 9, 1, 2, b"xx"),
    frames.Head(1, 10, 2),
    frames.Head(1, 1, 1),
    frames.Gone(1, 1, 1),
    frames.Members(1, 4, 1, b"", ()),
    frames.Members(1, 4, 0, b"a", (Member(0, b"b"), Member(1, b"c" * 32))),
    frames.PathChallenge(bytes(8)),
    frames.Welcome(1, 2, 3, 1, 1, 3, bytes(range(16)), b"alice"),
    *(frames.Close(code, 2**32 - 1) for code in range(1, 10)),
]


class Datagrams(unittest.TestCase):
    ALL: tuple[tuple[datagrams.Datagram, int], ...] = (
        (Init(1, b"n" * 8, b"c" * 24, b"m" * 48), 1200),
        (Retry(1, 2, b"n" * 8, b"c" * 24, 2), 48),
        (Resp(1, 2, b"m" * 128), 144),
        (Fini(2, b"n" * 8, b"m" * 224, b"t" * 16), 256),
        (Data(65535, 2, (1 << 60) - 1, bytes(32)), 48),
        (Data(0, 2, 0, bytes(1184)), 1200),
        (Reset(2, b"t" * 16), 24),
        (Refuse(1, 2, b"n" * 8, b"t" * 16), 32),
    )

    def test_there_and_back(self) -> None:
        for datagram, size in self.ALL:
            data = datagram.encode()
            self.assertEqual(len(data), size)
            self.assertEqual(datagrams.parse(data), datagram)
            self.assertFalse(datagrams.stray_bytes(data, datagram))

    def test_other_lengths_versions_and_types(self) -> None:
        for datagram, _ in self.ALL:
            data = datagram.encode()
            self.assertIsNone(datagrams.parse(data[:-1]))
            self.assertIsNone(datagrams.parse(data + b"\0"))
            self.assertIsNone(datagrams.parse(b"\xf7" + data[1:]))
            if not isinstance(datagram, (Data, Reset)):
                self.assertIsNone(datagrams.parse(data[:1] + b"\2" + data[2:]))
        for size in (0, 16, 32, 47, 49, 1199, 1216):
            self.assertIsNone(datagrams.parse((b"\xfc" + bytes(size))[:size]))

    def test_zeros_are_not_checked_but_seen(self) -> None:
        data = bytearray(Init(1, bytes(8), bytes(24), bytes(48)).encode())
        data[2] = data[1199] = 1
        parsed = datagrams.parse(bytes(data))
        assert parsed is not None
        self.assertTrue(datagrams.stray_bytes(bytes(data), parsed))

    def test_payloads(self) -> None:
        resp = RespPayload(1 << 63, 25, 25, 180, 77)
        self.assertEqual(len(resp.encode()), 32)
        self.assertEqual(RespPayload.parse(resp.encode()), resp)
        fini = FiniPayload(1, 2, 3, 4, 5, b"n" * 32)
        self.assertEqual(len(fini.encode()), 160)
        self.assertEqual(FiniPayload.parse(fini.encode()), fini)
        for offset, value in ((40, 33), (40, 5)):
            wrong = bytearray(fini.encode())
            wrong[offset] = value
            with self.assertRaises(ValueError):
                FiniPayload.parse(bytes(wrong))


class Frames(unittest.TestCase):
    def test_sizes(self) -> None:
        """The numbers that the document gives."""
        self.assertEqual(frames.ENTRY_MAX, 1152)
        self.assertEqual(frames.PART_BYTES, 1151)
        whole = Entry(frames.MESSAGE, 0, 0, b"n", b"t" * (1152 - 12))
        self.assertEqual(len(whole.encode()), 1152)
        for frame in (
            frames.Events(1, 1, (whole,)),
            frames.Msg(1, 1, 0, 2, PART),
            frames.EventPart(1, 1, 0, 2, PART),
        ):
            self.assertEqual(len(frames.encode([frame])), 1168)

    def test_there_and_back(self) -> None:
        for from_client, known in ((True, FROM_CLIENT), (False, FROM_SERVER)):
            for frame in known:
                plain = frames.encode([frame])
                self.assertEqual(len(plain) % 16, 0)
                self.assertEqual(frames.decode(plain, from_client), [frame])
            several = known[:4]
            together = frames.encode(several[:3])
            self.assertEqual(frames.decode(together, from_client), several[:3])
        self.assertEqual(frames.decode(bytes(16), True), [])

    def test_from_the_other_side(self) -> None:
        own = (frames.Ping, frames.PktAck, frames.Close, frames.Unknown)
        for from_client, foreign in ((False, FROM_CLIENT), (True, FROM_SERVER)):
            for frame in foreign:
                if not isinstance(frame, own):
                    with self.assertRaises(Malformed):
                        frames.decode(frames.encode([frame]), from_client)

    def test_one_byte_shorter_or_longer(self) -> None:
        """A body has its length and no other; only texts, parts and names may be of several."""
        for from_client, known in ((True, FROM_CLIENT), (False, FROM_SERVER)):
            for frame in known:
                if isinstance(frame, (frames.Unknown, frames.Msg, frames.EventPart)):
                    continue
                body = frames.encode_frame(frame)[3:]
                for changed in (body[:-1], body + b"\0"):
                    if changed == body:
                        continue
                    wrong = frames.encode([frames.Unknown(frame.TYPE, changed)])
                    with self.assertRaises(Malformed, msg=str(frame)):
                        frames.decode(wrong, from_client)

    def test_refused(self) -> None:
        entry = MESSAGE.encode()
        for from_client, kind, body in (
            (False, 0x20, b"\1\0\0\0" + bytes(8) + b"\0"),  # no entries
            (False, 0x20, b"\1\0\0\0" + bytes(8) + b"\2" + entry),
            (False, 0x20, b"\1\0\0\0" + bytes(8) + b"\1\5" + entry[1:]),  # kind 5
            (False, 0x20, b"\1\0\0\0" + bytes(8) + b"\1\4" + entry[1:]),  # an announcer's name
            (False, 0x20, b"\1\0\0\0" + bytes(8) + b"\1\2" + entry[1:]),  # a join with text
            (False, 0x20, b"\1\0\0\0" + bytes(8) + b"\1" + entry[:-1] + b"\xff"),
            (False, 0x21, frames.EventPart(1, 1, 0, 1, PART).body()),
            (False, 0x21, frames.EventPart(1, 1, 1, 2, b"x").body()),  # fits into EVENTS
            (False, 0x21, frames.EventPart(1, 1, 2, 2, b"xx").body()),
            (False, 0x21, frames.EventPart(1, 1, 0, 9, PART).body()),
            (False, 0x11, frames.MsgAck(2, 0, (Result(2, 1, 1, 0),)).body()),
            (False, 0x11, frames.MsgAck(2, 0, (Result(1, 1, 1, 2),)).body()),
            (False, 0x23, frames.Head(1, 1, 2).body()),
            (False, 0x24, frames.Gone(1, 2, 1).body()),
            (False, 0x50, frames.Welcome(1, 1, 1, 1, 1, 4, bytes(16), b"a").body()),
            (False, 0x50, frames.Welcome(1, 1, 1, 1, 1, 0, bytes(16), b"").body()),
            (False, 0x50, frames.Welcome(1, 1, 1, 1, 1, 0, bytes(16), b"a" * 33).body()),
            (False, 0x51, frames.Close(0).body()),
            (False, 0x51, frames.Close(10).body()),
            (True, 0x51, frames.Close(2).body()),
            (True, 0x10, frames.Msg(1, 1, 7, 8, b"x" * 136).body()),  # 8,193 bytes
            (True, 0x22, frames.RoomAck(1, 1, 1, (Gap(1, 1), Gap(0, 1))).body()),
            (True, 0x22, frames.RoomAck(1, 1, 1, (Gap(0, 2, 1),)).body()),
        ):
            plain = frames.encode([frames.Unknown(kind, body)])
            with self.assertRaises(Malformed, msg=f"{kind:#x} {body.hex()}"):
                frames.decode(plain, from_client)

    def test_filling(self) -> None:
        ping = frames.encode([frames.Ping()])
        for wrong in (b"", ping[:-1], ping + bytes(1), ping[:-1] + b"\1", ping + bytes(16)):
            with self.assertRaises(Malformed):
                frames.decode(wrong, True)

    def test_any_bytes(self) -> None:
        """Whatever comes is Malformed or has exactly this form."""
        rng = random.Random(11)
        for number in range(20_000):
            known = FROM_CLIENT if rng.random() < 0.5 else FROM_SERVER
            plain = bytearray(frames.encode([rng.choice(known)]))
            for _ in range(rng.randrange(4)):
                plain[rng.randrange(min(len(plain), 40))] = rng.choice((0, 1, 2, 8, 255))
            try:
                decoded = frames.decode(bytes(plain), from_client=number % 2 == 0)
            except Malformed:
                continue
            self.assertEqual(frames.encode(decoded), bytes(plain))


class Windows(unittest.TestCase):
    def test_replay(self) -> None:
        window = ReplayWindow(512)
        for counter in (0, 5, 3, 600):
            self.assertTrue(window.is_new(counter))
            window.note(counter)
            self.assertFalse(window.is_new(counter))
        for counter, new in ((88, False), (89, True), (599, True), (601, True), (1 << 59, True)):
            self.assertEqual(window.is_new(counter), new, counter)

    def test_channel(self) -> None:
        held = SessionKeys(1, 2, os.urandom(32), os.urandom(32))
        client = Channel(held, 0)
        mirrored = Channel(SessionKeys(2, 1, held.server, held.client), 0)
        data = mirrored.seal([frames.Head(1, 1, 1)], 1.0)
        parsed = datagrams.parse(data)
        assert isinstance(parsed, Data)
        self.assertEqual(client.open(parsed, 1.0), [frames.Head(1, 1, 1)])
        self.assertIsNone(client.open(parsed, 1.0))
        self.assertEqual(client.received.count, 1)
        self.assertIsNone(client.ack_due(0.025))

    def test_pace(self) -> None:
        pace = Pace()
        self.assertEqual(pace.srtt, 0.333)
        pace.on_sample(0.1)
        self.assertEqual((pace.srtt, pace.rttvar), (0.1, 0.05))
        self.assertAlmostEqual(pace.probe_timeout(0.025), 0.325)
        pace.on_probe()
        self.assertAlmostEqual(pace.probe_timeout(0.025), 0.65)
        for _ in range(20):
            pace.on_probe()
        self.assertEqual(pace.probe_timeout(0.025), PROBE_MAX)
        self.assertEqual(pace.window, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
