# SPDX-License-Identifier: MIT
"""A small server of the secure protocol for unit tests: one room, one thread, no sockets, the
caller's clock. It keeps to docs/PROTOCOL.md where the client can see it and does without windows,
limits and time-outs. Not a model of chat-server; it is what the peer is tried against by itself.
"""
from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import frames
import keys
import noise
from channel import ReplayWindow
from datagrams import NO_COOKIE, Data, Fini, FiniPayload, Init, Refuse, Reset, Resp, RespPayload
from datagrams import Retry, parse
from frames import Close, Entry, Frame, Member, Result, RoomAck
from keys import MacKeys, SessionKeys

Address = tuple[str, int]
Out = tuple[Address, bytes]
ROOM = 1
ACK_DELAY_MS = 25
PROBE_AFTER = 0.5
VERSIONS = 2


@dataclass
class Person:
    """A member, over all the keys he has."""

    name: bytes
    static: bytes
    epoch: int
    next_seq: int
    credit: int = 1024
    next_msg_id: int = 1
    first_id: int = 1  # the client has all results before it
    parts: dict[int, bytes] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    probe_at: float = float("inf")


@dataclass
class Peer:
    """A half-open handshake, later a session."""

    address: Address
    nonce: bytes
    keys: SessionKeys
    handshake: noise.Handshake
    resp: bytes
    macs: MacKeys
    person: Person | None = None
    refusal: bytes = b""
    closed: bool = False
    counter: int = 0
    window: ReplayWindow = field(default_factory=lambda: ReplayWindow(512))
    count: int = 0
    size: int = 0
    echo_ts: int = 0
    challenge: bytes = b""
    challenged: Address = ("", 0)


class FakeServer:
    def __init__(self, password: str | None = None, log_epoch: int = 7) -> None:
        self.static = keys.random_secret()
        self.log: dict[int, Entry] = {}
        self.tail = 1  # the oldest kept
        self.head = 1  # what the next one gets
        self.people: list[Person] = []
        self.log_epoch = log_epoch
        self._password = password
        self._secret = os.urandom(32)
        self._reset_key = os.urandom(32)
        self._peers: dict[int, Peer] = {}
        self._old_sids: set[int] = set()
        self._known: dict[tuple[bytes, int], int] = {}
        self._now = 0.0

    def restart(self) -> None:
        """Loses the sessions and keeps what is on disk."""
        self._old_sids |= set(self._peers)
        self._peers.clear()
        self.people.clear()

    def receive(self, source: Address, data: bytes, now: float) -> list[Out]:
        self._now = now
        datagram = parse(data)
        if isinstance(datagram, Init):
            return [(source, answer) for answer in self._on_init(source, datagram, data)]
        if isinstance(datagram, Fini):
            return list(self._on_fini(source, datagram, data))
        if isinstance(datagram, Data):
            return list(self._on_data(source, datagram, data))
        return []

    def poll(self, now: float) -> list[Out]:
        """Probes: what was not acknowledged goes out once more."""
        self._now = now
        out: list[Out] = []
        for peer in self._current_peers():
            assert peer.person is not None
            if now >= peer.person.probe_at and peer.person.next_seq < self.head:
                wanted = range(peer.person.next_seq, self.head)
                out += self._entries(peer, wanted)
                out.append(self._seal(peer, [frames.Head(ROOM, self.head, self.tail)]))
        return out

    # -- handshake

    def _flags(self) -> int:
        return keys.FLAG_PASSWORD if self._password is not None else 0

    def _cookie(self, source: Address, init: Init) -> bytes:
        covered = repr((source, init.client_sid)).encode() + init.client_nonce + init.noise[:32]
        return bytes(8) + hashlib.blake2b(covered, key=self._secret, digest_size=16).digest()

    def _on_init(self, source: Address, init: Init, data: bytes) -> Iterator[bytes]:
        cookie = self._cookie(source, init)
        if init.cookie == NO_COOKIE or init.cookie != cookie:
            retry = Retry(self._flags(), init.client_sid, init.client_nonce, cookie, VERSIONS)
            yield retry.encode()
            return
        for peer in self._peers.values():
            if peer.nonce == init.client_nonce and peer.address == source:
                yield peer.resp
                return
        handshake = noise.Handshake(
            keys.PATTERN,
            initiator=False,
            prologue=keys.prologue(data, self._flags(), VERSIONS),
            static=self.static,
            ephemeral=keys.random_secret(),
            psk=keys.NO_PASSWORD,
        )
        try:
            if handshake.read(init.noise):
                return
        except noise.NoiseError:
            return
        server_sid = int.from_bytes(os.urandom(4), "little") or 1
        payload = RespPayload(self.log_epoch, ACK_DELAY_MS, 25, 180, server_sid).encode()
        resp = Resp(init.client_sid, server_sid, handshake.write(payload)).encode()
        macs = MacKeys.derive(handshake.chaining_key)
        if self._password is not None:
            own = noise.public_key(self.static)
            handshake.set_psk(keys.password_key(self._password, own))
        unset = SessionKeys(init.client_sid, server_sid, b"", b"")
        self._peers[server_sid] = Peer(source, init.client_nonce, unset, handshake, resp, macs)
        yield resp

    def _on_fini(self, source: Address, fini: Fini, data: bytes) -> Iterator[Out]:
        peer = self._peers.get(fini.server_sid)
        if peer is None or source != peer.address:
            return
        if keys.mac(peer.macs.fini, data[:240]) != fini.mac:
            return
        if peer.refusal:
            yield source, peer.refusal
        elif peer.person is not None:
            yield self._seal(peer, [self._welcome(peer, resumed=False)])
        else:
            yield from self._first_fini(peer, fini)

    def _first_fini(self, peer: Peer, fini: Fini) -> Iterator[Out]:
        sid = peer.keys.client_sid
        try:
            payload = FiniPayload.parse(peer.handshake.read(fini.noise))
        except noise.NoiseError:
            head = Refuse(1, sid, peer.nonce, bytes(16)).encode()[:16]
            peer.refusal = head + keys.mac(peer.macs.refuse, head)
            yield peer.address, peer.refusal
            return
        peer.keys = SessionKeys.derive(sid, peer.keys.server_sid, peer.handshake)
        static = peer.handshake.remote_static
        same = [person for person in self.people if person.name == payload.name]
        if same and same[0].static != static:
            peer.refusal = self._seal(peer, [Close(4)])[1]
            yield peer.address, peer.refusal
            return
        known = (static, payload.client_epoch) in self._known
        resumed = payload.log_epoch == self.log_epoch and 0 < payload.next_seq <= self.head
        out: list[Out] = []
        if same:
            person = same[0]
        else:
            person = Person(payload.name, static, payload.client_epoch, 0)
            person.next_msg_id = person.first_id = self._next_msg_id(static, payload)
            out = self._append(Entry(frames.JOIN, 0, self._time(), payload.name, b""))
            self.people.append(person)
        person.next_seq = payload.next_seq if resumed else self.head
        self._known.setdefault((static, payload.client_epoch), person.next_msg_id)
        peer.person = person
        yield self._seal(peer, [self._welcome(peer, resumed, known)])
        yield from out

    def forget_epochs(self) -> None:
        """As if a day had gone by."""
        self._known.clear()

    def _next_msg_id(self, static: bytes, payload: FiniPayload) -> int:
        unknown = payload.acked_msg_id + 33 if payload.log_epoch == self.log_epoch else 1
        return self._known.get((static, payload.client_epoch), unknown)

    def _welcome(self, peer: Peer, resumed: bool, known: bool = True) -> frames.Welcome:
        assert peer.person is not None
        person = peer.person
        flags = known * frames.WELCOME_EPOCH_KNOWN | resumed * frames.WELCOME_RESUMED
        token = self._token(peer.keys.server_sid)
        return frames.Welcome(
            ROOM,
            person.next_seq,
            self.head,
            self.tail,
            person.next_msg_id,
            flags,
            token,
            person.name,
        )

    def _token(self, sid: int) -> bytes:
        covered = sid.to_bytes(4, "little")
        return hashlib.blake2b(covered, key=self._reset_key, digest_size=16).digest()

    # -- sessions

    def _on_data(self, source: Address, data: Data, raw: bytes) -> Iterator[Out]:
        peer = self._peers.get(data.receiver_sid)
        if peer is None:
            if data.receiver_sid in self._old_sids:
                yield source, Reset(data.receiver_sid, self._token(data.receiver_sid)).encode()
            return
        if peer.person is None or not peer.window.is_new(data.counter):
            return
        try:
            plain = noise.unseal(peer.keys.client, data.counter, data.header(), data.sealed)
            newest = data.counter > peer.window.highest
            peer.window.note(data.counter)
            content = frames.decode(plain, from_client=True)
        except (noise.NoiseError, frames.Malformed):
            return
        peer.count += 1
        peer.size += len(raw)
        peer.echo_ts = data.ts if newest else peer.echo_ts
        if peer.closed:
            yield self._seal(peer, [Close(1)])
            return
        for frame in content:
            if isinstance(frame, frames.PathResponse) and frame.data == peer.challenge:
                peer.address, peer.challenge = peer.challenged, b""
        if newest and source != peer.address:
            if not peer.challenge or peer.challenged != source:
                # Not a new one for each datagram: no answer would ever be to the latest.
                peer.challenged, peer.challenge = source, os.urandom(8)
            yield source, self._seal(peer, [frames.PathChallenge(peer.challenge)])[1]
        yield from self._on_frames(peer, content)

    def _on_frames(self, peer: Peer, content: list[Frame]) -> Iterator[Out]:
        answer: list[Frame] = []
        out: list[Out] = []
        if frames.asks_for_ack(content):
            answer.append(
                frames.PktAck(peer.window.highest, peer.echo_ts, 0, peer.count, peer.size)
            )
        for frame in content:
            if isinstance(frame, frames.MsgFrom) and peer.person is not None:
                peer.person.first_id = max(peer.person.first_id, frame.first_id)
            elif isinstance(frame, frames.Msg):
                out += self._on_msg(peer, frame)
            elif isinstance(frame, RoomAck):
                out += self._on_room_ack(peer, frame)
            elif isinstance(frame, frames.MembersWanted):
                answer.append(self._members(frame))
            elif isinstance(frame, frames.Ping):
                answer.append(frames.Head(ROOM, self.head, self.tail))
            elif isinstance(frame, Close):
                out += self._leave(peer)
                answer.append(Close(1))
        person = peer.person
        if person is not None and any(isinstance(frame, frames.Msg) for frame in content):
            have = sum(1 << part for part in person.parts)
            results = tuple(r for r in person.results if r.msg_id >= person.first_id)
            answer.append(frames.MsgAck(person.next_msg_id, have, results))
        if answer:
            yield self._seal(peer, answer)
        yield from out

    def _on_msg(self, peer: Peer, msg: frames.Msg) -> list[Out]:
        person = peer.person
        assert person is not None
        if msg.msg_id != person.next_msg_id:
            return []
        person.parts[msg.part] = msg.data
        if len(person.parts) < msg.parts:
            return []
        text = b"".join(person.parts[part] for part in range(msg.parts))
        person.results.append(Result(msg.msg_id, ROOM, self.head, 0))
        person.parts.clear()
        person.next_msg_id += 1
        self._known[person.static, person.epoch] = person.next_msg_id
        return self._append(Entry(frames.MESSAGE, 0, self._time(), person.name, text))

    def _on_room_ack(self, peer: Peer, ack: RoomAck) -> list[Out]:
        person = peer.person
        assert person is not None
        person.next_seq = max(person.next_seq, ack.next_seq)
        person.credit = ack.credit
        if person.next_seq == self.head:
            person.probe_at = float("inf")
        out: list[Out] = []
        for gap in ack.gaps:
            first = ack.next_seq + gap.offset
            out += self._entries(peer, range(first, first + gap.count), gap.have)
        return out

    def _leave(self, peer: Peer) -> list[Out]:
        peer.closed = True
        if peer.person not in self.people:
            return []
        self.people.remove(peer.person)
        return self._append(Entry(frames.LEAVE, 0, self._time(), peer.person.name, b""))

    def _members(self, wanted: frames.MembersWanted) -> frames.Members:
        names = sorted(person.name for person in self.people if person.name > wanted.after)
        page = tuple(Member(0, name) for name in names[:2])
        return frames.Members(ROOM, self.head, int(len(names) <= 2), wanted.after, page)

    def announce(self, text: bytes, now: float) -> list[Out]:
        self._now = now
        return self._append(Entry(frames.ANNOUNCEMENT, 0, self._time(), b"", text))

    def _append(self, entry: Entry) -> list[Out]:
        seq, self.head = self.head, self.head + 1
        self.log[seq] = entry
        out: list[Out] = []
        for peer in self._current_peers():
            out += self._entries(peer, range(seq, seq + 1))
        return out

    def _current_peers(self) -> list[Peer]:
        latest = {id(p.person): p for p in self._peers.values() if p.person in self.people}
        return list(latest.values())

    def _entries(self, peer: Peer, wanted: range, have: int = 0) -> Iterator[Out]:
        assert peer.person is not None
        peer.person.probe_at = self._now + PROBE_AFTER
        for seq in wanted:
            if self.head <= seq or peer.person.credit == 0:
                return
            if seq < self.tail:
                yield self._seal(peer, [frames.Gone(ROOM, seq, self.tail - 1)])
                continue
            packed = self.log[seq].encode()
            if len(packed) <= frames.ENTRY_MAX:
                yield self._seal(peer, [frames.Events(ROOM, seq, (self.log[seq],))])
                continue
            parts = frames.split_parts(packed)
            for part, data in enumerate(parts):
                if not have >> part & 1:
                    yield self._seal(peer, [frames.EventPart(ROOM, seq, part, len(parts), data)])

    def _seal(self, peer: Peer, content: list[Frame]) -> Out:
        data = Data(int(self._now * 1000) & 0xFFFF, peer.keys.client_sid, peer.counter, b"")
        sealed = noise.seal(peer.keys.server, peer.counter, data.header(), frames.encode(content))
        peer.counter += 1
        return peer.address, data.header() + sealed

    def _time(self) -> int:
        return int(self._now * 1000)
