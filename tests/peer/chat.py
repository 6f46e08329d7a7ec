# SPDX-License-Identifier: MIT
"""What a client says, asks and hears, without keys, sockets and clocks: the frames of
docs/PROTOCOL.md, sections 5 and 6, but those about the session itself. What there is to show goes
to `events`, in order. Times are seconds of the caller's clock.
"""
from __future__ import annotations

import frames
from events import (
    Accepted, Entered, Event, Left, NotEntered, Noticed, Places, SeenBy, Shown, Uncertain,
)
from frames import Frame
from history import History
from inbox import Missing
from members import Directory
from outbox import Outbox
from questions import Questions, folded
from rooms import LOBBY, OwnRooms

JOIN_TRIES = 8

_Entries = frames.Events | frames.EventPart | frames.Gone


class Chat:
    def __init__(self, events: list[Event], rooms: OwnRooms, outbox: Outbox) -> None:
        self.rooms = rooms
        self.outbox = outbox
        self.history = History()
        self._events = events
        self._directory = Directory()
        self._questions = Questions()
        self._joins: list[frames.Join] = []  # asked one at a time
        self._last_search = 0

    # -- what the user wants

    def say(self, text: bytes, room: int = 0) -> int:
        return self.outbox.say(room or self.rooms.landing or LOBBY, text)

    def join(self, name: str, now: float, kind: int = frames.NAMED) -> None:
        frame = frames.Join(kind, name.encode())
        self._joins.append(frame)
        if len(self._joins) == 1:
            self._questions.ask("join", frame, now, JOIN_TRIES)

    def part(self, room: int, now: float) -> None:
        self._questions.ask(("part", room), frames.Part(room), now)

    def ask_members(self, room: int, now: float) -> None:
        question = self.rooms[room].members.begin()
        self._questions.ask(("members", room), question, now)

    def ask_rooms(self, now: float) -> None:
        self._questions.ask("rooms", self._directory.begin(), now)

    def search(self, words: str, now: float, room: int = 0, before: int = 0) -> int:
        """The number of the question; a new one ends the older one."""
        self._last_search += 1
        frame = frames.Search(self._last_search, room, before, words.encode())
        self._questions.ask("search", frame, now)
        return self._last_search

    # -- what comes

    def on_welcome(self, welcome: frames.Welcome, log_epoch: int) -> None:
        known = bool(welcome.flags & frames.WELCOME_EPOCH_KNOWN)
        new_log = log_epoch != self.rooms.log_epoch
        if not known or welcome.next_msg_id > self.outbox.sent_end:
            uncertain = self.outbox.restart_numbers(welcome.next_msg_id, keep_sent=new_log)
            if uncertain:
                self._events.append(Uncertain(uncertain))
        self.rooms.on_welcome(log_epoch, welcome.room)
        self.outbox.mark_lost()

    def on_frame(self, frame: Frame, now: float, rtt: float) -> None:
        if isinstance(frame, frames.MsgAck):
            for result in self.outbox.on_ack(frame):
                seen = Accepted(result.msg_id, result.room, result.seq, result.status)
                self._events.append(seen)
        elif isinstance(frame, (frames.Events, frames.EventPart, frames.Gone)):
            self._on_entries(frame, now, rtt)
        elif isinstance(frame, frames.Head):
            room = self.rooms.get(frame.room)
            if room is not None:
                room.inbox.know_end(frame.head)
        elif isinstance(frame, (frames.Room, frames.NoRoom, frames.Parted)):
            self._on_membership(frame, now)
        else:
            self._on_answer(frame, now)

    def _on_entries(self, frame: _Entries, now: float, rtt: float) -> None:
        room = self.rooms.get(frame.room)
        if room is None:
            return  # ROOM is on its way, and says where to begin
        room.ack_owed = True
        if isinstance(frame, frames.Events):
            room.inbox.on_events(frame)
            self._events += self.history.on_events(frame)
        elif isinstance(frame, frames.EventPart):
            room.inbox.on_part(frame, now, rtt)
            self._events += self.history.on_part(frame)
        else:
            room.inbox.on_gone(frame)
            self._events += self.history.on_gone(frame)

    def _on_membership(
        self, frame: frames.Room | frames.NoRoom | frames.Parted, now: float
    ) -> None:
        if isinstance(frame, frames.Parted):
            for what in ("part", "members"):
                self._questions.answered((what, frame.room))
            self.history.forget(frame.room)
            if self.rooms.forget(frame.room):
                self._events.append(Left(frame.room))
            return
        asked = self._on_join_answer(frame, now)
        if isinstance(frame, frames.Room):
            entered: Entered | None = self.rooms.on_room(frame)
            self._events += [entered] if entered is not None else []
        else:
            refusal = NotEntered(frame.kind, frame.code, frame.name.decode())
            self._events += [refusal] if asked or not self.rooms.landing else []

    def _on_join_answer(self, frame: frames.Room | frames.NoRoom, now: float) -> bool:
        """Whether it was asked for. Of a ROOM with another spelling that cannot be told; the
        question then ends by its number of tries."""
        if not self._joins:
            return False
        asked = self._joins[0]
        if (asked.kind, folded(asked.name)) != (frame.kind, folded(frame.name)):
            return False
        self._questions.answered("join")
        self._next_join(now)
        return True

    def _next_join(self, now: float) -> None:
        self._joins.pop(0)
        if self._joins:
            self._questions.ask("join", self._joins[0], now, JOIN_TRIES)

    def _on_answer(self, frame: Frame, now: float) -> None:
        if isinstance(frame, frames.Members):
            room = self.rooms.get(frame.room)
            if room is not None:
                self._on_page(("members", frame.room), room.members.on_members(frame), now)
        elif isinstance(frame, frames.Rooms):
            self._on_page("rooms", self._directory.on_rooms(frame), now)
        elif isinstance(frame, frames.Found):
            if frame.id == self._last_search and self._questions.answered("search"):
                self._events.append(Places(
                    frame.id, frame.places, bool(frame.flags & frames.FOUND_MORE),
                    bool(frame.flags & frames.FOUND_INCOMPLETE)))
        elif isinstance(frame, frames.Seen):
            seen = (SeenBy(frame.room, r.seq, r.seen, r.of) for r in frame.receipts)
            self._events += seen
        elif isinstance(frame, frames.Notice):
            self._events.append(Noticed(frame.code))

    def _on_page(self, key: object, outcome: Frame | Event | None, now: float) -> None:
        """One page has come: there is another question, or the list is whole."""
        if isinstance(outcome, (frames.MembersWanted, frames.RoomsWanted)):
            self._questions.ask(key, outcome, now)
        elif outcome is not None:
            self._questions.answered(key)
            self._events.append(outcome)  # type: ignore[arg-type]

    def show(self) -> None:
        """What can be shown now."""
        for number, room in self.rooms.all.items():
            for item in room.inbox.take():
                if isinstance(item, Missing):
                    self._events.append(item)
                else:
                    room.note(*item)
                    self._events.append(Shown(number, *item))

    # -- what goes

    def due(self, now: float, rtt: float, again: float) -> list[Frame]:
        """Questions that it is time for."""
        due = self._questions.due(now, again)
        if self._joins and not self._questions.asks("join"):
            self._next_join(now)
        return [*due, *self.history.due(now, rtt)]

    def deadline(self) -> float | None:
        times = (self._questions.deadline(), self.history.deadline())
        return min((time for time in times if time is not None), default=None)

    def with_from(self, messages: list[frames.Msg]) -> list[Frame]:
        """The messages of a datagram, and where there is room what results are here already."""
        size = sum(len(frames.encode_frame(message)) for message in messages)
        news = frames.MsgFrom(self.outbox.first_id)
        fits = messages and size + len(frames.encode_frame(news)) <= frames.PLAIN_MAX
        return [*messages, news] if fits else [*messages]
