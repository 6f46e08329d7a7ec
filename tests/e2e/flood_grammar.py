# SPDX-License-Identifier: MIT
"""Datagrams for flood.py: classic ones that are right, mutated ones, noise, and huge ones."""
from __future__ import annotations

import random

PEOPLE = ("bob", "alice", "管理员", "admin", "x", "小明", "é")
NAMES = (*PEOPLE, "\u202ebob", "n" * 32, "n" * 33, "", " ", "a b")
TEXTS = ("", "hello", "你好", "\x1b[31m", "👩‍👩‍👧", "a" * 1500, "聊" * 700, "\0", "%s%n", "\n\r\t")
LARGEST = 65507


def pool(seed: int, size: int) -> list[bytes]:
    """The same datagrams for the same seed."""
    source = random.Random(seed)
    return [_datagram(source) for _ in range(size)]


def _datagram(source: random.Random) -> bytes:
    kind = source.random()
    if kind < 0.35:
        return _grammar(source)
    if kind < 0.75:
        return _mutated(source)
    if kind < 0.998:
        return source.randbytes(source.choice((0, 1, 2, 7, 64, 300, 1024, 1500)))
    return _huge(source)


def _grammar(source: random.Random) -> bytes:
    name = source.choice(NAMES) if source.random() < 0.7 else f"u{source.randrange(1000)}"
    letter = source.choice("LLCCCCQ")
    text = f" {source.choice(TEXTS)}" if letter == "C" else ""
    return f"{letter} {name}{text}".encode("utf-8", "surrogatepass")


def _mutated(source: random.Random) -> bytes:
    data = bytearray(_grammar(source))
    for _ in range(source.randrange(1, 5)):
        at = source.randrange(len(data) + 1)
        action = source.randrange(4)
        if action == 0:
            data.insert(at, source.randrange(256))
        elif action == 1:
            del data[at : at + source.randrange(1, 9)]
        elif action == 2 and at < len(data):
            data[at] ^= 1 << source.randrange(8)
        else:
            data[at:at] = data[: source.randrange(1, 40)]
    return bytes(data)


def _huge(source: random.Random) -> bytes:
    head = source.choice((b"L ", b"C bob ", b"C x ", b"Q ", b""))
    length = source.randrange(9000, LARGEST) - len(head)
    return head + source.choice((b"z" * length, source.randbytes(length)))
