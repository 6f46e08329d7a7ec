# SPDX-License-Identifier: MIT
"""flood.py --server BIN --count N [--seed S]: hostile datagrams at a server on loopback while two
members chat. Fails when the server ends, grows, stops serving the members, or lets a forged word
through. A run is repeated by its seed.

The senders look at the server's receive queue and pause while it is long, so that the datagrams are
really handled and not dropped by the kernel.
"""
from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import sys
import time
import unittest

import processes
from flood_grammar import pool
from harness import Case
from original import OriginalClient, said
from program import Server
from udp_queue import queue
from waiting import wait_until

SENDERS = 16
BURST = 64  # datagrams between two looks at the queue
TALK_EVERY = 2_000  # datagrams between two messages of the members
QUEUE_LIMIT_BYTES = 64 << 10
GROWTH_LIMIT_BYTES = 32 << 20
WARM_UP = 0.25  # the part of the run after which memory has to stay flat


class Flood(Case):
    """Not found by the test loader's usual names: flood() and test_flood.py run it."""

    count = 20_000
    seed = 1

    def flood(self) -> None:
        # AddressSanitizer keeps freed memory; a small quarantine lets growth show.
        options = (os.environ.get("ASAN_OPTIONS", ""), "quarantine_size_mb=16")
        os.environ["ASAN_OPTIONS"] = ":".join(filter(None, options))
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        senders = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(SENDERS)]
        for sender in senders:
            sender.bind(("127.0.0.1", 0))
            self.addCleanup(sender.close)
        started = time.monotonic()
        sizes = self.send_all(server, senders, alice, bob)
        seconds = time.monotonic() - started
        dropped = queue(server.port).dropped
        print(
            f"seed {self.seed}: {self.count} datagrams in {seconds:.1f} s"
            f" ({self.count / seconds:.0f}/s), {dropped} dropped by the kernel,"
            f" resident {sizes[0] >> 10} KiB at the start, {sizes[1] >> 10} after warming up,"
            f" {sizes[2] >> 10} at the end"
        )
        self.assertLess(sizes[2] - sizes[1], GROWTH_LIMIT_BYTES, "memory grows")
        self.assertLess(dropped, self.count // 100 + 1, "the server did not see the flood")
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0)

    def send_all(
        self,
        server: Server,
        senders: list[socket.socket],
        alice: OriginalClient,
        bob: OriginalClient,
    ) -> tuple[int, int, int]:
        datagrams = pool(self.seed, min(self.count, 20_000))
        source = random.Random(self.seed)
        start = warm = self.memory(server)
        for sent in range(0, self.count, BURST):
            for _ in range(min(BURST, self.count - sent)):
                source.choice(senders).sendto(source.choice(datagrams), server.address)
            self.let_it_work(server)
            if sent % TALK_EVERY < BURST:
                for sender in senders:
                    drain(sender)
                self.chat(sent, alice, bob)
                self.assertIsNone(server.popen.poll(), f"the server ended after {sent}")
            if sent <= self.count * WARM_UP:
                warm = self.memory(server)
        self.chat(self.count, alice, bob)
        return start, warm, self.memory(server)

    def let_it_work(self, server: Server) -> None:
        wait_until(
            lambda: queue(server.port).waiting < QUEUE_LIMIT_BYTES,
            20,
            lambda: f"the server to read: {queue(server.port)}",
        )

    def chat(self, number: int, alice: OriginalClient, bob: OriginalClient) -> None:
        """bob says something; alice hears it and nothing else in bob's name."""
        words = said("bob", f"genuine {number}")
        alice.pending()  # what the flood's members said and did
        bob.pending()
        bob.say(f"genuine {number}")
        others = alice.receive_until(words)
        voices = (said("bob", ""), said("管理员", ""))
        forged = [other for other in others if other.startswith(voices)]
        self.assertEqual(forged, [], "words nobody said")

    def memory(self, server: Server) -> int:
        return processes.resident_bytes(server.pid)


def drain(sender: socket.socket) -> None:
    """Reads what the server answered, so that a full buffer does not hide answers."""
    sender.setblocking(False)
    try:
        while True:
            sender.recv(2048)
    except BlockingIOError:
        sender.setblocking(True)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--server", required=True, help="the chat-server to flood")
    options.add_argument("--count", type=int, default=Flood.count)
    options.add_argument("--seed", type=int, default=Flood.seed)
    given = options.parse_args()
    Flood.count, Flood.seed = given.count, given.seed
    Flood.server_binary = str(given.server)
    suite = unittest.TestSuite([Flood("flood")])
    return 0 if unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
