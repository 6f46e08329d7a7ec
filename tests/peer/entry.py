# SPDX-License-Identifier: MIT
"""One entry of a room's log (docs/PROTOCOL.md, section 4), and what can be in it."""
from __future__ import annotations

from dataclasses import dataclass

from wire import TEXT_MAX, TOPIC_MAX, Reader, require, require_line, require_utf8, string, uint

MESSAGE, JOIN, LEAVE, ANNOUNCEMENT, TOPIC, PINNED = range(1, 7)
ENTRY_CLASSIC = 1  # flag: by the plain-text protocol
_WITHOUT_NAME = (ANNOUNCEMENT, PINNED)
_WITHOUT_TEXT = (JOIN, LEAVE)
_PERHAPS_EMPTY = (TOPIC, PINNED)


@dataclass(frozen=True)
class Entry:
    kind: int
    flags: int
    time_ms: int
    name: bytes
    text: bytes

    def encode(self) -> bytes:
        head = uint(self.kind, 1) + uint(self.flags, 1) + uint(self.time_ms, 6)
        return head + string(self.name) + string(self.text, 2)

    @classmethod
    def read(cls, reader: Reader) -> Entry:
        kind, flags, time_ms = reader.uint(1), reader.uint(1), reader.uint(6)
        name = reader.name(least=0)
        text = reader.take(reader.uint(2))
        require(MESSAGE <= kind <= PINNED, "an entry's kind")
        require(flags <= ENTRY_CLASSIC, "an entry's flags")
        require((name == b"") == (kind in _WITHOUT_NAME), "an entry's name")
        if kind not in _PERHAPS_EMPTY:
            require((text == b"") == (kind in _WITHOUT_TEXT), "an entry's text")
        require(len(text) <= (TOPIC_MAX if kind == TOPIC else TEXT_MAX), "an entry's length")
        require_utf8(text)
        if kind == TOPIC:
            require_line(text)
        return cls(kind, flags, time_ms, name, text)

    @classmethod
    def parse(cls, data: bytes) -> Entry:
        reader = Reader(data)
        entry = cls.read(reader)
        reader.end()
        return entry
