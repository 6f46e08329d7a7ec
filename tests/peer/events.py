# SPDX-License-Identifier: MIT
"""What a session tells its user, and who the user is."""
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import keys
from frames import Entry, ListedRoom, Place
from inbox import Missing


class State(Enum):
    asking = 1  # the first log-in: nothing can be said yet
    online = 2  # also while new keys are negotiated
    leaving = 3
    ended = 4


@dataclass(frozen=True)
class Joined:
    """A log-in; `room` is where he landed."""

    name: str
    room: int
    epoch_known: bool
    resumed: bool
    rekeyed: bool


@dataclass(frozen=True)
class Entered:
    """A room that this program had not: what ROOM said."""

    room: int
    kind: int
    name: str
    next_seq: int
    head: int
    tail: int
    pinned: int
    topic: str
    is_new: bool


@dataclass(frozen=True)
class NotEntered:
    kind: int
    code: int
    name: str


@dataclass(frozen=True)
class Left:
    room: int


@dataclass(frozen=True)
class Shown:
    room: int
    seq: int
    entry: Entry

    @property
    def text(self) -> str:
        return self.entry.text.decode()

    @property
    def name(self) -> str:
        return self.entry.name.decode()


@dataclass(frozen=True)
class Older:
    """History that was asked for; `gone` are the numbers that can no longer be had."""

    room: int
    first: int
    count: int
    entries: dict[int, Entry]
    gone: frozenset[int]


@dataclass(frozen=True)
class Accepted:
    msg_id: int
    room: int
    seq: int
    status: int


@dataclass(frozen=True)
class Uncertain:
    count: int


@dataclass(frozen=True)
class Ended:
    """`code` is that of CLOSE, or 0 and `why` says what it was."""

    code: int
    why: str


@dataclass(frozen=True)
class Who:
    """All members as they were when the log's head was as_of or later."""

    room: int
    as_of: int
    members: dict[str, int]  # name -> flags


@dataclass(frozen=True)
class RoomList:
    rooms: dict[str, ListedRoom]


@dataclass(frozen=True)
class Places:
    """The answer to a search."""

    id: int
    places: tuple[Place, ...]
    more: bool
    incomplete: bool


@dataclass(frozen=True)
class SeenBy:
    room: int
    seq: int
    seen: int
    of: int


@dataclass(frozen=True)
class Noticed:
    code: int


Event = (
    Joined | Entered | NotEntered | Left | Shown | Missing | Older | Accepted | Uncertain | Ended
    | Who | RoomList | Places | SeenBy | Noticed
)


@dataclass(frozen=True)
class Account:
    """Who the client is; a second session of the same program has the same epoch."""

    static: bytes
    name: str
    epoch: int
    password: str | None = None
    room: str = ""  # where he lands

    @classmethod
    def new(cls, name: str, password: str | None = None, room: str = "") -> Account:
        return cls(keys.random_secret(), name, keys.random_epoch(), password, room)

    def another_program(self) -> Account:
        """The same person, started once more."""
        return Account(self.static, self.name, keys.random_epoch(), self.password, self.room)
