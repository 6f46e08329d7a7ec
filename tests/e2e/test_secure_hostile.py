# SPDX-License-Identifier: MIT
"""Datagrams nobody should have sent, at the real server while its members chat: no address that has
not proved that it receives there gets more than it sent, in number or in bytes, and no member's
session goes elsewhere. A million random ones are flood.py's."""
from __future__ import annotations

import random
import signal
import struct
from collections.abc import Iterator
from functools import partial

from harness import main
from memory import growth_max_bytes, resident_bytes
from proxy import Proxy
from relay import Datagram, start_relay
from secure import SecureCase, events, numbers_without_holes, texts
from strangers import DATA, FINI, INIT, RESET, RETRY, RETRY_BYTES, Strangers
from udp_queue import queue
from waiting import wait_until

LENGTHS = range(1501)
TYPES = (*range(0xF7, 0x100), 0x00, ord("L"), 0x80)
RESET_BYTES = 24
CHALLENGE_BYTES = 48


class Hostile(SecureCase):
    def setUp(self) -> None:
        super().setUp()
        self.chat_server = self.server("--classic", "off")
        self.relay = start_relay(self, self.chat_server.address, record=True)
        self.clients = self.joined(self.relay, "alice", "bob")
        self.random = random.Random(1)

    def chat(self, turns: int = 1) -> None:
        """Everybody says something, and all hear it."""
        for _ in range(turns):
            marks = [f"mark {self.random.getrandbits(64)}" for _ in self.clients]
            for client, mark in zip(self.clients, marks, strict=True):
                client.say(mark)
            wait_until(
                partial(self.all_heard, set(marks)), 20, lambda: f"{[*map(texts, self.clients)]}"
            )

    def all_heard(self, marks: set[str]) -> bool:
        return all(marks <= set(texts(client)) for client in self.clients)

    def recorded(self) -> list[Datagram]:
        self.relay.settle()
        return self.relay.recording()

    def assert_untouched(self) -> None:
        """Nobody came, went, or missed anything; and the end is in good order."""
        self.chat()
        for client in self.clients:
            numbers_without_holes(self, client)
            self.assertEqual(events(client, "leave", "error"), [])
            self.assertEqual(len(events(client, "welcome")), 1)
        self.assertEqual(queue(self.chat_server.port).dropped, 0, "the server did not see it all")
        for client in self.clients:
            client.tell("quit")
            self.assertEqual(client.wait(), 0)
        self.chat_server.send_signal(signal.SIGTERM)
        self.assertEqual(self.chat_server.wait(), 0)


class Reflection(Hostile):
    def bodies(self, first: int) -> Iterator[bytes]:
        """Of every length: noise, and what has the right version and a live session's number."""
        live = self.live_sid()
        for length in LENGTHS:
            noise = self.random.randbytes(1500)
            yield (bytes((first,)) + noise)[:length]
            head = struct.pack("<BBHI", first, first != DATA, 0, live)
            yield (head + noise)[:length]

    def live_sid(self) -> int:
        last = [d.data for d in self.recorded() if d.kind == "up" and d.data[0] == DATA][-1]
        return int.from_bytes(last[4:8], "little")

    def cut(self, datagram: bytes) -> Iterator[bytes]:
        """A real datagram, shorter and longer than it was."""
        for length in LENGTHS:
            yield (datagram + self.random.randbytes(1500))[:length]

    def one_of_each(self) -> list[bytes]:
        kinds = {(d.kind, d.data[0], any(d.data[16:40])): d.data for d in self.recorded()}
        self.assertEqual(len(kinds), 7)  # INIT twice, RETRY, RESP, FINI, DATA both ways
        return list(kinds.values())

    def test_every_type_and_length(self) -> None:
        strangers = Strangers(self, self.chat_server.address)
        self.chat()
        early = 0
        for first in TYPES:
            strangers.send(self.bodies(first))
            self.chat()
            early = early or resident_bytes(self.chat_server)
        for datagram in self.one_of_each():
            strangers.send(self.cut(datagram))
            self.chat()
        # A number made up may look like one of an earlier start.
        allowed = {(INIT, RETRY, RETRY_BYTES), (DATA, RESET, RESET_BYTES)}
        self.assertLessEqual(set(strangers.answers), allowed)
        self.assertEqual(strangers.answers[INIT, RETRY, RETRY_BYTES], 3)
        self.assertGreater(strangers.sent, 40_000)
        growth = resident_bytes(self.chat_server) - early
        self.assertLess(growth, growth_max_bytes(self.server_binary), "memory grows")
        self.assert_untouched()

    def test_sessions_of_an_earlier_start(self) -> None:
        """Whoever sends for one is told that the server was started again, by something shorter."""
        self.chat()
        old = [d.data for d in self.recorded() if d.kind == "up" and d.data[0] == DATA][-1]
        self.chat_server.send_signal(signal.SIGTERM)
        self.assertEqual(self.chat_server.wait(), 0)
        data, port = self.chat_server.data, self.chat_server.port
        self.chat_server = self.server("--classic", "off", data=data, port=port)
        strangers = Strangers(self, self.chat_server.address)
        strangers.send(self.cut(old))
        right = sum(1 for length in range(48, 1201, 16))
        self.assertEqual(dict(strangers.answers), {(DATA, RESET, RESET_BYTES): right})
        self.chat_server.send_signal(signal.SIGTERM)
        self.assertEqual(self.chat_server.wait(), 0)


class Hijack(Hostile):
    def test_what_was_recorded_from_elsewhere(self) -> None:
        self.chat(10)
        strangers = Strangers(self, self.chat_server.address)
        mine = [d.data for d in self.recorded() if d.kind == "up"]
        for first in (DATA, FINI):
            strangers.send(data for data in mine if data[0] == first)
        self.assertGreater(strangers.sent, 20)
        self.assertEqual(strangers.answers.total(), 0)
        self.assert_untouched()

    def test_a_session_led_elsewhere(self) -> None:
        """What bob sends reaches the server from another address only: his session stays where
        he is until he, and not who led it there, has answered from the new one."""
        proxy = Proxy(self, self.chat_server.address)
        bob = self.client(proxy.port, "bob2")
        bob.event("members")
        self.clients.append(bob)
        self.chat(2)
        stolen = proxy.detour("127.0.0.2")
        self.chat(20)
        wait_until(lambda: stolen.received, 20, "a challenge")
        self.assertGreaterEqual(len(stolen.sent), 20)
        self.assertLessEqual(len(stolen.received), len(stolen.sent))
        shapes = {(data[0], len(data)) for data in stolen.received}
        self.assertEqual(shapes, {(DATA, CHALLENGE_BYTES)})
        self.assertLessEqual(sum(map(len, stolen.received)), sum(map(len, stolen.sent)))
        self.assertIn("127.0.0.1", self.row_of("bob2"))

        proxy.end_detour()
        self.chat(3)
        self.assertLessEqual(len(stolen.received), len(stolen.sent))
        self.assertEqual({len(data) for data in stolen.received}, {CHALLENGE_BYTES})

        moved = proxy.detour("127.0.0.3", passes_answers=True)
        wait_until(self.bob_moved, 20, "the session to move")
        self.chat(1)
        before = len(proxy.paths[0].received)
        self.chat(5)
        self.assertEqual(len(proxy.paths[0].received), before)
        self.assertGreater(max(map(len, moved.received)), CHALLENGE_BYTES)
        self.assert_untouched()

    def bob_moved(self) -> bool:
        """Challenges come at most every 100 ms, and only after something from the new address."""
        self.chat()
        return "127.0.0.3" in self.row_of("bob2")

    def row_of(self, name: str) -> str:
        rows = self.control(self.chat_server, "who").splitlines()
        return next(row for row in rows if row.startswith(f"{name}  "))


if __name__ == "__main__":
    main()
