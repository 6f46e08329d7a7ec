# SPDX-License-Identifier: MIT
"""datagrams.py, channel.py and pace.py by themselves: each form there and back, and what is to be
refused. The frames are in test_frames.py."""
from __future__ import annotations

import os
import unittest

import datagrams
import frames
from channel import Channel, ReplayWindow
from datagrams import Data, Fini, FiniPayload, Init, Refuse, Reset, Resp, RespPayload, Retry
from keys import SessionKeys
from pace import PROBE_MAX, Pace

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
        fini = FiniPayload(1, 2, 3, 4, 5, b"n" * 32, b"r" * 32)
        self.assertEqual(len(fini.encode()), 160)
        self.assertEqual(FiniPayload.parse(fini.encode()), fini)
        self.assertEqual(fini.encode()[73:106], b"\x20" + b"r" * 32)
        for offset, value in ((40, 33), (40, 5), (73, 33), (73, 5)):
            wrong = bytearray(fini.encode())
            wrong[offset] = value
            with self.assertRaises(ValueError):
                FiniPayload.parse(bytes(wrong))


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
        self.assertAlmostEqual(pace.repair_rtt(0.1, 0.025), 0.1)
        self.assertAlmostEqual(pace.repair_rtt(0.17, 0.025), 0.145)
        self.assertEqual(pace.repair_rtt(9, 0.025), 0.15)
        pace.on_probe()
        self.assertAlmostEqual(pace.probe_timeout(0.025), 0.65)
        for _ in range(20):
            pace.on_probe()
        self.assertEqual(pace.probe_timeout(0.025), PROBE_MAX)
        self.assertEqual(pace.window, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
