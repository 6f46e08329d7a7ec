# SPDX-License-Identifier: MIT
"""What the fake server does for those who are logged in: entries, messages, rooms, answers. It
repeats what is not acknowledged, and sends everything at once.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import frames
import noise
from channel import ReplayWindow
from datagrams import Data
from fake_rooms import LOBBY, FakeRoom, FakeRooms, Person, Program
from frames import CONVERSATION, NAMED, Close, Entry, Frame, Result, RoomAck
from keys import MacKeys, SessionKeys

Address = tuple[str, int]
Out = tuple[Address, bytes]
PROBE_AFTER = 0.5


@dataclass
class Seat:
    """Where a session is in one room."""

    next_seq: int
    is_new: bool
    acked: bool = False
    began: int = 0  # what is below is history
    sent: int = 0  # what is below was sent, or is history
    credit: int = 1024
    probe_at: float = 0.0


@dataclass(eq=False)
class Peer:
    """A half-open handshake, later a session."""

    address: Address
    nonce: bytes
    keys: SessionKeys
    handshake: noise.Handshake
    resp: bytes
    macs: MacKeys
    person: Person | None = None
    program: Program | None = None
    landing: int = LOBBY
    seats: dict[int, Seat] = field(default_factory=dict)
    refusal: bytes = b""
    closed: bool = False
    counter: int = 0
    window: ReplayWindow = field(default_factory=lambda: ReplayWindow(512))
    count: int = 0
    size: int = 0
    echo_ts: int = 0
    challenge: bytes = b""
    challenged: Address = ("", 0)


class FakeService:
    def __init__(self) -> None:
        self.rooms = FakeRooms()
        self._peers: dict[int, Peer] = {}
        self._now = 0.0

    @property
    def lobby(self) -> FakeRoom:
        return self.rooms.all[LOBBY]

    def poll(self, now: float) -> list[Out]:
        """Probes: what was not acknowledged goes out once more."""
        self._now = now
        out: list[Out] = []
        for peer in self._current_peers():
            for number, seat in list(peer.seats.items()):
                room = self.rooms.all[number]
                if now < seat.probe_at or (seat.acked and seat.next_seq == room.head):
                    continue
                seat.probe_at = now + PROBE_AFTER
                if not seat.acked:
                    out.append(self._seal(peer, [self._room(peer, number)]))
                out += self._entries(peer, room, range(seat.next_seq, room.head))
                out.append(self._seal(peer, [self._head(peer, number)]))
        return out

    def _on_frames(self, peer: Peer, content: list[Frame]) -> Iterator[Out]:
        answer: list[Frame] = []
        out: list[Out] = []
        if frames.asks_for_ack(content):
            answer.append(
                frames.PktAck(peer.window.highest, peer.echo_ts, 0, peer.count, peer.size)
            )
        for frame in content:
            if isinstance(frame, frames.MsgFrom):
                assert peer.program is not None
                peer.program.first_id = max(peer.program.first_id, frame.first_id)
            elif isinstance(frame, frames.Msg):
                out += self._on_msg(peer, frame)
            elif isinstance(frame, frames.Ping):
                answer += [self._head(peer, number) for number in peer.seats]
            elif isinstance(frame, Close):
                out += self._leave(peer)
                answer.append(Close(1))
            else:
                out += self._on_room_frame(peer, frame)
        if peer.program is not None and any(isinstance(f, frames.Msg) for f in content):
            have = sum(1 << part for part in peer.program.parts)
            first = peer.program.first_id
            results = tuple(r for r in peer.program.results if r.msg_id >= first)[-32:]
            answer.append(frames.MsgAck(peer.program.next_msg_id, have, results))
        for group in frames.packed(answer):
            yield self._seal(peer, group)
        yield from out

    def _on_room_frame(self, peer: Peer, frame: Frame) -> list[Out]:
        assert peer.person is not None
        number = getattr(frame, "room", 0)
        if number and number not in peer.seats:
            return [self._seal(peer, [frames.Parted(number)])]
        if isinstance(frame, RoomAck):
            return self._on_room_ack(peer, frame)
        if isinstance(frame, frames.EntriesWanted):
            end = min(frame.first + frame.count, peer.seats[number].began)
            wanted = range(frame.first, end)
            return list(self._entries(peer, self.rooms.all[number], wanted, frame.have))
        if isinstance(frame, frames.Join):
            return self._on_join(peer, frame)
        if isinstance(frame, frames.Part):
            if self.rooms.all[number].kind == CONVERSATION:
                return []
            return self._on_part(peer.person, self.rooms.all[number])
        if isinstance(frame, frames.MembersWanted):
            return [self._seal(peer, [self.rooms.members_page(frame)])]
        if isinstance(frame, frames.RoomsWanted):
            return [self._seal(peer, [self.rooms.rooms_page(peer.person, frame)])]
        if isinstance(frame, frames.Search):
            return [self._seal(peer, [self.rooms.search(peer.person, frame)])]
        return []

    def _on_join(self, peer: Peer, join: frames.Join) -> list[Out]:
        assert peer.person is not None
        if join.kind == NAMED:
            room = self.rooms.named(join.name)
        else:
            other = self.rooms.person(join.name)
            if other is None or other is peer.person:
                return [self._seal(peer, [frames.NoRoom(CONVERSATION, 2, join.name)])]
            room = self.rooms.conversation(peer.person, other)
            if room.number not in other.cursors:
                return self._enter(other, room) + self._enter(peer.person, room)
        if room.number in peer.seats:
            return [self._seal(peer, [self._room(peer, room.number)])]
        return self._enter(peer.person, room)

    def _on_part(self, person: Person, room: FakeRoom) -> list[Out]:
        del person.cursors[room.number]
        out = self._append(room, self._note(frames.LEAVE, person))
        for peer in self._peers_of(person):
            del peer.seats[room.number]
            out.append(self._seal(peer, [frames.Parted(room.number)]))
        return out

    def _enter(self, person: Person, room: FakeRoom) -> list[Out]:
        """For the first time; ROOM goes to each of his programs."""
        out: list[Out] = []
        if room.kind == NAMED:
            out = self._append(room, self._note(frames.JOIN, person))
        person.cursors[room.number] = room.head
        for peer in self._peers_of(person):
            peer.seats[room.number] = Seat(room.head, is_new=True)
            out.append(self._seal(peer, [self._room(peer, room.number)]))
        return out

    def _on_msg(self, peer: Peer, msg: frames.Msg) -> list[Out]:
        person, program = peer.person, peer.program
        assert person is not None and program is not None
        if msg.msg_id != program.next_msg_id:
            return []
        program.parts[msg.part] = msg.data
        if len(program.parts) < msg.parts:
            return []
        text = b"".join(program.parts[part] for part in range(msg.parts))
        program.parts.clear()
        program.next_msg_id += 1
        if msg.room not in person.cursors:
            program.results.append(Result(msg.msg_id, msg.room, 0, frames.NOT_IN_ROOM))
            return []
        room = self.rooms.all[msg.room]
        program.results.append(Result(msg.msg_id, room.number, room.head, frames.STORED))
        return self._append(room, Entry(msg.kind, 0, self._time(), person.name, text))

    def _on_room_ack(self, peer: Peer, ack: RoomAck) -> list[Out]:
        assert peer.person is not None
        room, seat = self.rooms.all[ack.room], peer.seats[ack.room]
        first = not seat.acked
        seat.acked, seat.credit = True, ack.credit
        seat.began = ack.next_seq if first else seat.began
        seat.next_seq = ack.next_seq if first else max(seat.next_seq, ack.next_seq)
        seat.probe_at = self._now + PROBE_AFTER
        out = list(self._entries(peer, room, range(seat.next_seq, room.head))) if first else []
        for gap in ack.gaps:
            start = ack.next_seq + gap.offset
            out += self._entries(peer, room, range(start, start + gap.count), gap.have)
        if seat.next_seq > peer.person.cursors[ack.room]:
            peer.person.cursors[ack.room] = seat.next_seq
            out += self._receipts(room, peer.person)
        return out

    def _receipts(self, room: FakeRoom, reader: Person) -> Iterator[Out]:
        for author in self.rooms.members(room):
            seen = self.rooms.receipts(room, author)
            if author is not reader and seen is not None:
                for peer in self._peers_of(author):
                    yield self._seal(peer, [seen])

    def _leave(self, peer: Peer) -> list[Out]:
        peer.closed = True
        person = peer.person
        assert person is not None
        if self._peers_of(person):
            return []
        person.is_here = False
        out: list[Out] = []
        for number in person.cursors:
            out += self._append(self.rooms.all[number], self._note(frames.LEAVE, person))
        return out

    def announce(self, text: bytes, now: float, kind: int = frames.ANNOUNCEMENT) -> list[Out]:
        self._now = now
        return self._append(self.lobby, Entry(kind, 0, self._time(), b"", text))

    def _note(self, kind: int, person: Person) -> Entry:
        return Entry(kind, 0, self._time(), person.name, b"")

    def _append(self, room: FakeRoom, entry: Entry) -> list[Out]:
        if entry.kind in (frames.JOIN, frames.LEAVE) and room.kind == CONVERSATION:
            return []
        seq = room.append(entry)
        out: list[Out] = []
        for peer in self._current_peers():
            if room.number in peer.seats:
                out += self._entries(peer, room, range(seq, seq + 1))
        return out

    def _current_peers(self) -> list[Peer]:
        """The latest session of each program."""
        live = [peer for peer in self._peers.values() if peer.program is not None]
        latest = {id(peer.program): peer for peer in live}
        return [peer for peer in latest.values() if not peer.closed]

    def _peers_of(self, person: Person) -> list[Peer]:
        return [peer for peer in self._current_peers() if peer.person is person]

    def _entries(self, peer: Peer, room: FakeRoom, wanted: range, have: int = 0) -> Iterator[Out]:
        seat = peer.seats[room.number]
        seat.probe_at = self._now + PROBE_AFTER
        for seq in wanted:
            if room.head <= seq or seat.credit == 0:
                return
            seat.sent = max(seat.sent, seq + 1)
            if seq < room.tail:
                yield self._seal(peer, [frames.Gone(room.number, seq, room.tail - 1)])
                continue
            packed = room.log[seq].encode()
            if len(packed) <= frames.ENTRY_MAX:
                yield self._seal(peer, [frames.Events(room.number, seq, (room.log[seq],))])
                continue
            parts = frames.split_parts(packed)
            for part, data in enumerate(parts):
                if not have >> part & 1:
                    frame = frames.EventPart(room.number, seq, part, len(parts), data)
                    yield self._seal(peer, [frame])

    def _room(self, peer: Peer, number: int) -> frames.Room:
        assert peer.person is not None
        seat = peer.seats[number]
        return self.rooms.frame(self.rooms.all[number], peer.person, seat.is_new)

    def _head(self, peer: Peer, number: int) -> frames.Head:
        room, seat = self.rooms.all[number], peer.seats[number]
        return frames.Head(number, max(seat.sent, room.tail), room.tail)

    def _seal(self, peer: Peer, content: list[Frame]) -> Out:
        data = Data(int(self._now * 1000) & 0xFFFF, peer.keys.client_sid, peer.counter, b"")
        sealed = noise.seal(peer.keys.server, peer.counter, data.header(), frames.encode(content))
        peer.counter += 1
        return peer.address, data.header() + sealed

    def _time(self) -> int:
        return int(self._now * 1000)
