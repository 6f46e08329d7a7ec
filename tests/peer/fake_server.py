# SPDX-License-Identifier: MIT
"""A small server of the secure protocol for unit tests: one thread, no sockets, the caller's clock.
It keeps to docs/PROTOCOL.md where the client can see it and does without windows, limits and
time-outs. Not a model of chat-server; it is what the peer is tried against by itself.
"""
from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

import frames
import keys
import noise
from datagrams import NO_COOKIE, Data, Fini, FiniPayload, Init, Refuse, Reset, Resp, RespPayload
from datagrams import Retry, parse
from fake_rooms import FakeRooms, Person, Program
from fake_service import Address, FakeService, Out, Peer, Seat
from frames import Close, Frame
from keys import MacKeys, SessionKeys

ACK_DELAY_MS = 25
VERSIONS = 2


class FakeServer(FakeService):
    def __init__(self, password: str | None = None, log_epoch: int = 7) -> None:
        super().__init__()
        self.static = keys.random_secret()
        self.log_epoch = log_epoch
        self._password = password
        self._secret = os.urandom(32)
        self._reset_key = os.urandom(32)
        self._old_sids: set[int] = set()

    def restart(self) -> None:
        """Loses the sessions and keeps what is on disk."""
        self._old_sids |= set(self._peers)
        self._peers.clear()

    def lose_everything(self, log_epoch: int) -> None:
        self.restart()
        self.rooms = FakeRooms()
        self.log_epoch = log_epoch

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
            yield self._seal(peer, self._welcome(peer, resumed=False))
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
        person = self.rooms.person(payload.name)
        if person is None:
            person = Person(payload.name, static)
            self.rooms.people.append(person)
        if person.static != static:
            peer.refusal = self._seal(peer, [Close(4)])[1]
            yield peer.address, peer.refusal
            return
        known = payload.client_epoch in person.programs
        if not known:
            first = payload.acked_msg_id + 33 if payload.log_epoch == self.log_epoch else 1
            person.programs[payload.client_epoch] = Program(payload.client_epoch, first, first)
        peer.person, peer.program = person, person.programs[payload.client_epoch]
        peer.landing = self.rooms.named(payload.room or b"lobby").number
        before = self._peers.get(payload.prev_server_sid)
        if before is not None and before.program is peer.program:
            peer.seats = before.seats
            yield self._seal(peer, self._welcome(peer, False, known))
            return
        out = self._come(peer)
        resumed = self._resume(peer, payload)
        yield self._seal(peer, self._welcome(peer, resumed, known))
        for number in peer.seats:
            if number != peer.landing:
                yield self._seal(peer, [self._room(peer, number)])
        yield from out

    def _come(self, peer: Peer) -> list[Out]:
        """Into the rooms that are his, and into the one where he lands."""
        person = peer.person
        assert person is not None
        out: list[Out] = []
        if not person.is_here:
            person.is_here = True
            for number in person.cursors:
                out += self._append(self.rooms.all[number], self._note(frames.JOIN, person))
        for number, next_seq in person.cursors.items():
            peer.seats[number] = Seat(next_seq, is_new=False)
        if peer.landing not in person.cursors:
            out += self._enter(person, self.rooms.all[peer.landing])
        return out

    def _resume(self, peer: Peer, payload: FiniPayload) -> bool:
        """Whether he goes on in the landing room where his program says."""
        head = self.rooms.all[peer.landing].head
        good = payload.log_epoch == self.log_epoch and 0 < payload.next_seq <= head
        if good:
            peer.seats[peer.landing].next_seq = payload.next_seq
        return good

    def forget_epochs(self) -> None:
        """As if a day had gone by."""
        for person in self.rooms.people:
            person.programs.clear()

    def _welcome(self, peer: Peer, resumed: bool, known: bool = True) -> list[Frame]:
        assert peer.person is not None and peer.program is not None
        flags = known * frames.WELCOME_EPOCH_KNOWN | resumed * frames.WELCOME_RESUMED
        token = self._token(peer.keys.server_sid)
        next_msg_id = peer.program.next_msg_id
        welcome = frames.Welcome(next_msg_id, flags, token, peer.landing, peer.person.name)
        return [welcome, self._room(peer, peer.landing)]

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
