# SPDX-License-Identifier: MIT
"""The rooms and conversations a client is in, as docs/PROTOCOL.md, sections 5 and 6, has them: what
ROOM said of each, where this program stands there, and what has to be acknowledged. It outlives
the session: a program that logs in again goes on where it was.
"""
from __future__ import annotations

from dataclasses import dataclass, field

import frames
from events import Entered
from frames import Entry, Frame, Room, RoomAck
from inbox import Inbox
from members import MemberList

LOBBY = 1
GAP_PAUSE_MIN = 0.025


@dataclass
class OwnRoom:
    """`topic` and `pinned` follow the log."""

    kind: int
    name: str
    topic: str
    pinned: int
    inbox: Inbox
    members: MemberList
    ack_owed: bool = True

    def note(self, seq: int, entry: Entry) -> None:
        """Every entry that is shown."""
        self.members.note(seq, entry)
        if entry.kind == frames.TOPIC:
            self.topic = entry.text.decode()
        elif entry.kind == frames.PINNED:
            self.pinned = seq if entry.text else 0


@dataclass
class OwnRooms:
    log_epoch: int = 0
    landing: int = 0  # its number
    all: dict[int, OwnRoom] = field(default_factory=dict)
    _ack_at_once: bool = False
    _gaps_from: float = 0.0  # when gaps may be asked for again

    def __getitem__(self, number: int) -> OwnRoom:
        return self.all[number]

    def __contains__(self, number: int) -> bool:
        return number in self.all

    def get(self, number: int) -> OwnRoom | None:
        return self.all.get(number)

    def find(self, name: str, kind: int = frames.NAMED) -> int:
        """The number of a room by its own spelling; 0 if there is none."""
        same = (n for n, room in self.all.items() if (room.name, room.kind) == (name, kind))
        return next(same, 0)

    @property
    def landing_seq(self) -> int:
        """Where this program stands in the landing room; 0 if it never was there."""
        return self.all[self.landing].inbox.next_seq if self.landing in self.all else 0

    def on_welcome(self, log_epoch: int, landing: int) -> None:
        if log_epoch != self.log_epoch:
            self.all.clear()
        self.log_epoch, self.landing = log_epoch, landing

    def on_room(self, frame: Room) -> Entered | None:
        """What is new to this program."""
        self._ack_at_once = True
        known = self.all.get(frame.room)
        if known is not None:
            known.ack_owed = True
            return None
        name, topic = frame.name.decode(), frame.topic.decode()
        inbox = Inbox(frame.room, frame.next_seq, frame.next_seq)
        members = MemberList(frame.room)
        room = OwnRoom(frame.kind, name, topic, frame.pinned, inbox, members)
        self.all[frame.room] = room
        return Entered(
            frame.room,
            frame.kind,
            name,
            frame.next_seq,
            frame.head,
            frame.tail,
            frame.pinned,
            topic,
            bool(frame.flags & frames.ROOM_NEW),
        )

    @property
    def asked(self) -> int:
        """How many times entries were asked for again."""
        return sum(room.inbox.asked for room in self.all.values())

    def forget(self, number: int) -> bool:
        """Whether he was there."""
        return self.all.pop(number, None) is not None

    def due(self, now: float, rtt: float, with_pkt_ack: bool) -> list[Frame]:
        """The ROOM_ACKs that it is time for."""
        gap_due = self.gap_due(now, rtt)
        gaps = gap_due is not None and gap_due <= now
        if not (gaps or with_pkt_ack or self._ack_at_once):
            return []
        self._ack_at_once = False
        acks: list[Frame] = []
        for room in self.all.values():
            due = room.inbox.gap_due(now, rtt) if gaps else None
            if room.ack_owed or (due is not None and due <= now):
                acks.append(self._ack(room, now, rtt, gaps))
        return acks

    def gap_due(self, now: float, rtt: float) -> float | None:
        dues = (room.inbox.gap_due(now, rtt) for room in self.all.values())
        due = min((due for due in dues if due is not None), default=None)
        return None if due is None else max(due, self._gaps_from)

    def deadline(self, now: float, rtt: float) -> float | None:
        return now if self._ack_at_once else self.gap_due(now, rtt)

    def _ack(self, room: OwnRoom, now: float, rtt: float, gaps: bool) -> RoomAck:
        room.ack_owed = False
        if gaps:
            self._gaps_from = now + max(rtt / 4, GAP_PAUSE_MIN)
        return room.inbox.ack(now, rtt, gaps)
