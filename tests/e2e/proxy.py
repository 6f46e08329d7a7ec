# SPDX-License-Identifier: MIT
"""An attacker in the middle, for what udp-relay can not do: it edits datagrams by their meaning, and
sends those of a client from other addresses while it keeps what comes back there to itself."""
from __future__ import annotations

import select
import socket
import threading
import unittest
from collections.abc import Callable
from dataclasses import dataclass, field

Address = tuple[str, int]
Edit = Callable[[bytes], bytes]


def unchanged(data: bytes) -> bytes:
    return data


@dataclass
class Path:
    """One source address of a client as the server sees it, with all that went through it."""

    client: Address
    socket: socket.socket
    passes_answers: bool
    sent: list[bytes] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)


class Proxy:
    """Clients send to `port`. Each has one path to the server, and further ones by detour()."""

    def __init__(
        self,
        test: unittest.TestCase,
        server: Address,
        *,
        up: Edit = unchanged,
        down: Edit = unchanged,
    ) -> None:
        self.paths: list[Path] = []  # in the order in which they were opened
        self._server = server
        self._up, self._down = up, down
        self._current: dict[Address, Path] = {}
        self._front = _bound("127.0.0.1")
        self.port: int = self._front.getsockname()[1]
        self._lock = threading.Lock()
        self._wake_read, self._wake_write = socket.socketpair()
        self._over = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        test.addCleanup(self._close)

    def detour(self, host: str = "127.0.0.1", *, passes_answers: bool = False) -> Path:
        """From now on the only client's datagrams leave from a new address."""
        with self._lock:
            (client,) = self._current
            path = self._open(client, host, passes_answers)
        self._wake_write.send(b".")
        return path

    def end_detour(self) -> None:
        """Back to the first path."""
        with self._lock:
            (client,) = self._current
            self._current[client] = self.paths[0]

    def _open(self, client: Address, host: str, passes_answers: bool) -> Path:
        path = Path(client, _bound(host), passes_answers)
        self.paths.append(path)
        self._current[client] = path
        return path

    def _close(self) -> None:
        self._over = True
        self._wake_write.send(b".")
        self._thread.join()
        for each in (self._front, self._wake_read, self._wake_write):
            each.close()
        for path in self.paths:
            path.socket.close()

    def _work(self) -> None:
        while not self._over:
            with self._lock:
                paths = {path.socket: path for path in self.paths}
            for ready in select.select([self._front, self._wake_read, *paths], [], [])[0]:
                if ready is self._wake_read:
                    ready.recv(64)
                elif ready is self._front:
                    self._from_client()
                else:
                    self._from_server(paths[ready])

    def _from_client(self) -> None:
        try:
            data, client = self._front.recvfrom(65536)
        except OSError:  # ICMP: a client is gone
            return
        with self._lock:
            path = self._current.get(client) or self._open(client, "127.0.0.1", True)
        data = self._up(data)
        path.sent.append(data)
        path.socket.sendto(data, self._server)

    def _from_server(self, path: Path) -> None:
        try:
            data = path.socket.recv(65536)
        except OSError:
            return
        path.received.append(data)
        if path.passes_answers:
            self._front.sendto(self._down(data), path.client)


def _bound(host: str) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((host, 0))
    return opened
