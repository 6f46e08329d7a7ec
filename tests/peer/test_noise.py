# SPDX-License-Identifier: MIT
"""noise.py against published answers: the vectors file of flynn/noise (Debian package
golang-github-flynn-noise-dev), and the JSON files of cacophony and snow in the folder that
CHAT_VECTORS names, if it names one.
"""
from __future__ import annotations

import json
import os
import re
import unittest
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import noise

FLYNN = Path("/usr/share/gocode/src/github.com/flynn/noise/vectors.txt")
_PROTOCOL = re.compile(r"^Noise_((?:XX|NN)(?:psk[0-3])?)_25519_ChaChaPoly_SHA256$")


@dataclass
class Vector:
    title: str
    pattern: str
    prologue: tuple[bytes, bytes] = (b"", b"")
    statics: tuple[bytes, bytes] = (b"", b"")
    ephemerals: tuple[bytes, bytes] = (b"", b"")
    psk: bytes = b""
    hash: bytes = b""
    alternating: bool = True  # transport messages: the side whose turn it is, or initiator first
    messages: list[tuple[bytes, bytes]] = field(default_factory=list)


def flynn_vectors(text: str) -> Iterator[Vector]:
    for block in text.strip().split("\n\n"):
        values = dict(line.split("=", 1) for line in block.splitlines())
        named = _PROTOCOL.match(values["handshake"])
        if not named:
            continue
        raw = {key: bytes.fromhex(value) for key, value in values.items() if key != "handshake"}
        vector = Vector(f"flynn {named[0]} {len(values)}", named[1], alternating=False)
        vector.prologue = (raw.get("prologue", b""),) * 2
        vector.statics = (raw.get("init_static", b""), raw.get("resp_static", b""))
        vector.ephemerals = (raw["gen_init_ephemeral"], raw["gen_resp_ephemeral"])
        vector.psk = raw.get("preshared_key", b"")
        while f"msg_{len(vector.messages)}_payload" in raw:
            stem = f"msg_{len(vector.messages)}"
            vector.messages.append((raw[f"{stem}_payload"], raw[f"{stem}_ciphertext"]))
        yield vector


def json_vectors(path: Path) -> Iterator[Vector]:
    for item in json.loads(path.read_text())["vectors"]:
        named = _PROTOCOL.match(item.get("protocol_name") or item["name"])
        if not named or item.get("fallback") or item.get("fail"):
            continue
        vector = Vector(f"{path.name} {named[0]}", named[1])
        vector.prologue = _pair(item, "prologue")
        vector.statics = _pair(item, "static")
        vector.ephemerals = _pair(item, "ephemeral")
        psks = item.get("init_psks") or []
        vector.psk = bytes.fromhex(psks[0]) if psks else b""
        vector.hash = bytes.fromhex(item.get("handshake_hash", ""))
        vector.messages = [
            (bytes.fromhex(message["payload"]), bytes.fromhex(message["ciphertext"]))
            for message in item["messages"]
        ]
        yield vector


def _pair(item: dict[str, Any], what: str) -> tuple[bytes, bytes]:
    first, second = (bytes.fromhex(item.get(f"{side}_{what}", "")) for side in ("init", "resp"))
    return first, second


class Published(unittest.TestCase):
    def check(self, vector: Vector) -> None:
        sides = [
            noise.Handshake(
                vector.pattern,
                initiator=number == 0,
                prologue=vector.prologue[number],
                static=vector.statics[number],
                ephemeral=vector.ephemerals[number],
                psk=vector.psk,
            )
            for number in (0, 1)
        ]
        onlooker = noise.Handshake(
            vector.pattern,
            initiator=True,
            prologue=vector.prologue[0],
            static=vector.statics[0],
            ephemeral=vector.ephemerals[0],
            psk=vector.psk,
        )
        count = len(noise.message_tokens(vector.pattern))
        for number, (payload, sealed) in enumerate(vector.messages[:count]):
            writer, reader = sides[number % 2], sides[1 - number % 2]
            self.assertEqual(writer.write(payload), sealed)
            if number > 0 or vector.psk:  # without psk message 1 of XX and NN is not sealed
                self.assert_forgery_changes_nothing(reader, sealed)
            self.assertEqual(reader.read(sealed), payload)
            retrace = onlooker.retrace if number % 2 == 0 else onlooker.read
            self.assertEqual(retrace(sealed), payload)
        for side in (*sides, onlooker):
            self.assertTrue(side.done)
            self.assertEqual(side.split(), sides[0].split())
            self.assertEqual(side.hash, vector.hash or sides[0].hash)
        counters = [0, 0]
        for number, (payload, sealed) in enumerate(vector.messages[count:], count):
            turn = (number if vector.alternating else number - count) % 2
            key = sides[0].split()[turn]
            self.assertEqual(noise.seal(key, counters[turn], b"", payload), sealed)
            self.assertEqual(noise.unseal(key, counters[turn], b"", sealed), payload)
            counters[turn] += 1

    def assert_forgery_changes_nothing(self, reader: noise.Handshake, sealed: bytes) -> None:
        before = (reader.hash, reader.chaining_key)
        with self.assertRaises(noise.NoiseError):
            reader.read(sealed[:-1] + bytes([sealed[-1] ^ 1]))
        self.assertEqual((reader.hash, reader.chaining_key), before)

    def test_flynn(self) -> None:
        if not FLYNN.is_file():
            self.fail(f"{FLYNN} is not there; install golang-github-flynn-noise-dev")
        vectors = list(flynn_vectors(FLYNN.read_text()))
        self.assertIn("XXpsk3", {vector.pattern for vector in vectors})
        for vector in vectors:
            with self.subTest(vector.title):
                self.check(vector)

    @unittest.skipUnless(os.environ.get("CHAT_VECTORS"), "CHAT_VECTORS names no folder")
    def test_json_files(self) -> None:
        files = sorted(Path(os.environ["CHAT_VECTORS"]).glob("*.json"))
        vectors = [vector for path in files for vector in json_vectors(path)]
        self.assertIn("XXpsk3", {vector.pattern for vector in vectors})
        for vector in vectors:
            with self.subTest(vector.title):
                self.check(vector)


class Refused(unittest.TestCase):
    def test_small_order(self) -> None:
        with self.assertRaises(noise.NoiseError):
            noise.dh(bytes(range(32)), bytes(32))

    def test_too_short(self) -> None:
        side = noise.Handshake("XXpsk3", initiator=False, ephemeral=bytes(range(32)))
        for size in (0, 31, 32, 47):
            with self.assertRaises(noise.NoiseError):
                side.read(bytes(size))


if __name__ == "__main__":
    unittest.main(verbosity=2)
