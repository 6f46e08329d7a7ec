# SPDX-License-Identifier: MIT
"""The handshakes of a recorded session (decoder.py), each checked with the client's secrets."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import datagrams
import keys
import noise
from datagrams import Datagram, Fini, FiniPayload, Init, Refuse, Resp, RespPayload, Retry
from keys import SessionKeys


@dataclass(frozen=True)
class Secrets:
    """What the client knows. The ephemeral secrets are those of all its handshakes."""

    static: bytes
    ephemerals: Sequence[bytes]
    password: str | None = None


@dataclass
class Attempt:
    """One handshake."""

    init: Init
    ephemeral: bytes
    proof: bytes = b""  # Noise message 1
    retries: list[Retry] = field(default_factory=list)
    handshake: noise.Handshake | None = None
    flags: int = 0
    resp: bytes = b""
    server_sid: int = 0
    macs: keys.MacKeys | None = None
    fini: bytes = b""
    fini_payload: FiniPayload | None = None
    resp_payload: RespPayload | None = None


class Attempts:
    """`wrong` hears of what is not right, `on_keys` and `on_log` of what comes out."""

    def __init__(
        self,
        secrets: Secrets,
        wrong: Callable[[str], None],
        on_keys: Callable[[SessionKeys], None],
        on_log: Callable[[int], None],
    ) -> None:
        self.all: list[Attempt] = []
        self._secrets = secrets
        self._wrong = wrong
        self._on_keys = on_keys
        self._on_log = on_log
        self._used: set[int] = set()

    def take(self, datagram: Datagram, data: bytes) -> None:
        if isinstance(datagram, Init):
            self._init(datagram, data)
        elif isinstance(datagram, Retry):
            self._retry(datagram)
        elif isinstance(datagram, Resp):
            self._resp(datagram, data)
        elif isinstance(datagram, Fini):
            self._fini(datagram, data)
        elif isinstance(datagram, Refuse):
            self._refuse(datagram)

    def of(self, sid: int) -> Attempt | None:
        return next((a for a in reversed(self.all) if a.init.client_sid == sid), None)

    def _init(self, init: Init, data: bytes) -> None:
        attempt = self.of(init.client_sid)
        if init.cookie == datagrams.NO_COOKIE:
            if attempt is None:
                self._first_init(init)
            elif attempt.init != init:
                self._wrong("a repeated INIT is another one")
            return
        if attempt is None or attempt.init.client_nonce != init.client_nonce:
            self._wrong("INIT with a cookie for another handshake")
            return
        retry = next((r for r in attempt.retries if r.cookie == init.cookie), None)
        if retry is None:
            self._wrong("INIT with a cookie that no RETRY brought")
        elif attempt.handshake is None:
            self._proof(attempt, retry, init, data)
        elif init.noise != attempt.proof:
            self._wrong("a repeated INIT with cookie has another Noise message")

    def _first_init(self, init: Init) -> None:
        if init.client_sid == 0:
            self._wrong("client_sid is zero")
        if any(init.noise[32:]):
            self._wrong("INIT without cookie: the bytes at 72 are not zero")
        known = {noise.public_key(secret): secret for secret in self._secrets.ephemerals}
        ephemeral = known.get(init.noise[:32])
        if ephemeral is None:
            self._wrong("an ephemeral key whose secret is not known")
        elif any(old.init.noise[:32] == init.noise[:32] for old in self.all):
            self._wrong("an ephemeral key is used again")
        elif any(old.init.client_nonce == init.client_nonce for old in self.all):
            self._wrong("a nonce is used again")
        else:
            self.all.append(Attempt(init, ephemeral))

    def _proof(self, attempt: Attempt, retry: Retry, init: Init, data: bytes) -> None:
        attempt.flags = retry.server_flags
        attempt.proof = init.noise
        attempt.handshake = noise.Handshake(
            keys.PATTERN,
            initiator=True,
            prologue=keys.prologue(data, retry.server_flags, retry.versions),
            static=self._secrets.static,
            ephemeral=attempt.ephemeral,
            psk=keys.NO_PASSWORD,
        )
        self._take_message(attempt, init.noise, own=True, size=0, what="message 1")

    def _take_message(
        self, attempt: Attempt, message: bytes, own: bool, size: int, what: str
    ) -> bytes | None:
        assert attempt.handshake is not None
        try:
            read = attempt.handshake.retrace if own else attempt.handshake.read
            payload = read(message)
        except noise.NoiseError as error:
            self._wrong(f"Noise {what}: {error}")
            return None
        if len(payload) != size:
            self._wrong(f"Noise {what} has a payload of {len(payload)} bytes")
            return None
        return payload

    def _retry(self, retry: Retry) -> None:
        attempt = self.of(retry.client_sid)
        if attempt is None or attempt.init.client_nonce != retry.client_nonce:
            self._wrong("RETRY for no INIT")
            return
        if retry.versions != 2 or retry.server_flags & ~keys.FLAG_PASSWORD:
            self._wrong("RETRY has flags or versions that do not exist")
        attempt.retries.append(retry)

    def _resp(self, resp: Resp, data: bytes) -> None:
        attempt = self.of(resp.client_sid)
        if attempt is None or attempt.handshake is None:
            self._wrong("RESP for no INIT with cookie")
        elif attempt.resp:
            # Once FINI has come the server may have forgotten the INIT, and begin anew.
            if attempt.resp != data and not attempt.fini:
                self._wrong("a repeated RESP is another one")
        else:
            attempt.resp = data
            self._first_resp(attempt, resp)

    def _first_resp(self, attempt: Attempt, resp: Resp) -> None:
        payload = self._take_message(attempt, resp.noise, own=False, size=32, what="message 2")
        if payload is None:
            return
        attempt.resp_payload = RespPayload.parse(payload)
        attempt.server_sid = attempt.resp_payload.server_sid
        if attempt.server_sid == 0 or attempt.server_sid in self._used:
            self._wrong("server_sid is zero or used already")
        self._used.add(attempt.server_sid)
        if attempt.server_sid != resp.server_sid:
            self._wrong("two different server_sids in RESP")
        self._on_log(attempt.resp_payload.log_epoch)
        if attempt.resp_payload.encode() != payload:
            self._wrong("RESP's payload: a field called zero is not")
        assert attempt.handshake is not None
        attempt.macs = keys.MacKeys.derive(attempt.handshake.chaining_key)
        if attempt.flags & keys.FLAG_PASSWORD:
            static = attempt.handshake.remote_static
            attempt.handshake.set_psk(keys.password_key(self._secrets.password or "", static))

    def _fini(self, fini: Fini, data: bytes) -> None:
        attempt = next((a for a in self.all if a.server_sid == fini.server_sid), None)
        if attempt is None or attempt.macs is None:
            self._wrong("FINI for no RESP")
        elif attempt.fini:
            if attempt.fini != data:
                self._wrong("a repeated FINI is another one")
        else:
            attempt.fini = data
            self._first_fini(attempt, fini, data)

    def _first_fini(self, attempt: Attempt, fini: Fini, data: bytes) -> None:
        assert attempt.macs is not None and attempt.handshake is not None
        if fini.client_nonce != attempt.init.client_nonce:
            self._wrong("FINI's nonce")
        if keys.mac(attempt.macs.fini, data[:240]) != fini.mac:
            self._wrong("FINI's mac")
        payload = self._take_message(attempt, fini.noise, own=True, size=160, what="message 3")
        if payload is None:
            return
        try:
            attempt.fini_payload = FiniPayload.parse(payload)
        except ValueError as error:
            self._wrong(f"FINI's payload: {error}")
            return
        if attempt.fini_payload.encode() != payload:
            self._wrong("FINI's payload: a field called zero is not")
        self._on_keys(
            SessionKeys.derive(attempt.init.client_sid, fini.server_sid, attempt.handshake)
        )

    def _refuse(self, refuse: Refuse) -> None:
        attempt = self.of(refuse.client_sid)
        if attempt is None or not attempt.fini or attempt.macs is None:
            self._wrong("REFUSE for no FINI")
            return
        if refuse.client_nonce != attempt.init.client_nonce or refuse.code != 1:
            self._wrong("REFUSE's nonce or code")
        if keys.mac(attempt.macs.refuse, refuse.encode()[:16]) != refuse.mac:
            self._wrong("REFUSE's mac")
