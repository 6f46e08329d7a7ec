# SPDX-License-Identifier: MIT
"""frames.py by itself: each frame there and back, and what is to be refused."""
from __future__ import annotations

import random
import unittest

import frames
import wire
from frames import Entry, Gap, ListedRoom, Malformed, Member, Place, Receipt, Result

TOKEN = bytes(range(16))
MESSAGE = Entry(frames.MESSAGE, 0, 1_700_000_000_000, "爱丽丝".encode(), b"hello")
JOIN = Entry(frames.JOIN, frames.ENTRY_CLASSIC, 0, b"bob", b"")
LEAVE = Entry(frames.LEAVE, 0, (1 << 48) - 1, b"bob", b"")
ANNOUNCEMENT = Entry(frames.ANNOUNCEMENT, 0, 1, b"", b"stop")
TOPIC = Entry(frames.TOPIC, 0, 1, b"bob", b"t" * 255)
NO_TOPIC = Entry(frames.TOPIC, 0, 1, b"bob", b"")
PINNED = Entry(frames.PINNED, 0, 1, b"", b"two\nlines")
UNPINNED = Entry(frames.PINNED, 0, 1, b"", b"")
PART = bytes(frames.PART_BYTES)
END = 1 << 60

FROM_CLIENT: list[frames.Frame] = [
    frames.Ping(),
    frames.PktAck(1 << 40, 65535, 65535, 1 << 31, 1 << 31),
    frames.Msg(1, 1, 0, 1, b"x"),
    frames.Msg(1, 2**63, 6, 8, PART),
    frames.Msg(7, 2, 7, 8, b"x" * (8192 - 7 * 1150)),
    frames.Msg(1, 1, 0, 1, b"", frames.TOPIC),
    frames.Msg(1, 1, 0, 1, b"t" * 255, frames.TOPIC),
    frames.MsgFrom(33),
    frames.RoomAck(1, 5, 1024),
    frames.RoomAck(65536, 5, 0, (Gap(0, 1, 255), Gap(1, 7), Gap(60000, 5000))),
    frames.EntriesWanted(1, 1, 256),
    frames.EntriesWanted(1, END - 1, 1, 255),
    frames.Join(frames.NAMED, b"r" * 32),
    frames.Join(frames.CONVERSATION, "鲍勃".encode()),
    frames.Part(3),
    frames.MembersWanted(1, b""),
    frames.MembersWanted(1, b"m" * 32),
    frames.RoomsWanted(b""),
    frames.RoomsWanted(b"r" * 32),
    frames.Search(1, 0, 0, b"w"),
    frames.Search(2**32 - 1, 3, 99, b"w" * 255),
    frames.PathResponse(bytes(range(8))),
    frames.Close(1),
    frames.Unknown(0x7F, b"later"),
]
FROM_SERVER: list[frames.Frame] = [
    frames.Ping(),
    frames.MsgAck(1, 0, ()),
    frames.MsgAck(40, 3, tuple(Result(n, 1, 0 if n % 3 else n, n % 3) for n in range(8, 40))),
    frames.Events(1, 9, (MESSAGE, JOIN, LEAVE, ANNOUNCEMENT, TOPIC, NO_TOPIC, PINNED, UNPINNED)),
    frames.EventPart(1, 9, 0, 2, PART),
    frames.EventPart(1, 9, 1, 2, b"xxx"),
    frames.Head(1, 10, 2),
    frames.Head(1, 1, 1),
    frames.Gone(1, 1, 1),
    frames.Room(1, frames.NAMED, 0, 1, 1, 1, 0, b"", b"lobby"),
    frames.Room(9, frames.CONVERSATION, 1, 5, 9, 2, 3, b"t" * 255, b"n" * 32),
    frames.NoRoom(frames.NAMED, frames.NO_NAME, b"r" * 32),
    frames.NoRoom(frames.CONVERSATION, frames.NOBODY, b"x"),
    frames.NoRoom(frames.NAMED, frames.TOO_MANY, b"x"),
    frames.NoRoom(frames.NAMED, frames.NOT_NOW, b"x"),
    frames.Parted(3),
    frames.Members(1, 4, 1, b"", ()),
    frames.Members(1, 4, 0, b"a", (Member(0, b"b"), Member(1, b"c" * 32))),
    frames.Rooms(1, b"", ()),
    frames.Rooms(0, b"a", (ListedRoom(0, 0, b"b", b""), ListedRoom(1, 9, b"c" * 32, b"t" * 80))),
    frames.Found(7, 0, ()),
    frames.Found(7, 2, ()),
    frames.Found(7, 1, tuple(Place(2, seq) for seq in range(64, 0, -1))),
    frames.Seen(1, (Receipt(3, 0, 0),)),
    frames.Seen(1, tuple(Receipt(seq, 1, 2) for seq in range(16))),
    frames.PathChallenge(bytes(8)),
    frames.Welcome(1, 3, TOKEN, 1, b"alice"),
    frames.Welcome(34, 0, TOKEN, 0, b"a" * 32),
    *(frames.Close(code, 2**32 - 1) for code in range(1, 11)),
    frames.Notice(1),
]


class Frames(unittest.TestCase):
    def test_sizes(self) -> None:
        """The numbers that the document gives."""
        self.assertEqual(frames.ENTRY_MAX, 1152)
        self.assertEqual(frames.PART_BYTES, 1150)
        whole = Entry(frames.MESSAGE, 0, 0, b"n", b"t" * (1152 - 12))
        self.assertEqual(len(whole.encode()), 1152)
        full: list[frames.Frame] = [
            frames.Events(1, 1, (whole,)),
            frames.Msg(1, 1, 0, 2, PART),
            frames.EventPart(1, 1, 0, 2, PART),
        ]
        for frame in full:
            self.assertEqual(len(frames.encode([frame])), 1168)

    def test_everything_is_tried(self) -> None:
        tried = {frame.TYPE for frame in FROM_CLIENT + FROM_SERVER if hasattr(frame, "TYPE")}
        lines = ((0x01, 0x02), (0x10, 0x12), (0x20, 0x2A), (0x30, 0x36), (0x40, 0x41), (0x50, 0x52))
        self.assertEqual(tried, {n for first, last in lines for n in range(first, last + 1)})

    def test_asking_for_an_acknowledgement(self) -> None:
        """The frames with a star."""
        starred = {0x01, 0x10, 0x20, 0x21, 0x24, 0x25, 0x26, 0x27, 0x29, 0x30, 0x32, 0x34, 0x36}
        for frame in FROM_CLIENT + FROM_SERVER:
            asks = getattr(frame, "TYPE", 0) in starred | {0x50}
            if isinstance(frame, frames.RoomAck):
                asks = len(frame.gaps) > 0
            self.assertEqual(frames.asks_for_ack([frame]), asks, frame)

    def test_there_and_back(self) -> None:
        for from_client, known in ((True, FROM_CLIENT), (False, FROM_SERVER)):
            for frame in known:
                plain = frames.encode([frame])
                self.assertEqual(len(plain) % 16, 0)
                self.assertEqual(frames.decode(plain, from_client), [frame])
            several = known[:4]
            together = frames.encode(several[:3])
            self.assertEqual(frames.decode(together, from_client), several[:3])
        self.assertEqual(frames.decode(bytes(16), True), [])

    def test_from_the_other_side(self) -> None:
        own = (frames.Ping, frames.PktAck, frames.Close, frames.Unknown)
        for from_client, foreign in ((False, FROM_CLIENT), (True, FROM_SERVER)):
            for frame in foreign:
                if not isinstance(frame, own):
                    with self.assertRaises(Malformed):
                        frames.decode(frames.encode([frame]), from_client)

    def test_one_byte_shorter_or_longer(self) -> None:
        """A body has its length and no other; only texts, parts and names may be of several."""
        for from_client, known in ((True, FROM_CLIENT), (False, FROM_SERVER)):
            for frame in known:
                if isinstance(frame, (frames.Unknown, frames.Msg, frames.EventPart)):
                    continue
                body = frames.encode_frame(frame)[3:]
                for changed in (body[:-1], body + b"\0"):
                    if changed == body:
                        continue
                    wrong = frames.encode([frames.Unknown(frame.TYPE, changed)])
                    with self.assertRaises(Malformed, msg=str(frame)):
                        frames.decode(wrong, from_client)

    def assert_refused(self, from_client: bool, kind: int, body: bytes) -> None:
        plain = frames.encode([frames.Unknown(kind, body)])
        with self.assertRaises(Malformed, msg=f"{kind:#x} {body.hex()}"):
            frames.decode(plain, from_client)

    def test_refused_entries(self) -> None:
        entry = MESSAGE.encode()
        start = b"\1\0\0\0" + bytes(8)
        for body in (
            start + b"\0",  # no entries
            bytes(12) + b"\1" + entry,  # room 0
            start + b"\2" + entry,
            start + b"\1\0" + entry[1:],  # kind 0
            start + b"\1\7" + entry[1:],
            start + b"\1\4" + entry[1:],  # an announcer's name
            start + b"\1\6" + entry[1:],
            start + b"\1\2" + entry[1:],  # a join with text
            start + b"\1\1\2" + entry[2:],  # flags
            start + b"\1" + entry[:-1] + b"\xff",
            *(
                start + b"\1" + Entry(*wrong).encode()
                for wrong in (
                    (frames.MESSAGE, 0, 0, b"n", b""),
                    (frames.MESSAGE, 0, 0, b"n" * 33, b"x"),
                    (frames.TOPIC, 0, 0, b"", b"x"),
                    (frames.TOPIC, 0, 0, b"n", b"x" * 256),
                    (frames.TOPIC, 0, 0, b"n", b"two\nlines"),
                    (frames.ANNOUNCEMENT, 0, 0, b"", b""),
                )
            ),
        ):
            self.assert_refused(False, 0x20, body)
        for part in (
            frames.EventPart(1, 1, 0, 1, PART),
            frames.EventPart(1, 1, 1, 2, b"xx"),  # fits into EVENTS
            frames.EventPart(1, 1, 2, 2, b"xxx"),
            frames.EventPart(1, 1, 0, 2, PART + b"x"),
            frames.EventPart(1, 1, 0, 9, PART),
        ):
            self.assert_refused(False, 0x21, part.body())

    def test_refused_from_the_server(self) -> None:
        long_name = b"n" * 33
        wrong: list[frames.Frame] = [
            frames.MsgAck(2, 0, (Result(2, 1, 1, 0),)),
            frames.MsgAck(2, 0, (Result(1, 1, 0, 3),)),
            frames.MsgAck(2, 0, (Result(1, 0, 1, 0),)),
            frames.MsgAck(2, 0, (Result(1, 1, 1, 2),)),  # a number, and not stored
            frames.MsgAck(3, 0, (Result(2, 1, 1, 0), Result(1, 1, 1, 0))),
            frames.Head(1, 1, 2),
            frames.Head(0, 1, 1),
            frames.Gone(1, 2, 1),
            frames.Room(0, 1, 0, 1, 1, 1, 0, b"", b"n"),
            frames.Room(1, 0, 0, 1, 1, 1, 0, b"", b"n"),
            frames.Room(1, 3, 0, 1, 1, 1, 0, b"", b"n"),
            frames.Room(1, 1, 2, 1, 1, 1, 0, b"", b"n"),
            frames.Room(1, 1, 0, 1, 1, 2, 0, b"", b"n"),
            frames.Room(1, 1, 0, 1, 1, 1, 0, b"two\nlines", b"n"),
            frames.Room(1, 1, 0, 1, 1, 1, 0, b"", b""),
            frames.Room(1, 1, 0, 1, 1, 1, 0, b"", long_name),
            frames.NoRoom(1, 0, b"n"),
            frames.NoRoom(1, 5, b"n"),
            frames.NoRoom(3, 1, b"n"),
            frames.NoRoom(1, 1, b""),
            frames.NoRoom(1, 1, b"\t"),
            frames.NoRoom(1, 1, b"two\nlines"),
            frames.Parted(0),
            frames.Members(1, 4, 0, b"", ()),
            frames.Members(1, 4, 2, b"", ()),
            frames.Members(1, 4, 1, b"", (Member(2, b"n"),)),
            frames.Members(1, 4, 1, b"", (Member(0, b""),)),
            frames.Rooms(0, b"", ()),
            frames.Rooms(2, b"", ()),
            frames.Rooms(1, b"", (ListedRoom(2, 0, b"n", b""),)),
            frames.Rooms(1, b"", (ListedRoom(0, 0, b"", b""),)),
            frames.Rooms(1, b"", (ListedRoom(0, 0, b"n", b"t" * 81),)),
            frames.Found(1, 4, ()),
            frames.Found(1, 0, (Place(0, 1),)),
            frames.Found(1, 0, tuple(Place(1, seq) for seq in range(65))),
            frames.Seen(1, ()),
            frames.Seen(0, (Receipt(1, 0, 0),)),
            frames.Seen(1, (Receipt(1, 2, 1),)),
            frames.Seen(1, (Receipt(2, 0, 1), Receipt(1, 0, 1))),
            frames.Seen(1, (Receipt(2, 0, 1), Receipt(2, 0, 1))),
            frames.Seen(1, tuple(Receipt(seq, 0, 0) for seq in range(17))),
            frames.Welcome(1, 4, TOKEN, 1, b"a"),
            frames.Welcome(0, 0, TOKEN, 1, b"a"),
            frames.Welcome(1, 0, TOKEN, 1, b""),
            frames.Welcome(1, 0, TOKEN, 1, long_name),
            frames.Close(0),
            frames.Close(11),
            frames.Notice(0),
            frames.Notice(2),
        ]
        for frame in wrong:
            with self.assertRaises(Malformed, msg=str(frame)):
                frames.decode(frames.encode([frame]), from_client=False)

    def test_refused_from_a_client(self) -> None:
        wrong: list[frames.Frame] = [
            frames.Close(2),
            frames.Close(1, 5),
            frames.Msg(1, 1, 7, 8, b"x" * 143),  # 8,193 bytes
            frames.Msg(0, 1, 0, 1, b"x"),
            frames.Msg(1, 0, 0, 1, b"x"),
            frames.Msg(1, 1, 0, 1, b""),
            frames.Msg(1, 1, 0, 1, b"x", frames.JOIN),
            frames.Msg(1, 1, 0, 1, b"x", frames.ANNOUNCEMENT),
            frames.Msg(1, 1, 0, 1, b"t" * 256, frames.TOPIC),
            frames.Msg(1, 1, 0, 2, PART, frames.TOPIC),
            frames.Msg(1, 1, 1, 2, b"t", frames.TOPIC),
            frames.RoomAck(0, 1, 1),
            frames.RoomAck(1, 1, 1, (Gap(1, 1), Gap(0, 1))),
            frames.RoomAck(1, 1, 1, (Gap(0, 2, 1),)),
            frames.RoomAck(1, 1, 1, (Gap(0, 0),)),
            frames.EntriesWanted(0, 1, 1),
            frames.EntriesWanted(1, 1, 0),
            frames.EntriesWanted(1, 1, 257),
            frames.EntriesWanted(1, 1, 2, 1),
            frames.EntriesWanted(1, END, 1),
            frames.Join(0, b"n"),
            frames.Join(3, b"n"),
            frames.Join(1, b""),
            frames.Join(1, b"n" * 33),
            frames.Join(1, b"tab\t"),
            frames.Join(1, b"two\nlines"),
            frames.Join(2, b"\xff"),
            frames.Part(0),
            frames.MembersWanted(0, b""),
            frames.MembersWanted(1, b"n" * 33),
            frames.RoomsWanted(b"n" * 33),
            frames.Search(1, 1, 0, b""),
            frames.Search(1, 0, 5, b"w"),
            frames.Search(1, 1, 0, b"\xff"),
            frames.Search(1, 1, 0, b"\x07"),
            frames.Search(1, 1, 0, b"two\nlines"),
        ]
        for frame in wrong:
            with self.assertRaises(Malformed, msg=str(frame)):
                frames.decode(frames.encode([frame]), from_client=True)

    def test_clean(self) -> None:
        for text, clean in (
            ("two\nlines, 长 🙂 e\u0301", True),
            ("\t", False),
            ("\r", False),
            ("\0", False),
            ("\x7f", False),
            ("\x85", False),
            ("\u2028", False),
            ("\u202e", False),
            ("\u2067", False),
            ("\ufeff", False),
            ("\ufffa", False),
        ):
            self.assertEqual(wire.is_clean(text), clean, repr(text))

    def test_packed(self) -> None:
        acks: list[frames.Frame] = [
            frames.RoomAck(room, 1, 1, tuple(Gap(2 * n, 1) for n in range(32)))
            for room in range(1, 65)
        ]
        groups = frames.packed(acks)
        self.assertEqual([frame for group in groups for frame in group], acks)
        for group in groups:
            self.assertLessEqual(len(frames.encode(group)), frames.PLAIN_MAX)
        self.assertEqual(len(groups), -(-64 // (1168 // 178)))
        self.assertEqual(frames.packed([]), [])

    def test_filling(self) -> None:
        ping = frames.encode([frames.Ping()])
        for wrong in (b"", ping[:-1], ping + bytes(1), ping[:-1] + b"\1", ping + bytes(15) + b"\1"):
            with self.assertRaises(Malformed):
                frames.decode(wrong, True)
        self.assertEqual(frames.decode(ping + bytes(16), True), [frames.Ping()])

    def test_any_bytes(self) -> None:
        """Whatever comes is Malformed or has exactly this form."""
        rng = random.Random(11)
        for number in range(20_000):
            known = FROM_CLIENT if rng.random() < 0.5 else FROM_SERVER
            plain = bytearray(frames.encode([rng.choice(known)]))
            for _ in range(rng.randrange(4)):
                plain[rng.randrange(min(len(plain), 40))] = rng.choice((0, 1, 2, 8, 255))
            try:
                decoded = frames.decode(bytes(plain), from_client=number % 2 == 0)
            except Malformed:
                continue
            encoded = frames.encode(decoded).ljust(len(plain), b"\0")
            self.assertEqual(encoded, bytes(plain))


if __name__ == "__main__":
    unittest.main(verbosity=2)
