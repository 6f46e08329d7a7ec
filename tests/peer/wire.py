# SPDX-License-Identifier: MIT
"""What the frames of docs/PROTOCOL.md, section 4, are made of: numbers, names, texts, limits.

Sizes are bytes; texts and names stay bytes here, but have to be UTF-8, and clean where the document
says so. What is not exactly as it has to be is Malformed.
"""
from __future__ import annotations

PLAIN_MAX = 1200 - 16 - 16
BODY_MAX = PLAIN_MAX - 3
ENTRY_MAX = BODY_MAX - 13  # in EVENTS
PART_BYTES = 1150  # of EVENT_PART and MSG
PARTS_MAX = 8
TEXT_MAX = 8192
NAME_MAX = 32
TOPIC_MAX = 255
WORDS_MAX = 255
SEQ_END = 1 << 60


class Malformed(Exception):
    """Not exactly as the document has it."""


class Reader:
    """Walks through bytes; what is missing is Malformed."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def take(self, size: int) -> bytes:
        if len(self.rest) < size:
            raise Malformed("too short")
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def uint(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def room(self) -> int:
        number = self.uint(4)
        require(number > 0, "room 0")
        return number

    def name(self, least: int = 1) -> bytes:
        value = self.take(self.uint(1))
        require(least <= len(value) <= NAME_MAX, "a name's length")
        require_utf8(value)
        return value

    def line(self) -> bytes:
        """A name that somebody has made up."""
        value = self.name()
        require_line(value)
        return value

    def topic(self, most: int = TOPIC_MAX) -> bytes:
        value = self.take(self.uint(1))
        require(len(value) <= most, "a topic's length")
        require_line(value)
        return value

    def end(self) -> None:
        require(not self.rest, "something follows")


def require(condition: bool, what: str) -> None:
    if not condition:
        raise Malformed(what)


def require_utf8(value: bytes) -> None:
    try:
        value.decode()
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error


def is_clean(text: str) -> bool:
    """As docs/CLASSIC.md has it, but that line feeds stay."""
    return not any(_is_taken_out(ord(character)) for character in text)


def _is_taken_out(code: int) -> bool:
    control = code < 0x20 and code != 0x0A or 0x7F <= code <= 0x9F
    bidirectional = code in (0x061C, 0x200E, 0x200F) or 0x202A <= code <= 0x202E
    isolating = 0x2066 <= code <= 0x2069
    separator = code in (0x2028, 0x2029)
    return control or bidirectional or isolating or separator or _is_mark(code)


def _is_mark(code: int) -> bool:
    return code == 0xFEFF or 0xFFF9 <= code <= 0xFFFB


def require_clean(value: bytes) -> None:
    require_utf8(value)
    require(is_clean(value.decode()), "a text that is not clean")


def require_line(value: bytes) -> None:
    require_clean(value)
    require(b"\n" not in value, "a line feed in one line")


def require_part(part: int, parts: int, size: int) -> None:
    require(part < parts <= PARTS_MAX, "a part's number")
    least = 1 if part == parts - 1 else PART_BYTES
    require(least <= size <= PART_BYTES, "a part's length")


def uint(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def string(value: bytes, size: int = 1) -> bytes:
    return uint(len(value), size) + value


def split_parts(data: bytes) -> list[bytes]:
    return [data[start : start + PART_BYTES] for start in range(0, len(data), PART_BYTES)]
