# SPDX-License-Identifier: MIT
"""The frames of docs/PROTOCOL.md, section 4: what is sealed in a DATA datagram.

decode() is strict: every frame has one form only, comes from one side or both, and nothing follows
the last one but zeros up to a multiple of 16. Malformed means that the whole datagram is ignored.
Sizes are bytes; texts and names stay bytes here, but have to be UTF-8.
"""
from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

PLAIN_MAX = 1200 - 16 - 16
BODY_MAX = PLAIN_MAX - 3
ENTRY_MAX = BODY_MAX - 13  # in EVENTS
PART_BYTES = BODY_MAX - 14  # of EVENT_PART and MSG
PARTS_MAX = 8
TEXT_MAX = 8192
NAME_MAX = 32
RESULTS_MAX = 32
GAPS_MAX = 32

MESSAGE, JOIN, LEAVE, ANNOUNCEMENT = 1, 2, 3, 4
ENTRY_CLASSIC = 1  # flag: by the plain-text protocol
WELCOME_EPOCH_KNOWN, WELCOME_RESUMED = 1, 2


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

    def name(self, least: int = 1) -> bytes:
        value = self.take(self.uint(1))
        _require(least <= len(value) <= NAME_MAX, "a name's length")
        _require_utf8(value)
        return value

    def end(self) -> None:
        _require(not self.rest, "something follows")


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise Malformed(what)


def _require_utf8(value: bytes) -> None:
    try:
        value.decode()
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error


def _uint(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def _string(value: bytes, size: int = 1) -> bytes:
    return _uint(len(value), size) + value


@dataclass(frozen=True)
class Entry:
    """One entry of a room's log."""

    kind: int
    flags: int
    time_ms: int
    name: bytes
    text: bytes

    def encode(self) -> bytes:
        head = _uint(self.kind, 1) + _uint(self.flags, 1) + _uint(self.time_ms, 6)
        return head + _string(self.name) + _string(self.text, 2)

    @classmethod
    def read(cls, reader: Reader) -> Entry:
        kind, flags, time_ms = reader.uint(1), reader.uint(1), reader.uint(6)
        name = reader.name(least=0)
        text = reader.take(reader.uint(2))
        _require(MESSAGE <= kind <= ANNOUNCEMENT, "an entry's kind")
        _require(flags <= ENTRY_CLASSIC, "an entry's flags")
        _require((name == b"") == (kind == ANNOUNCEMENT), "an entry's name")
        _require((text == b"") == (kind in (JOIN, LEAVE)), "an entry's text")
        _require(len(text) <= TEXT_MAX, "an entry's length")
        _require_utf8(text)
        return cls(kind, flags, time_ms, name, text)

    @classmethod
    def parse(cls, data: bytes) -> Entry:
        reader = Reader(data)
        entry = cls.read(reader)
        reader.end()
        return entry


@dataclass(frozen=True)
class Ping:
    TYPE: ClassVar[int] = 0x01

    def body(self) -> bytes:
        return b""

    @classmethod
    def read(cls, _: Reader) -> Ping:
        return cls()


@dataclass(frozen=True)
class PktAck:
    largest: int
    echo_ts: int
    delay: int  # in units of 32 us
    count: int
    size: int  # bytes of all datagrams

    TYPE: ClassVar[int] = 0x02
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<QHHII")

    def body(self) -> bytes:
        return self.LAYOUT.pack(self.largest, self.echo_ts, self.delay, self.count, self.size)

    @classmethod
    def read(cls, reader: Reader) -> PktAck:
        return cls(*cls.LAYOUT.unpack(reader.take(cls.LAYOUT.size)))


def _require_part(part: int, parts: int, size: int) -> None:
    _require(part < parts <= PARTS_MAX, "a part's number")
    least = 1 if part == parts - 1 else PART_BYTES
    _require(least <= size <= PART_BYTES, "a part's length")


@dataclass(frozen=True)
class Msg:
    room: int
    msg_id: int
    part: int
    parts: int
    data: bytes

    TYPE: ClassVar[int] = 0x10

    def body(self) -> bytes:
        numbers = struct.pack("<IQBB", self.room, self.msg_id, self.part, self.parts)
        return numbers + self.data

    @classmethod
    def read(cls, reader: Reader) -> Msg:
        room, msg_id, part, parts = struct.unpack("<IQBB", reader.take(14))
        data = reader.take(len(reader.rest))
        _require(msg_id > 0, "message 0")
        _require_part(part, parts, len(data))
        _require(part * PART_BYTES + len(data) <= TEXT_MAX, "a text's length")
        return cls(room, msg_id, part, parts, data)


@dataclass(frozen=True)
class Result:
    msg_id: int
    room: int
    seq: int
    status: int


@dataclass(frozen=True)
class MsgAck:
    next_msg_id: int
    have: int
    results: tuple[Result, ...]

    TYPE: ClassVar[int] = 0x11

    def body(self) -> bytes:
        packed = struct.pack("<QBB", self.next_msg_id, self.have, len(self.results))
        for result in self.results:
            packed += struct.pack("<QIQB", result.msg_id, result.room, result.seq, result.status)
        return packed

    @classmethod
    def read(cls, reader: Reader) -> MsgAck:
        next_msg_id, have, count = struct.unpack("<QBB", reader.take(10))
        _require(count <= RESULTS_MAX, "too many results")
        results = [Result(*struct.unpack("<QIQB", reader.take(21))) for _ in range(count)]
        for result in results:
            _require(result.status <= 1, "a result's status")
            _require(0 < result.msg_id < next_msg_id, "a result's message")
        ids = [result.msg_id for result in results]
        _require(ids == sorted(set(ids)), "the order of results")
        return cls(next_msg_id, have, tuple(results))


@dataclass(frozen=True)
class MsgFrom:
    """The client has all results before first_id."""

    first_id: int

    TYPE: ClassVar[int] = 0x12

    def body(self) -> bytes:
        return _uint(self.first_id, 8)

    @classmethod
    def read(cls, reader: Reader) -> MsgFrom:
        return cls(reader.uint(8))


@dataclass(frozen=True)
class Events:
    room: int
    first_seq: int
    entries: tuple[Entry, ...]

    TYPE: ClassVar[int] = 0x20

    def body(self) -> bytes:
        packed = struct.pack("<IQB", self.room, self.first_seq, len(self.entries))
        return packed + b"".join(entry.encode() for entry in self.entries)

    @classmethod
    def read(cls, reader: Reader) -> Events:
        room, first_seq, count = struct.unpack("<IQB", reader.take(13))
        _require(count > 0, "no entries")
        return cls(room, first_seq, tuple(Entry.read(reader) for _ in range(count)))


@dataclass(frozen=True)
class EventPart:
    room: int
    seq: int
    part: int
    parts: int
    data: bytes

    TYPE: ClassVar[int] = 0x21

    def body(self) -> bytes:
        return struct.pack("<IQBB", self.room, self.seq, self.part, self.parts) + self.data

    @classmethod
    def read(cls, reader: Reader) -> EventPart:
        room, seq, part, parts = struct.unpack("<IQBB", reader.take(14))
        data = reader.take(len(reader.rest))
        _require(parts >= 2, "one part")
        _require_part(part, parts, len(data))
        _require(part == 0 or part * PART_BYTES + len(data) > ENTRY_MAX, "would fit into EVENTS")
        return cls(room, seq, part, parts, data)


@dataclass(frozen=True)
class Gap:
    offset: int
    count: int
    have: int = 0


@dataclass(frozen=True)
class RoomAck:
    room: int
    next_seq: int
    credit: int
    gaps: tuple[Gap, ...] = ()

    TYPE: ClassVar[int] = 0x22

    def body(self) -> bytes:
        packed = struct.pack("<IQHB", self.room, self.next_seq, self.credit, len(self.gaps))
        for gap in self.gaps:
            packed += struct.pack("<HHB", gap.offset, gap.count, gap.have)
        return packed

    @classmethod
    def read(cls, reader: Reader) -> RoomAck:
        room, next_seq, credit, count = struct.unpack("<IQHB", reader.take(15))
        _require(count <= GAPS_MAX, "too many gaps")
        gaps = [Gap(*struct.unpack("<HHB", reader.take(5))) for _ in range(count)]
        end = 0
        for gap in gaps:
            _require(gap.count > 0 and gap.offset >= end, "a gap's place")
            _require(gap.count == 1 or gap.have == 0, "parts of several entries")
            end = gap.offset + gap.count
        return cls(room, next_seq, credit, tuple(gaps))


@dataclass(frozen=True)
class Head:
    room: int
    head: int
    tail: int

    TYPE: ClassVar[int] = 0x23

    def body(self) -> bytes:
        return struct.pack("<IQQ", self.room, self.head, self.tail)

    @classmethod
    def read(cls, reader: Reader) -> Head:
        room, head, tail = struct.unpack("<IQQ", reader.take(20))
        _require(tail <= head, "the tail is before the head")
        return cls(room, head, tail)


@dataclass(frozen=True)
class Gone:
    room: int
    first: int
    last: int

    TYPE: ClassVar[int] = 0x24

    def body(self) -> bytes:
        return struct.pack("<IQQ", self.room, self.first, self.last)

    @classmethod
    def read(cls, reader: Reader) -> Gone:
        room, first, last = struct.unpack("<IQQ", reader.take(20))
        _require(first <= last, "from is after to")
        return cls(room, first, last)


@dataclass(frozen=True)
class MembersWanted:
    room: int
    after: bytes

    TYPE: ClassVar[int] = 0x30

    def body(self) -> bytes:
        return _uint(self.room, 4) + _string(self.after)

    @classmethod
    def read(cls, reader: Reader) -> MembersWanted:
        return cls(reader.uint(4), reader.name(least=0))


@dataclass(frozen=True)
class Member:
    flags: int
    name: bytes


@dataclass(frozen=True)
class Members:
    room: int
    as_of: int
    last: int
    after: bytes
    members: tuple[Member, ...]

    TYPE: ClassVar[int] = 0x31

    def body(self) -> bytes:
        packed = struct.pack("<IQB", self.room, self.as_of, self.last) + _string(self.after)
        packed += _uint(len(self.members), 1)
        for member in self.members:
            packed += _uint(member.flags, 1) + _string(member.name)
        return packed

    @classmethod
    def read(cls, reader: Reader) -> Members:
        room, as_of, last = struct.unpack("<IQB", reader.take(13))
        after = reader.name(least=0)
        members: list[Member] = []
        for _ in range(reader.uint(1)):
            flags = reader.uint(1)
            _require(flags <= ENTRY_CLASSIC, "a member's flags")
            members.append(Member(flags, reader.name()))
        _require(last <= 1, "last")
        _require(bool(members) or last == 1, "an empty list that goes on")
        return cls(room, as_of, last, after, tuple(members))


@dataclass(frozen=True)
class PathChallenge:
    data: bytes

    TYPE: ClassVar[int] = 0x40

    def body(self) -> bytes:
        return self.data

    @classmethod
    def read(cls, reader: Reader) -> PathChallenge:
        return cls(reader.take(8))


@dataclass(frozen=True)
class PathResponse:
    data: bytes

    TYPE: ClassVar[int] = 0x41

    def body(self) -> bytes:
        return self.data

    @classmethod
    def read(cls, reader: Reader) -> PathResponse:
        return cls(reader.take(8))


@dataclass(frozen=True)
class Welcome:
    room: int
    next_seq: int
    head: int
    tail: int
    next_msg_id: int
    flags: int
    reset_token: bytes
    name: bytes

    TYPE: ClassVar[int] = 0x50
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<IQQQQB16s")

    def body(self) -> bytes:
        packed = self.LAYOUT.pack(
            self.room,
            self.next_seq,
            self.head,
            self.tail,
            self.next_msg_id,
            self.flags,
            self.reset_token,
        )
        return packed + _string(self.name)

    @classmethod
    def read(cls, reader: Reader) -> Welcome:
        fields = cls.LAYOUT.unpack(reader.take(cls.LAYOUT.size))
        welcome = cls(*fields, reader.name())
        _require(welcome.flags <= (WELCOME_EPOCH_KNOWN | WELCOME_RESUMED), "WELCOME's flags")
        _require(welcome.next_msg_id > 0, "WELCOME's next message")
        return welcome


@dataclass(frozen=True)
class Close:
    code: int
    wait_ms: int = 0

    TYPE: ClassVar[int] = 0x51

    def body(self) -> bytes:
        return struct.pack("<BI", self.code, self.wait_ms)

    @classmethod
    def read(cls, reader: Reader) -> Close:
        code, wait_ms = struct.unpack("<BI", reader.take(5))
        _require(1 <= code <= 9, "CLOSE's code")
        return cls(code, wait_ms)


@dataclass(frozen=True)
class Unknown:
    """A type of a later version: to be skipped."""

    type: int
    data: bytes


Frame = (
    Ping | PktAck | Msg | MsgAck | MsgFrom | Events | EventPart | RoomAck | Head | Gone
    | MembersWanted | Members | PathChallenge | PathResponse | Welcome | Close | Unknown
)

_FROM_BOTH = (Ping, PktAck, Close)
_FROM_CLIENT = (Msg, MsgFrom, RoomAck, MembersWanted, PathResponse)
_FROM_SERVER = (MsgAck, Events, EventPart, Head, Gone, Members, PathChallenge, Welcome)
ASKS_FOR_ACK = (Ping, Msg, Events, EventPart, Gone, MembersWanted, Welcome)

_Read = Callable[[Reader], Frame]


def _readers(kinds: Sequence[Any]) -> dict[int, _Read]:
    return {kind.TYPE: kind.read for kind in kinds}


_ALL = _readers((*_FROM_BOTH, *_FROM_CLIENT, *_FROM_SERVER))
_OF_CLIENT = _readers((*_FROM_BOTH, *_FROM_CLIENT))
_OF_SERVER = _readers((*_FROM_BOTH, *_FROM_SERVER))


def decode(plain: bytes, from_client: bool) -> list[Frame]:
    """The frames of one datagram."""
    known = _OF_CLIENT if from_client else _OF_SERVER
    _require(len(plain) >= 16 and len(plain) % 16 == 0, "the plaintext's length")
    frames: list[Frame] = []
    reader = Reader(plain)
    while reader.rest and reader.rest[0] != 0:
        kind, size = reader.uint(1), reader.uint(2)
        body = Reader(reader.take(size))
        if kind in known:
            frames.append(known[kind](body))
            body.end()
        else:
            _require(kind not in _ALL, "a frame of the other side")
            frames.append(Unknown(kind, body.rest))
    _require(not any(reader.rest), "what fills up is not zero")
    used = len(plain) - len(reader.rest)
    _require(len(plain) == max(16, -(-used // 16) * 16), "more filling than needed")
    if from_client:
        closes = [frame for frame in frames if isinstance(frame, Close)]
        _require(all(frame == Close(1) for frame in closes), "a client's CLOSE")
    return frames


def encode_frame(frame: Frame) -> bytes:
    if isinstance(frame, Unknown):
        return _uint(frame.type, 1) + _string(frame.data, 2)
    return _uint(frame.TYPE, 1) + _string(frame.body(), 2)


def encode(frames: Iterable[Frame]) -> bytes:
    """The plaintext of one datagram."""
    joined = b"".join(encode_frame(frame) for frame in frames)
    padded = joined.ljust(max(16, -(-len(joined) // 16) * 16), b"\0")
    assert len(padded) <= PLAIN_MAX
    return padded


def asks_for_ack(frames: Iterable[Frame]) -> bool:
    return any(isinstance(frame, ASKS_FOR_ACK) for frame in frames)


def split_parts(data: bytes) -> list[bytes]:
    return [data[start : start + PART_BYTES] for start in range(0, len(data), PART_BYTES)]
