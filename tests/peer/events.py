# SPDX-License-Identifier: MIT
"""What a session tells its user, and who the user is."""
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import keys
from delivery import Missing
from frames import Entry


class State(Enum):
    asking = 1  # the first log-in: nothing can be said yet
    online = 2  # also while new keys are negotiated
    leaving = 3
    ended = 4


@dataclass(frozen=True)
class Joined:
    name: str
    next_seq: int
    epoch_known: bool
    resumed: bool
    rekeyed: bool


@dataclass(frozen=True)
class Shown:
    seq: int
    entry: Entry

    @property
    def text(self) -> str:
        return self.entry.text.decode()

    @property
    def name(self) -> str:
        return self.entry.name.decode()


@dataclass(frozen=True)
class Accepted:
    msg_id: int
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

    as_of: int
    members: dict[str, int]  # name -> flags


Event = Joined | Shown | Missing | Accepted | Uncertain | Ended | Who


@dataclass(frozen=True)
class Account:
    """Who the client is; a second session of the same program has the same epoch."""

    static: bytes
    name: str
    epoch: int
    password: str | None = None

    @classmethod
    def new(cls, name: str, password: str | None = None) -> Account:
        return cls(keys.random_secret(), name, keys.random_epoch(), password)
