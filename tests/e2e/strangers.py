# SPDX-License-Identifier: MIT
"""Sockets of nobody that send a server what they like, and the account of what they got for it."""
from __future__ import annotations

import os
import select
import socket
import unittest
from collections import Counter
from collections.abc import Iterable, Sequence

from udp_queue import queue
from waiting import LONG, PATIENCE, wait_until

INIT, RETRY, RESP, FINI, DATA, RESET, REFUSE = range(0xF8, 0xFF)
INIT_BYTES, RETRY_BYTES = 1200, 48
QUEUE_LIMIT_BYTES = 64 << 10
EACH = 8  # datagrams of one socket
SOCKETS_AT_ONCE = 4  # between two looks at the queue


def cookieless_init() -> bytes:
    """A right one, of a client that never goes on."""
    head = bytes((INIT, 1, 0, 0)) + b"\1" + os.urandom(11)
    return (head + bytes(24) + os.urandom(32)).ljust(INIT_BYTES, b"\0")


class Strangers:
    """`answers` counts (type sent, type received, bytes received) for sockets of one type each."""

    def __init__(self, test: unittest.TestCase, server: tuple[str, int]) -> None:
        self.answers: Counter[tuple[int, int, int]] = Counter()
        self.sent = 0
        self._test = test
        self._server = server
        self._witness = self._socket()
        test.addCleanup(self._witness.close)

    def send(self, datagrams: Iterable[bytes]) -> None:
        """All of one type. Each socket gets at most what it sent, in number and in bytes."""
        batch: list[bytes] = []
        for datagram in datagrams:
            batch.append(datagram)
            if len(batch) == 64 * EACH:
                self._send(batch)
                batch = []
        self._send(batch)

    def _send(self, datagrams: Sequence[bytes]) -> None:
        parts = [datagrams[at : at + EACH] for at in range(0, len(datagrams), EACH)]
        sockets = [self._socket() for _ in parts]
        for number, (opened, part) in enumerate(zip(sockets, parts, strict=True)):
            if number % SOCKETS_AT_ONCE == 0:
                self._let_it_read()
            for datagram in part:
                opened.send(datagram)
        self.sent += len(datagrams)
        self.await_server()
        for opened, part in zip(sockets, parts, strict=True):
            got = drain(opened)
            lengths = [len(datagram) for datagram in part]
            self._test.assertLessEqual(len(got), len(part), lengths)
            self._test.assertLessEqual(sum(map(len, got)), sum(lengths), lengths)
            self.answers.update((part[0][0] if part[0] else -1, a[0], len(a)) for a in got)
            opened.close()

    def await_server(self) -> None:
        """All that was sent is handled and answered. What asks twice can not overtake an answer
        that was made in the same turn of the server's loop as its first one."""
        self._let_it_read()
        for _ in range(2):
            self._witness.send(cookieless_init())
            self._test.assertEqual(len(self._witness.recv(2048)), RETRY_BYTES)

    def _let_it_read(self) -> None:
        """So that the kernel drops nothing, with the smallest of the usual buffers."""
        wait_until(
            lambda: queue(self._server[1]).waiting < QUEUE_LIMIT_BYTES,
            LONG,
            lambda: f"the server to read: {queue(self._server[1])}",
        )

    def _socket(self) -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.connect(self._server)
        opened.settimeout(LONG * PATIENCE)
        return opened


def drain(opened: socket.socket) -> list[bytes]:
    received: list[bytes] = []
    while select.select([opened], [], [], 0)[0]:
        received.append(opened.recv(65536))
    return received
