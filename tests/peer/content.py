# SPDX-License-Identifier: MIT
"""The frames of a recorded session (decoder.py): what each side may say after all that was said
before. One recording is one client program; its rooms go on over new keys and new sessions.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import frames
from attempts import Attempt
from frames import Frame, Room

_OF_A_ROOM = (
    frames.Events, frames.EventPart, frames.Head, frames.Gone, frames.Members, frames.Seen,
)


@dataclass
class _Known:
    """A room that ROOM has spoken of."""

    kind: int
    is_his: bool = True
    next_seq: int | None = None  # of the last ROOM_ACK
    began: int = 0  # that of the first one


@dataclass
class _Asked:
    """All questions that were ever put."""

    members: set[tuple[int, bytes]] = field(default_factory=set)
    rooms: set[bytes] = field(default_factory=set)
    searches: set[int] = field(default_factory=set)
    joins: set[tuple[int, bytes]] = field(default_factory=set)


class Content:
    """`wrong` hears of what is not right."""

    def __init__(self, wrong: Callable[[str], None]) -> None:
        self._wrong = wrong
        self._asked = _Asked()
        self._rooms: dict[int, _Known] = {}
        self._entries: dict[tuple[int, int, int], object] = {}
        self._messages: dict[tuple[int, int], object] = {}
        self._results: dict[int, object] = {}
        self._said_to: dict[int, int] = {}  # msg_id -> room
        self._highest_msg = 0
        self._first_id = 1  # the client has all results before it
        self._welcomed: set[int] = set()
        self._log_epoch: int | None = None

    def on_log(self, log_epoch: int) -> None:
        if log_epoch != self._log_epoch:
            self._log_epoch = log_epoch
            self._rooms.clear()
            self._entries.clear()

    def take(self, frame: Frame) -> None:
        if isinstance(frame, _OF_A_ROOM):
            self._of_a_room(frame)
        if isinstance(frame, frames.Msg):
            self._msg(frame)
        elif isinstance(frame, frames.MsgFrom):
            self._first_id = max(self._first_id, frame.first_id)
        elif isinstance(frame, frames.MsgAck):
            self._msg_ack(frame)
        elif isinstance(frame, frames.Events):
            for seq, entry in enumerate(frame.entries, frame.first_seq):
                self._same(self._entries, (frame.room, seq, -1), entry, f"entry {seq}")
                self._entry(frame.room, entry)
        elif isinstance(frame, frames.EventPart):
            key = (frame.room, frame.seq, frame.part)
            self._same(self._entries, key, (frame.parts, frame.data), f"part of entry {frame.seq}")
        elif isinstance(frame, frames.RoomAck):
            self._room_ack(frame)
        elif isinstance(frame, frames.EntriesWanted):
            room = self._rooms.get(frame.room)
            if room is not None and room.is_his and frame.first + frame.count > room.began:
                self._wrong(f"ENTRIES_WANTED up to {frame.first + frame.count}, not yet history")
        elif isinstance(frame, Room):
            self._room(frame)
        elif isinstance(frame, frames.Parted):
            if frame.room in self._rooms:
                self._rooms[frame.room].is_his = False
        else:
            self._question(frame)

    # -- beginning

    def welcome(self, sid: int, content: Sequence[Frame], attempt: Attempt | None) -> None:
        """A datagram with WELCOME, before its frames."""
        welcome = next((f for f in content if isinstance(f, frames.Welcome)), None)
        if welcome is None or sid in self._welcomed:
            return
        self._welcomed.add(sid)
        rooms = [frame.room for frame in content if isinstance(frame, Room)]
        if welcome.room and welcome.room not in rooms:
            self._wrong("WELCOME without the landing room's ROOM")
        if attempt is not None and attempt.fini_payload is not None:
            self._asked.joins.add((frames.NAMED, attempt.fini_payload.room))
        known = welcome.flags & frames.WELCOME_EPOCH_KNOWN
        if not known or welcome.next_msg_id > self._highest_msg + 1:  # ids go on from there
            for table in (self._messages, self._results, self._said_to):
                table.clear()  # type: ignore[attr-defined]
            self._highest_msg, self._first_id = 0, welcome.next_msg_id
        elif attempt is not None and attempt.fini_payload is not None:
            self._first_id = max(self._first_id, attempt.fini_payload.acked_msg_id + 1)
        self._highest_msg = max(self._highest_msg, welcome.next_msg_id - 1)

    # -- messages

    def _msg(self, msg: frames.Msg) -> None:
        self._highest_msg = max(self._highest_msg, msg.msg_id)
        self._said_to[msg.msg_id] = msg.room
        said = (msg.room, msg.kind, msg.parts, msg.data)
        self._same(self._messages, (msg.msg_id, msg.part), said, "a message's part")

    def _msg_ack(self, ack: frames.MsgAck) -> None:
        if ack.next_msg_id > self._highest_msg + 1:
            self._wrong(f"MSG_ACK: next {ack.next_msg_id}, sent {self._highest_msg}")
        least = max(self._first_id, ack.next_msg_id - frames.RESULTS_MAX)
        missing = set(range(least, ack.next_msg_id)) - {r.msg_id for r in ack.results}
        if missing:
            self._wrong(f"MSG_ACK: next {ack.next_msg_id} without the results of {missing}")
        for result in ack.results:
            self._same(self._results, result.msg_id, result, f"the result of {result.msg_id}")
            if self._said_to.get(result.msg_id, result.room) != result.room:
                self._wrong(f"MSG_ACK: {result.msg_id} went to another room")

    # -- rooms

    def _room(self, frame: Room) -> None:
        if not frame.pinned < frame.head or frame.next_seq > frame.head:
            self._wrong(f"ROOM {frame.room}: numbers beyond its head")
        known = self._rooms.setdefault(frame.room, _Known(frame.kind))
        if known.kind != frame.kind:
            self._wrong(f"ROOM {frame.room} is of another kind now")
        if not known.is_his:
            self._rooms[frame.room] = _Known(frame.kind)

    def _of_a_room(self, frame: Frame) -> None:
        number: int = getattr(frame, "room")
        room = self._rooms.get(number)
        if room is None or not room.is_his:
            self._wrong(f"{type(frame).__name__} of room {number}, in which he is not")

    def _entry(self, room: int, entry: frames.Entry) -> None:
        known = self._rooms.get(room)
        conversation = known is not None and known.kind == frames.CONVERSATION
        if conversation and entry.kind in (frames.JOIN, frames.LEAVE):
            self._wrong(f"somebody comes to, or leaves, conversation {room}")

    def _room_ack(self, ack: frames.RoomAck) -> None:
        room = self._rooms.get(ack.room)
        if room is None or not room.is_his:
            return
        if room.next_seq is None:
            room.began = room.next_seq = ack.next_seq
        if ack.next_seq < room.next_seq:
            self._wrong(f"ROOM_ACK goes back from {room.next_seq} to {ack.next_seq}")
        room.next_seq = max(room.next_seq, ack.next_seq)

    # -- questions and answers

    def _question(self, frame: Frame) -> None:
        if isinstance(frame, frames.MembersWanted):
            self._asked.members.add((frame.room, frame.after))
        elif isinstance(frame, frames.RoomsWanted):
            self._asked.rooms.add(frame.after)
        elif isinstance(frame, frames.Search):
            self._asked.searches.add(frame.id)
        elif isinstance(frame, frames.Join):
            self._asked.joins.add((frame.kind, frame.name))
        elif isinstance(frame, frames.Members):
            self._answers((frame.room, frame.after) in self._asked.members, frame)
        elif isinstance(frame, frames.Rooms):
            self._answers(frame.after in self._asked.rooms, frame)
        elif isinstance(frame, frames.NoRoom):
            self._answers((frame.kind, frame.name) in self._asked.joins, frame)
        elif isinstance(frame, frames.Found):
            self._answers(frame.id in self._asked.searches, frame)
            self._places(frame)

    def _answers(self, asked: bool, frame: Frame) -> None:
        if not asked:
            self._wrong(f"{type(frame).__name__} for no question")

    def _places(self, found: frames.Found) -> None:
        if len(set(found.places)) != len(found.places):
            self._wrong("FOUND: one place twice")
        last: dict[int, int] = {}
        for place in found.places:
            if place.room not in self._rooms:
                self._wrong(f"FOUND: room {place.room}, in which he is not")
            if place.seq > last.setdefault(place.room, place.seq):
                self._wrong("FOUND: the newest is not the first")
            last[place.room] = place.seq

    def _same(self, table: dict[Any, Any], key: object, value: object, what: str) -> None:
        if table.setdefault(key, value) != value:
            self._wrong(f"{what} has changed")
