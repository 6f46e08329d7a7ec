# SPDX-License-Identifier: MIT
"""The original programs, as faithful as their description: strings without terminator, buffers of
1024 bytes, no checks of who sends what.

The client reads with one blocking recvfrom(1024) at a time and takes whatever comes. The server
keeps a dictionary from name to address. Both record every datagram for the tests.
"""
from __future__ import annotations

import select
import socket
import threading
import time

from waiting import LONG, PATIENCE

BUFFER = 1024
ADMIN = "管理员"
OK = b"OK"
TAKEN = "该用户已存在".encode()
EXIT = b"EXIT"
INVALID = "用户名无效".encode()  # ours; the original had no such answer


def welcome(name: str) -> bytes:
    return f"\n欢迎 {name} 进入聊天室".encode()


def said(name: str, text: str) -> bytes:
    return f"\n{name} 说: {text}".encode()


def left(name: str) -> bytes:
    return f"\n{name} 离开了聊天室".encode()


class OriginalClient:
    """`L name`, `C name text`, `Q name` from one socket."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.name = ""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))

    def close(self) -> None:
        self._socket.close()

    def send(self, datagram: bytes) -> None:
        self._socket.sendto(datagram, self.server)

    def receive(self, seconds: float = LONG) -> bytes:
        """The next datagram; fails loudly when none comes."""
        self._socket.settimeout(seconds * PATIENCE)
        try:
            return self._socket.recvfrom(BUFFER)[0]
        except TimeoutError:
            who = self.name or "a client"
            raise AssertionError(f"{who} got nothing for {seconds:g} s") from None

    def pending(self) -> list[bytes]:
        """What lies in the socket's buffer now."""
        datagrams: list[bytes] = []
        while select.select([self._socket], [], [], 0)[0]:
            datagrams.append(self._socket.recvfrom(BUFFER)[0])
        return datagrams

    def login(self, name: str) -> bytes:
        self.name = name
        self.send(f"L {name}".encode())
        return self.receive()

    def say(self, text: str) -> None:
        self.send(f"C {self.name} {text}".encode())

    def quit(self) -> None:
        self.send(f"Q {self.name}".encode())

    def heard(self) -> list[bytes]:
        """All that came up to now. A repeated login is answered OK and changes nothing. Asked once
        it may overtake what arrived in the same turn of our server's loop, and is delivered when
        that turn ends; asked twice it can not."""
        datagrams: list[bytes] = []
        for _ in range(2):
            self.send(f"L {self.name}".encode())
            while (datagram := self.receive()) != OK:
                datagrams.append(datagram)
        return datagrams

    def receive_until(self, wanted: bytes, seconds: float = LONG) -> list[bytes]:
        """Reads up to and with the wanted datagram; returns those before it."""
        deadline = time.monotonic() + seconds * PATIENCE
        before: list[bytes] = []
        while True:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                datagram = self._socket.recvfrom(BUFFER)[0]
            except TimeoutError:
                raise AssertionError(
                    f"{self.name} never got {wanted.decode()!r}; got {before[-10:]}"
                ) from None
            if datagram == wanted:
                return before
            before.append(datagram)


class OriginalServer:
    """Receives one datagram, answers, receives the next."""

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self.address = ("127.0.0.1", self.port)
        self.users: dict[str, tuple[str, int]] = {}
        self.log: list[bytes] = []
        self._changed = threading.Condition()
        self._stop_read, self._stop_write = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop_write.close()
        self._thread.join()
        self._stop_read.close()
        self._socket.close()

    def announce(self, text: str) -> None:
        """The original's second process sends this line to the first one, which broadcasts it."""
        with self._changed:
            self._say(ADMIN, text)

    def await_datagram(self, wanted: bytes, seconds: float = LONG) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: wanted in self.log, seconds * PATIENCE):
                raise AssertionError(f"no {wanted!r} arrived; got {self.log[-10:]}")

    def _serve(self) -> None:
        while True:
            ready = select.select([self._socket, self._stop_read], [], [])[0]
            if self._stop_read in ready:
                return
            datagram, sender = self._socket.recvfrom(BUFFER)
            with self._changed:
                self._handle(datagram, sender)
                self.log.append(datagram)
                self._changed.notify_all()

    def _handle(self, datagram: bytes, sender: tuple[str, int]) -> None:
        kind, _, rest = datagram.decode("utf-8", "replace").partition(" ")
        name, _, text = rest.partition(" ")
        if kind == "L":
            self._login(name, sender)
        elif kind == "C":
            self._say(name, text)
        elif kind == "Q":
            self._quit(name)

    def _login(self, name: str, sender: tuple[str, int]) -> None:
        if name in self.users or name == ADMIN:
            self._socket.sendto(TAKEN, sender)
            return
        self._socket.sendto(OK, sender)
        self._tell(welcome(name))
        self.users[name] = sender

    def _say(self, name: str, text: str) -> None:
        self._tell(said(name, text), but=name)

    def _quit(self, name: str) -> None:
        address = self.users.pop(name, None)
        self._tell(left(name))
        if address is not None:
            self._socket.sendto(EXIT, address)

    def _tell(self, datagram: bytes, but: str = "") -> None:
        for name, address in self.users.items():
            if name != but:
                self._socket.sendto(datagram, address)
