# SPDX-License-Identifier: MIT
"""The Noise Protocol Framework, revision 34, as far as it is needed: XX and NN with pskN modifiers
over 25519, ChaChaPoly and SHA256; both roles, and an onlooker's.

NN is here because published vectors have it. What does not open, and keys of small order, raise
NoiseError; the state is then as before, so a forged message can be ignored.
"""
from __future__ import annotations

import copy
import hashlib
import hmac
import struct

from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.exceptions import RuntimeError as NaclRuntimeError

KEY_BYTES = 32
TAG_BYTES = 16

_PATTERNS: dict[str, list[list[str]]] = {
    "NN": [["e"], ["e", "ee"]],
    "XX": [["e"], ["e", "ee", "s", "es"], ["s", "se"]],
}


class NoiseError(Exception):
    """The message is not what the other side of this handshake can have sent."""


def public_key(secret: bytes) -> bytes:
    return bindings.crypto_scalarmult_base(secret)


def dh(secret: bytes, public: bytes) -> bytes:
    try:
        return bindings.crypto_scalarmult(secret, public)
    except NaclRuntimeError as error:
        raise NoiseError("a public key of small order") from error


def seal(key: bytes, nonce: int, associated: bytes, plain: bytes) -> bytes:
    packed = struct.pack("<4xQ", nonce)
    return bindings.crypto_aead_chacha20poly1305_ietf_encrypt(plain, associated, packed, key)


def unseal(key: bytes, nonce: int, associated: bytes, sealed: bytes) -> bytes:
    packed = struct.pack("<4xQ", nonce)
    if len(sealed) < TAG_BYTES:
        raise NoiseError("shorter than its tag")
    try:
        return bindings.crypto_aead_chacha20poly1305_ietf_decrypt(sealed, associated, packed, key)
    except CryptoError as error:
        raise NoiseError("does not open") from error


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def hkdf(chaining_key: bytes, material: bytes, count: int) -> list[bytes]:
    temporary = hmac_sha256(chaining_key, material)
    outputs: list[bytes] = []
    for number in range(1, count + 1):
        previous = outputs[-1] if outputs else b""
        outputs.append(hmac_sha256(temporary, previous + bytes([number])))
    return outputs


def message_tokens(pattern: str) -> list[list[str]]:
    """The tokens of every message of "XX", "XXpsk3", ...: psk0 begins the first message, pskN ends
    the Nth."""
    base, _, modifier = pattern.partition("psk")
    tokens = copy.deepcopy(_PATTERNS[base])
    if modifier == "0":
        tokens[0].insert(0, "psk")
    elif modifier:
        tokens[int(modifier) - 1].append("psk")
    return tokens


class SymmetricState:
    """Section 5.2 of the specification, with the CipherState of section 5.1 in it."""

    def __init__(self, protocol_name: bytes) -> None:
        padded = protocol_name.ljust(32, b"\0")
        self.h = padded if len(padded) == 32 else hashlib.sha256(protocol_name).digest()
        self.ck = self.h
        self.k = b""
        self.n = 0

    def mix_key(self, material: bytes) -> None:
        self.ck, self.k = hkdf(self.ck, material, 2)
        self.n = 0

    def mix_hash(self, data: bytes) -> None:
        self.h = hashlib.sha256(self.h + data).digest()

    def mix_key_and_hash(self, material: bytes) -> None:
        self.ck, hashed, self.k = hkdf(self.ck, material, 3)
        self.n = 0
        self.mix_hash(hashed)

    def encrypt_and_hash(self, plain: bytes) -> bytes:
        sealed = plain
        if self.k:
            sealed = seal(self.k, self.n, self.h, plain)
            self.n += 1
        self.mix_hash(sealed)
        return sealed

    def decrypt_and_hash(self, sealed: bytes) -> bytes:
        plain = sealed
        if self.k:
            plain = unseal(self.k, self.n, self.h, sealed)
            self.n += 1
        self.mix_hash(sealed)
        return plain

    def split(self) -> tuple[bytes, bytes]:
        first, second = hkdf(self.ck, b"", 2)
        return first, second


class Handshake:
    """One handshake in one role. write() and read() take turns; `done` says that the keys may be
    taken with split()."""

    def __init__(
        self,
        pattern: str,
        *,
        initiator: bool,
        prologue: bytes = b"",
        static: bytes = b"",
        ephemeral: bytes,
        psk: bytes = b"",
    ) -> None:
        self.initiator = initiator
        self.remote_static = b""
        self._static = static
        self._ephemeral = ephemeral
        self._psk = psk
        self._has_psk = "psk" in pattern
        self._remote_ephemeral = b""
        self._tokens = message_tokens(pattern)
        self._state = SymmetricState(f"Noise_{pattern}_25519_ChaChaPoly_SHA256".encode())
        self._state.mix_hash(prologue)

    @property
    def done(self) -> bool:
        return not self._tokens

    @property
    def hash(self) -> bytes:
        return self._state.h

    @property
    def chaining_key(self) -> bytes:
        return self._state.ck

    def set_psk(self, psk: bytes) -> None:
        """For psk3: the key may depend on the static key that message 2 brings."""
        self._psk = psk

    def write(self, payload: bytes = b"") -> bytes:
        state = self._state
        message = b""
        for token in self._tokens.pop(0):
            if token == "e":
                public = public_key(self._ephemeral)
                message += public
                self._mix_ephemeral(public)
            elif token == "s":
                message += state.encrypt_and_hash(public_key(self._static))
            else:
                self._mix_token(token)
        return message + state.encrypt_and_hash(payload)

    def read(self, message: bytes) -> bytes:
        """The payload of a message of the other side."""
        return self._take(message, own=False)

    def retrace(self, message: bytes) -> bytes:
        """The payload of a message that this side has sent, for who looks at a recording."""
        return self._take(message, own=True)

    def split(self) -> tuple[bytes, bytes]:
        """The keys of initiator and responder."""
        return self._state.split()

    def _take(self, message: bytes, own: bool) -> bytes:
        before = copy.deepcopy(self.__dict__)
        try:
            return self._take_tokens(message, own)
        except NoiseError:
            self.__dict__ = before
            raise

    def _take_tokens(self, message: bytes, own: bool) -> bytes:
        state = self._state
        for token in self._tokens.pop(0):
            if token == "e":
                public, message = _cut(message, KEY_BYTES)
                if not own:
                    self._remote_ephemeral = public
                elif public != public_key(self._ephemeral):
                    raise NoiseError("another ephemeral key than the secret's")
                self._mix_ephemeral(public)
            elif token == "s":
                sealed, message = _cut(message, KEY_BYTES + (TAG_BYTES if state.k else 0))
                public = state.decrypt_and_hash(sealed)
                if not own:
                    self.remote_static = public
                elif public != public_key(self._static):
                    raise NoiseError("another static key than the secret's")
            else:
                self._mix_token(token)
        return state.decrypt_and_hash(message)

    def _mix_ephemeral(self, public: bytes) -> None:
        self._state.mix_hash(public)
        if self._has_psk:
            self._state.mix_key(public)

    def _mix_token(self, token: str) -> None:
        if token == "psk":
            self._state.mix_key_and_hash(self._psk)
            return
        whose = token if self.initiator else token[::-1]
        secret = self._ephemeral if whose[0] == "e" else self._static
        public = self._remote_ephemeral if whose[1] == "e" else self.remote_static
        self._state.mix_key(dh(secret, public))


def _cut(message: bytes, size: int) -> tuple[bytes, bytes]:
    if len(message) < size:
        raise NoiseError("too short")
    return message[:size], message[size:]
