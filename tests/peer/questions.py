# SPDX-License-Identifier: MIT
"""Frames that are repeated until they have an answer. Times are seconds of the caller's clock."""
from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from frames import Frame


def folded(name: bytes) -> str:
    """Names are the same in more cases; this is as far as a client can tell by itself."""
    return unicodedata.normalize("NFKC", name.decode()).casefold()


@dataclass
class _Pending:
    frame: Frame
    ask_at: float
    tries: int


class Questions:
    """Each has a key of its own; a new one of the same key takes the place of the old one."""

    def __init__(self) -> None:
        self._pending: dict[object, _Pending] = {}

    def ask(self, key: object, frame: Frame, now: float, tries: int = 1 << 30) -> None:
        self._pending[key] = _Pending(frame, now, tries)

    def answered(self, key: object) -> bool:
        """Whether there was such a question."""
        return self._pending.pop(key, None) is not None

    def asks(self, key: object) -> bool:
        """Whether it has neither an answer nor been asked often enough."""
        return key in self._pending

    def due(self, now: float, again: float) -> list[Frame]:
        """What it is time for; it is asked again `again` seconds later."""
        due = [pending for pending in self._pending.values() if now >= pending.ask_at]
        for pending in due:
            pending.ask_at = now + again
            pending.tries -= 1
        self._pending = {key: p for key, p in self._pending.items() if p.tries > 0}
        return [pending.frame for pending in due]

    def deadline(self) -> float | None:
        return min((pending.ask_at for pending in self._pending.values()), default=None)
