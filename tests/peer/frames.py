# SPDX-License-Identifier: MIT
"""All frames of docs/PROTOCOL.md, section 4: what is sealed in a DATA datagram.

decode() is strict: every frame has one form only, comes from one side or both, and nothing follows
the last one but zeros up to a multiple of 16. Malformed means that the whole datagram is ignored.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from entry import ANNOUNCEMENT, ENTRY_CLASSIC, JOIN, LEAVE, MESSAGE, PINNED, TOPIC, Entry
from entry_frames import (
    GAPS_MAX, WANTED_MAX, EntriesWanted, EventPart, Events, Gap, Gone, Head, RoomAck,
)
from list_frames import (
    FOUND_INCOMPLETE, FOUND_MORE, ROOM_MINE, SEEN_MAX, Found, ListedRoom, Member, Members,
    MembersWanted, Place, Receipt, Rooms, RoomsWanted, Search, Seen,
)
from message_frames import NOT_IN_ROOM, REFUSED, RESULTS_MAX, STORED, Msg, MsgAck, MsgFrom, Result
from room_frames import (
    CONVERSATION, NAMED, NO_NAME, NOBODY, NOT_NOW, ROOM_NEW, TOO_MANY, Join, NoRoom, Part, Parted,
    Room,
)
from session_frames import (
    NOTICE_CANNOT_STORE, WELCOME_EPOCH_KNOWN, WELCOME_RESUMED, Close, Notice, PathChallenge,
    PathResponse, Ping, PktAck, Welcome,
)
from wire import (
    ENTRY_MAX, NAME_MAX, PART_BYTES, PARTS_MAX, PLAIN_MAX, TEXT_MAX, TOPIC_MAX, Malformed, Reader,
    require, split_parts, string, uint,
)


@dataclass(frozen=True)
class Unknown:
    """A type of a later version: to be skipped."""

    type: int
    data: bytes


Frame = (
    Ping | PktAck | Msg | MsgAck | MsgFrom | Events | EventPart | RoomAck | Head | Gone
    | EntriesWanted | Join | Room | NoRoom | Part | Parted | MembersWanted | Members | RoomsWanted
    | Rooms | Search | Found | Seen | PathChallenge | PathResponse | Welcome | Close | Notice
    | Unknown
)

_FROM_BOTH = (Ping, PktAck, Close)
_FROM_CLIENT = (
    Msg, MsgFrom, RoomAck, EntriesWanted, Join, Part, MembersWanted, RoomsWanted, Search,
    PathResponse,
)
_FROM_SERVER = (
    MsgAck, Events, EventPart, Head, Gone, Room, NoRoom, Parted, Members, Rooms, Found, Seen,
    PathChallenge, Welcome, Notice,
)
ASKS_FOR_ACK = (
    Ping, Msg, Events, EventPart, Gone, EntriesWanted, Join, Room, Part, MembersWanted, RoomsWanted,
    Search, Seen, Welcome,
)

_Read = Callable[[Reader], Frame]


def _readers(kinds: Sequence[Any]) -> dict[int, _Read]:
    return {kind.TYPE: kind.read for kind in kinds}


_ALL = _readers((*_FROM_BOTH, *_FROM_CLIENT, *_FROM_SERVER))
_OF_CLIENT = _readers((*_FROM_BOTH, *_FROM_CLIENT))
_OF_SERVER = _readers((*_FROM_BOTH, *_FROM_SERVER))


def decode(plain: bytes, from_client: bool) -> list[Frame]:
    """The frames of one datagram."""
    known = _OF_CLIENT if from_client else _OF_SERVER
    require(len(plain) >= 16 and len(plain) % 16 == 0, "the plaintext's length")
    frames: list[Frame] = []
    reader = Reader(plain)
    while reader.rest and reader.rest[0] != 0:
        kind, size = reader.uint(1), reader.uint(2)
        body = Reader(reader.take(size))
        if kind in known:
            frames.append(known[kind](body))
            body.end()
        else:
            require(kind not in _ALL, "a frame of the other side")
            frames.append(Unknown(kind, body.rest))
    require(not any(reader.rest), "what fills up is not zero")
    if from_client:
        closes = [frame for frame in frames if isinstance(frame, Close)]
        require(all(frame == Close(1) for frame in closes), "a client's CLOSE")
    return frames


def encode_frame(frame: Frame) -> bytes:
    if isinstance(frame, Unknown):
        return uint(frame.type, 1) + string(frame.data, 2)
    return uint(frame.TYPE, 1) + string(frame.body(), 2)


def encode(frames: Iterable[Frame]) -> bytes:
    """The plaintext of one datagram."""
    joined = b"".join(encode_frame(frame) for frame in frames)
    padded = joined.ljust(max(16, -(-len(joined) // 16) * 16), b"\0")
    assert len(padded) <= PLAIN_MAX
    return padded


def packed(frames: Iterable[Frame], space: int = PLAIN_MAX) -> list[list[Frame]]:
    """As few datagrams as hold them in this order."""
    groups: list[list[Frame]] = []
    room = 0
    for frame in frames:
        size = len(encode_frame(frame))
        if size > room:
            groups.append([])
            room = space
        groups[-1].append(frame)
        room -= size
    return groups


def asks_for_ack(frames: Iterable[Frame]) -> bool:
    return any(
        isinstance(frame, ASKS_FOR_ACK) or (isinstance(frame, RoomAck) and bool(frame.gaps))
        for frame in frames
    )


__all__ = [
    "ANNOUNCEMENT", "ASKS_FOR_ACK", "CONVERSATION", "Close", "ENTRY_CLASSIC", "ENTRY_MAX",
    "EntriesWanted", "Entry", "EventPart", "Events", "FOUND_INCOMPLETE", "FOUND_MORE", "Found",
    "Frame", "GAPS_MAX", "Gap", "Gone",
    "Head", "JOIN", "Join", "LEAVE", "ListedRoom", "MESSAGE", "Malformed", "Member", "Members",
    "MembersWanted", "Msg", "MsgAck", "MsgFrom", "NAMED", "NAME_MAX", "NOBODY",
    "NOTICE_CANNOT_STORE", "NOT_IN_ROOM", "NOT_NOW", "NO_NAME", "NoRoom", "Notice", "PARTS_MAX", "PART_BYTES",
    "PINNED", "PLAIN_MAX", "Part", "Parted", "PathChallenge", "PathResponse", "Ping", "PktAck",
    "Place", "REFUSED", "RESULTS_MAX", "ROOM_MINE", "ROOM_NEW", "Receipt", "Result", "Room",
    "RoomAck", "Rooms", "RoomsWanted", "SEEN_MAX", "STORED", "Search", "Seen", "TEXT_MAX", "TOPIC",
    "TOPIC_MAX", "TOO_MANY", "Unknown", "WANTED_MAX", "WELCOME_EPOCH_KNOWN", "WELCOME_RESUMED",
    "Welcome", "asks_for_ack", "decode", "encode", "encode_frame", "packed", "split_parts",
]
