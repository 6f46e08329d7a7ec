# SPDX-License-Identifier: MIT
"""The keys of docs/PROTOCOL.md, sections 3, 8 and 9: what is derived from what."""
from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass

from nacl import pwhash

import noise
from noise import hmac_sha256

PATTERN = "XXpsk3"
NO_PASSWORD = bytes(32)
MAC_BYTES = 16
FLAG_PASSWORD = 1
PREFIX = b"groupchat-secure"
SUITE = 1


def random_secret() -> bytes:
    return os.urandom(noise.KEY_BYTES)


def random_epoch() -> int:
    return int.from_bytes(os.urandom(8), "little")


def password_key(password: str, server_static: bytes) -> bytes:
    """The psk that stands for a password at one server; takes 64 MiB and a while."""
    salt = hashlib.sha256(b"psk-salt" + server_static).digest()[:16]
    return pwhash.argon2id.kdf(32, password.encode(), salt, opslimit=2, memlimit=64 << 20)


def prologue(init: bytes, server_flags: int, versions: int) -> bytes:
    return (
        PREFIX
        + bytes([1, SUITE])
        + init[:16]
        + server_flags.to_bytes(2, "little")
        + versions.to_bytes(4, "little")
    )


def fingerprint(static: bytes) -> str:
    encoded = base64.b32encode(hashlib.sha256(static).digest()).decode().lower()
    return encoded[:20]


@dataclass(frozen=True)
class MacKeys:
    """For FINI and REFUSE, from the chaining key after message 2."""

    fini: bytes
    refuse: bytes

    @classmethod
    def derive(cls, chaining_key: bytes) -> MacKeys:
        return cls(hmac_sha256(chaining_key, b"fini"), hmac_sha256(chaining_key, b"refuse"))


@dataclass(frozen=True)
class SessionKeys:
    """The two keys of a session and who they belong to."""

    client_sid: int
    server_sid: int
    client: bytes  # what the client seals with
    server: bytes

    @classmethod
    def derive(cls, client_sid: int, server_sid: int, handshake: noise.Handshake) -> SessionKeys:
        first, second = handshake.split()
        return cls(
            client_sid,
            server_sid,
            hmac_sha256(first, b"client" + handshake.hash),
            hmac_sha256(second, b"server" + handshake.hash),
        )


def mac(key: bytes, data: bytes) -> bytes:
    return hmac_sha256(key, data)[:MAC_BYTES]
