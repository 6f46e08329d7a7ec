# SPDX-License-Identifier: MIT
"""Looks at a recorded session with the client's secrets in hand, and checks every rule that can be
seen from outside: layouts, zeros, macs, repetitions, counters, frames, acknowledgements.

A recording is a list of (way, datagram) in the order in which one place on the way saw them, with
"up" for what the client sent; a datagram that was lost behind that place is in it. What is wrong
comes out as sentences in `problems`; nothing raises.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import datagrams
import frames
import keys
import noise
from datagrams import Data, Datagram, Fini, FiniPayload, Init, Refuse, Reset, Resp, RespPayload
from datagrams import Retry, stray_bytes
from frames import Frame
from keys import SessionKeys

UP, DOWN = "up", "down"
F = TypeVar("F")


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


@dataclass
class Way:
    """One direction of one session."""

    key: bytes
    sid: int  # of the receiver
    seen: dict[int, bytes] = field(default_factory=dict)
    ts: dict[int, int] = field(default_factory=dict)
    size: int = 0
    acked: int = -1
    acked_count: int = 0


@dataclass(frozen=True)
class Decoded:
    """One datagram that was opened."""

    way: str
    counter: int
    frames: tuple[Frame, ...]
    size: int


class Decoder:
    """Takes a recording datagram by datagram."""

    def __init__(self, secrets: Secrets) -> None:
        self.problems: list[str] = []
        self.decoded: list[Decoded] = []
        self.attempts: list[Attempt] = []
        self.kinds: Counter[str] = Counter()
        self.unopened = 0
        self._secrets = secrets
        self._ways: dict[tuple[str, int], Way] = {}
        self._opposite: dict[tuple[str, int], Way] = {}
        self._entries: dict[tuple[int, int, int], object] = {}
        self._messages: dict[tuple[int, int], bytes] = {}
        self._highest_msg = 0
        self._first_id = 1  # the client has all results before it
        self._welcomed: set[int] = set()
        self._next_seq = 0
        self._log_epoch: int | None = None
        self._number = 0

    def run(self, recording: Iterable[tuple[str, bytes]]) -> Decoder:
        for way, data in recording:
            self.take(way, data)
        return self

    def add_keys(self, session_keys: SessionKeys) -> None:
        """For a recording that begins after the handshake."""
        up = Way(session_keys.client, session_keys.server_sid)
        down = Way(session_keys.server, session_keys.client_sid)
        self._ways[UP, up.sid], self._ways[DOWN, down.sid] = up, down
        self._opposite[UP, up.sid], self._opposite[DOWN, down.sid] = down, up

    def take(self, way: str, data: bytes) -> None:
        self._number += 1
        datagram = datagrams.parse(data)
        if datagram is None:
            self._wrong(f"no datagram: {len(data)} bytes, {data[:16].hex()}")
            return
        self.kinds[f"{way} {type(datagram).__name__}"] += 1
        if not datagrams.may_come_from(datagram, way == UP):
            self._wrong(f"{type(datagram).__name__} from the wrong side")
        elif isinstance(datagram, Data):
            self._data(way, datagram, data)
        elif stray_bytes(data, datagram):
            self._wrong(f"{type(datagram).__name__}: a field called zero is not")
        else:
            self._handshake(datagram, data)

    def _wrong(self, what: str) -> None:
        self.problems.append(f"datagram {self._number}: {what}")

    # -- handshake

    def _handshake(self, datagram: Datagram, data: bytes) -> None:
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
        elif isinstance(datagram, Reset) and (UP, datagram.receiver_sid) not in self._ways:
            self._wrong("RESET for a sid that nobody used")

    def _attempt(self, sid: int) -> Attempt | None:
        return next((a for a in reversed(self.attempts) if a.init.client_sid == sid), None)

    def _init(self, init: Init, data: bytes) -> None:
        attempt = self._attempt(init.client_sid)
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
        elif any(old.init.noise[:32] == init.noise[:32] for old in self.attempts):
            self._wrong("an ephemeral key is used again")
        elif any(old.init.client_nonce == init.client_nonce for old in self.attempts):
            self._wrong("a nonce is used again")
        else:
            self.attempts.append(Attempt(init, ephemeral))

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
        attempt = self._attempt(retry.client_sid)
        if attempt is None or attempt.init.client_nonce != retry.client_nonce:
            self._wrong("RETRY for no INIT")
            return
        if retry.versions != 2 or retry.server_flags & ~keys.FLAG_PASSWORD:
            self._wrong("RETRY has flags or versions that do not exist")
        attempt.retries.append(retry)

    def _resp(self, resp: Resp, data: bytes) -> None:
        attempt = self._attempt(resp.client_sid)
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
        if attempt.server_sid == 0 or (UP, attempt.server_sid) in self._ways:
            self._wrong("server_sid is zero or used already")
        if attempt.server_sid != resp.server_sid:
            self._wrong("two different server_sids in RESP")
        if attempt.resp_payload.log_epoch != self._log_epoch:
            self._log_epoch, self._next_seq = attempt.resp_payload.log_epoch, 0
            self._entries.clear()
        if attempt.resp_payload.encode() != payload:
            self._wrong("RESP's payload: a field called zero is not")
        assert attempt.handshake is not None
        attempt.macs = keys.MacKeys.derive(attempt.handshake.chaining_key)
        if attempt.flags & keys.FLAG_PASSWORD:
            static = attempt.handshake.remote_static
            attempt.handshake.set_psk(keys.password_key(self._secrets.password or "", static))

    def _fini(self, fini: Fini, data: bytes) -> None:
        attempt = next((a for a in self.attempts if a.server_sid == fini.server_sid), None)
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
        self.add_keys(
            SessionKeys.derive(attempt.init.client_sid, fini.server_sid, attempt.handshake)
        )

    def _refuse(self, refuse: Refuse) -> None:
        attempt = self._attempt(refuse.client_sid)
        if attempt is None or not attempt.fini or attempt.macs is None:
            self._wrong("REFUSE for no FINI")
            return
        if refuse.client_nonce != attempt.init.client_nonce or refuse.code != 1:
            self._wrong("REFUSE's nonce or code")
        if keys.mac(attempt.macs.refuse, refuse.encode()[:16]) != refuse.mac:
            self._wrong("REFUSE's mac")

    # -- session

    def _data(self, way: str, data: Data, raw: bytes) -> None:
        where = self._ways.get((way, data.receiver_sid))
        if where is None:
            self.unopened += 1
            return
        if raw[1]:
            self._wrong("DATA: a field called zero is not")
        if data.counter in where.seen:
            if where.seen[data.counter] != raw:
                self._wrong(f"{way}: counter {data.counter} is used for two datagrams")
            return
        try:
            plain = noise.unseal(where.key, data.counter, data.header(), data.sealed)
        except noise.NoiseError:
            self.unopened += 1
            return
        where.seen[data.counter] = raw
        where.ts[data.counter] = data.ts
        where.size += len(raw)
        try:
            content = frames.decode(plain, from_client=way == UP)
        except frames.Malformed as error:
            self._wrong(f"{way}: frames: {error}: {plain.hex()}")
            return
        if frames.encode(content) != plain:
            self._wrong(f"{way}: not the canonical form: {plain.hex()}")
        self.decoded.append(Decoded(way, data.counter, tuple(content), len(raw)))
        for frame in content:
            self._frame(way, data.receiver_sid, frame)

    def _frame(self, way: str, sid: int, frame: Frame) -> None:
        if isinstance(frame, frames.PktAck):
            self._pkt_ack(self._opposite[way, sid], frame)
        elif isinstance(frame, frames.Msg):
            self._highest_msg = max(self._highest_msg, frame.msg_id)
            self._same(self._messages, (frame.msg_id, frame.part), frame.data, "a message's part")
        elif isinstance(frame, frames.MsgFrom):
            self._first_id = max(self._first_id, frame.first_id)
        elif isinstance(frame, frames.Welcome):
            self._welcome(sid, frame)
        elif isinstance(frame, frames.MsgAck):
            self._msg_ack(frame)
        elif isinstance(frame, frames.Events):
            for seq, entry in enumerate(frame.entries, frame.first_seq):
                self._same(self._entries, (frame.room, seq, -1), entry, f"entry {seq}")
        elif isinstance(frame, frames.EventPart):
            key = (frame.room, frame.seq, frame.part)
            self._same(self._entries, key, (frame.parts, frame.data), f"part of entry {frame.seq}")
        elif isinstance(frame, frames.RoomAck):
            if frame.next_seq < self._next_seq:
                self._wrong(f"ROOM_ACK goes back from {self._next_seq} to {frame.next_seq}")
            self._next_seq = max(self._next_seq, frame.next_seq)

    def _welcome(self, sid: int, welcome: frames.Welcome) -> None:
        if sid in self._welcomed:
            return
        self._welcomed.add(sid)
        attempt = self._attempt(sid)
        known = welcome.flags & frames.WELCOME_EPOCH_KNOWN
        if not known or welcome.next_msg_id > self._highest_msg + 1:  # ids go on from there
            self._messages.clear()
            self._highest_msg, self._first_id = 0, welcome.next_msg_id
        elif attempt is not None and attempt.fini_payload is not None:
            self._first_id = max(self._first_id, attempt.fini_payload.acked_msg_id + 1)
        self._highest_msg = max(self._highest_msg, welcome.next_msg_id - 1)

    def _msg_ack(self, ack: frames.MsgAck) -> None:
        if ack.next_msg_id > self._highest_msg + 1:
            self._wrong(f"MSG_ACK: next {ack.next_msg_id}, sent {self._highest_msg}")
        least = max(self._first_id, ack.next_msg_id - frames.RESULTS_MAX)
        missing = set(range(least, ack.next_msg_id)) - {r.msg_id for r in ack.results}
        if missing:
            self._wrong(f"MSG_ACK: next {ack.next_msg_id} without the results of {missing}")

    def _same(self, table: dict[Any, Any], key: object, value: object, what: str) -> None:
        if table.setdefault(key, value) != value:
            self._wrong(f"{what} has changed")

    def _pkt_ack(self, sent: Way, ack: frames.PktAck) -> None:
        if ack.largest not in sent.ts:
            self._wrong(f"PKT_ACK of {ack.largest}, which was not sent")
        elif sent.ts[ack.largest] != ack.echo_ts:
            self._wrong(f"PKT_ACK of {ack.largest} echoes another ts")
        if ack.count > min(len(sent.seen), ack.largest + 1) or ack.count == 0:
            self._wrong(f"PKT_ACK counts {ack.count} of {len(sent.seen)}")
        if not 48 * ack.count <= ack.size <= sent.size:
            self._wrong(f"PKT_ACK: {ack.size} bytes of {sent.size} in {ack.count} datagrams")

    # -- the end

    def finish(self) -> list[str]:
        """What can only be said of a whole recording: no counter was left out."""
        for (way, sid), where in self._ways.items():
            if where.seen and max(where.seen) + 1 != len(where.seen):
                self.problems.append(f"{way} {sid:08x}: {len(where.seen)} of {max(where.seen) + 1}")
        return self.problems

    def of(self, way: str, kind: type[F]) -> list[F]:
        """All frames of a kind that went one way."""
        return [f for d in self.decoded if d.way == way for f in d.frames if isinstance(f, kind)]
