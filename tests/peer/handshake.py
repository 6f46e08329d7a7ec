# SPDX-License-Identifier: MIT
"""The client's side of the handshake (docs/PROTOCOL.md, section 3): bytes and times in, bytes out.

It repeats what has no answer, decides on trust before it reveals who it is, and ignores whatever
does not belong to it. The result is the pair of session keys; whether the server has accepted them
shows the first DATA that opens (WELCOME or CLOSE), which is the session's business.
"""
from __future__ import annotations

import hmac
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import keys
import noise
from datagrams import NO_COOKIE, Fini, FiniPayload, Init, Refuse, Resp, RespPayload, Retry

WAIT_FIRST = 0.5
WAIT_GROWTH = 1.5
WAIT_MAX = 3.0
COPY_AFTER = 0.010
GIVE_UP_AFTER = 30.0
REFUSED_PASSWORD = 1


class Step(Enum):
    asking = 1
    proving = 2
    finishing = 3
    refused = 4  # the server says: wrong password
    distrusted = 5  # another static key than the one to be trusted
    silent = 6  # 30 s


ENDED = (Step.refused, Step.distrusted, Step.silent)


@dataclass
class Request:
    """Who logs in, and what he takes along."""

    static: bytes
    payload: Callable[[RespPayload], FiniPayload]
    password: str | None = None
    trusts: Callable[[bytes], bool] = lambda _: True


class Handshake:
    """One log-in. `resp` and `session_keys` are there from the step `finishing` on."""

    def __init__(self, request: Request, now: float, started: float | None = None) -> None:
        self.step = Step.asking
        self.session_keys: keys.SessionKeys | None = None
        self.resp: RespPayload | None = None
        self.server_static = b""
        self.ephemeral = keys.random_secret()
        self._request = request
        self._sid = struct.unpack("<I", os.urandom(4))[0] or 1
        self._nonce = os.urandom(8)
        self._started = now if started is None else started
        self._noise: noise.Handshake | None = None
        self._flags: int | None = None
        self._macs: keys.MacKeys | None = None
        self._opening = b""  # Noise message 1
        opening = noise.public_key(self.ephemeral) + bytes(16)
        self._datagram = Init(self._sid, self._nonce, NO_COOKIE, opening).encode()
        self._tries = 0
        self._due = now
        self._copy_due: float | None = None

    @property
    def client_sid(self) -> int:
        return self._sid

    @property
    def needs_restart(self) -> bool:
        """The server has changed its mind about the password: all has to be new."""
        return self.step is Step.proving and self._flags is None

    @property
    def started(self) -> float:
        return self._started

    def deadline(self) -> float:
        return min(self._due, self._copy_due or self._due)

    def due(self, now: float) -> list[bytes]:
        """What has to be sent now."""
        if self.step in ENDED:
            return []
        if now - self._started >= GIVE_UP_AFTER:
            self.step = Step.silent
            return []
        out: list[bytes] = []
        if self._copy_due is not None and now >= self._copy_due:
            self._copy_due = None
            out.append(self._datagram)
        if now >= self._due:
            self._tries += 1
            self._due = now + min(WAIT_MAX, WAIT_FIRST * WAIT_GROWTH ** (self._tries - 1))
            if self._tries > 1:
                self._copy_due = now + COPY_AFTER
            out.append(self._datagram)
        return out

    def on_retry(self, retry: Retry, now: float) -> None:
        mine = retry.client_sid == self._sid and retry.client_nonce == self._nonce
        if not mine or self.step not in (Step.asking, Step.proving):
            return
        if not retry.versions >> 1 & 1:
            return
        if self._flags is not None and retry.server_flags != self._flags:
            self._flags = None
            return
        if self.step is Step.asking:
            self._flags = retry.server_flags
            self._noise = noise.Handshake(
                keys.PATTERN,
                initiator=True,
                prologue=keys.prologue(self._datagram, retry.server_flags, retry.versions),
                static=self._request.static,
                ephemeral=self.ephemeral,
                psk=keys.NO_PASSWORD,
            )
            self._opening = self._noise.write()
            self._next(Step.proving, b"", now)
        # A later cookie serves the next repetition: answering at once would make a loop.
        self._datagram = Init(self._sid, self._nonce, retry.cookie, self._opening).encode()

    def on_resp(self, resp: Resp, now: float) -> None:
        if self.step is not Step.proving or resp.client_sid != self._sid:
            return
        assert self._noise is not None
        try:
            payload = RespPayload.parse(self._noise.read(resp.noise))
        except noise.NoiseError:
            return
        self.server_static = self._noise.remote_static
        if not self._request.trusts(self.server_static):
            self.step = Step.distrusted
            return
        self.resp = payload
        self._macs = keys.MacKeys.derive(self._noise.chaining_key)
        if self._flags and self._flags & keys.FLAG_PASSWORD:
            password = self._request.password or ""
            self._noise.set_psk(keys.password_key(password, self.server_static))
        last = self._noise.write(self._request.payload(payload).encode())
        unsigned = Fini(payload.server_sid, self._nonce, last, bytes(16)).encode()[:-16]
        fini = unsigned + keys.mac(self._macs.fini, unsigned)
        self.session_keys = keys.SessionKeys.derive(self._sid, payload.server_sid, self._noise)
        self._next(Step.finishing, fini, now)

    def on_refuse(self, refuse: Refuse) -> None:
        mine = refuse.client_sid == self._sid and refuse.client_nonce == self._nonce
        if not mine or self.step is not Step.finishing or self._macs is None:
            return
        expected = keys.mac(self._macs.refuse, refuse.encode()[:16])
        if hmac.compare_digest(expected, refuse.mac) and refuse.code == REFUSED_PASSWORD:
            self.step = Step.refused

    def _next(self, step: Step, datagram: bytes, now: float) -> None:
        self.step = step
        self._datagram = datagram
        self._tries = 0
        self._due = now
        self._copy_due = None
