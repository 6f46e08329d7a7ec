# SPDX-License-Identifier: MIT
"""chat-server and a member with modified software who asks for rooms in which he is not: he gets
PARTED, or a result that nothing was stored, and never a byte of what is in there."""
from __future__ import annotations

import time

from support import LOBBY, Case, Endpoint, frames, harness

from decoder import DOWN
from events import Accepted, Places

SECRET = "geheim"
WORD = SECRET.encode()


def intrusions(room: int) -> list[frames.Frame]:
    """Everything that can be said about a room, but MSG."""
    return [
        frames.RoomAck(room, 1, 1024),
        frames.RoomAck(room, 1, 1024, (frames.Gap(0, 200),)),
        frames.RoomAck(room, 2, 1024, (frames.Gap(0, 1, 1),)),
        frames.EntriesWanted(room, 1, 256),
        frames.EntriesWanted(room, 2, 1, 1),
        frames.MembersWanted(room, b""),
        frames.Search(99, room, 0, WORD),
        frames.Search(99, room, 50, WORD),
        frames.Part(room),
    ]


class Intruder(Case):
    def assert_nothing_of(self, room: int, endpoint: Endpoint) -> None:
        """The decoder says by itself whether an entry came of a room that is not his."""
        decoder = endpoint.decode()
        self.assertEqual(decoder.problems, [])
        for datagram in decoder.decoded:
            if datagram.way == DOWN:
                self.assertNotIn(WORD, frames.encode(datagram.frames))
        for frame in decoder.of(DOWN, frames.Room):
            self.assertNotEqual(frame.room, room)

    def intrude(self, eve: Endpoint, room: int) -> None:
        """Each alone, and PARTED is the answer to it."""
        for frame in intrusions(room):
            before = len(eve.decode().of(DOWN, frames.Parted))
            self.transmit(eve, [frame])
            self.until(lambda: len(eve.decode().of(DOWN, frames.Parted)) > before, str(frame))
        self.assertEqual({f.room for f in eve.decode().of(DOWN, frames.Parted)}, {room})
        for kind in (frames.MESSAGE, frames.TOPIC):
            outbox = eve.session.outbox
            said = outbox.say if kind == frames.MESSAGE else outbox.set_topic
            msg_id = said(room, b"from eve")
            self.settle(eve)
            accepted = eve.events(Accepted)[-1]
            self.assertEqual(accepted, Accepted(msg_id, room, 0, frames.NOT_IN_ROOM))

    def test_conversation(self) -> None:
        server = self.server()
        alice, bob, eve = (self.online(server, name) for name in ("alice", "bob", "eve"))
        room = self.enter(alice, "bob", frames.CONVERSATION)
        for number in range(10):
            alice.session.say(f"{SECRET} {number} {'x' * 400 * number}", room)
        self.settle(alice)
        self.sync(alice, bob, room=room)
        self.intrude(eve, room)
        for number in range(10):
            alice.session.say(f"{SECRET} still {number}", room)
            bob.session.say(f"{SECRET} yes {number}", room)
            self.transmit(eve, intrusions(room))
        self.settle(alice, bob)
        self.sync(alice, bob, room=room)
        eve.session.chat.search(SECRET, time.monotonic())
        self.until(lambda: eve.events(Places), "the search")
        self.assertEqual(eve.events(Places)[0].places, ())
        self.sync(alice, bob, eve)
        self.assert_nothing_of(room, eve)
        for endpoint in (alice, bob):
            self.assertEqual(self.texts(endpoint, "eve"), [])
            self.assertEqual(endpoint.session.rooms[room].topic, "")
            self.assertEqual(self.members(endpoint, room), {"alice": 0, "bob": 0})

    def test_everybody_s_conversations(self) -> None:
        """One's own is open, those of others are not, whatever their numbers are."""
        server = self.server()
        people = [self.online(server, name) for name in ("alice", "bob", "carol", "eve")]
        rooms: dict[int, set[str]] = {}
        for endpoint in people:
            for other in people:
                pair = {e.session.account.name for e in (endpoint, other)}
                if len(pair) == 2 and pair not in rooms.values():
                    name = other.session.account.name
                    number = self.enter(endpoint, name, frames.CONVERSATION)
                    rooms[number] = pair
                    endpoint.session.say(f"{SECRET} of {sorted(pair)}", number)
        self.settle(*people)
        self.assertEqual(len(rooms), 6)
        for endpoint in people:
            for room, pair in rooms.items():
                if endpoint.session.account.name not in pair:
                    self.transmit(endpoint, intrusions(room))
        self.sync(*people)
        for endpoint in people:
            name = endpoint.session.account.name
            mine = sorted(room for room, pair in rooms.items() if name in pair)
            self.until(lambda: all(self.texts(endpoint, room=r) for r in mine), "his own")
            texts = [text for text in self.texts(endpoint) if SECRET in text]
            self.assertEqual(sorted(texts), sorted(f"{SECRET} of {sorted(rooms[r])}" for r in mine))
            self.assertEqual(sorted(n for n in endpoint.session.rooms.all if n in rooms), mine)
            self.assertEqual(endpoint.decode().problems, [])

    def test_room_that_he_has_left(self) -> None:
        server = self.server()
        alice, eve = self.online(server, "alice"), self.online(server, "eve")
        games = self.enter(alice, "games")
        self.enter(eve, "games")
        self.sync(alice, eve, room=games)
        self.part(eve, games)
        for number in range(5):
            alice.session.say(f"{SECRET} {number}", games)
        self.settle(alice)
        self.intrude(eve, games)
        self.sync(alice, eve)
        for frame in eve.decode().of(DOWN, frames.Events):
            for entry in frame.entries:
                self.assertNotIn(WORD, entry.text)
        self.assertEqual(self.members(alice, games), {"alice": 0})

    def test_rooms_that_there_are_not(self) -> None:
        server = self.server()
        eve = self.online(server, "eve")
        for room in (2, 3, 65536, 65537, 1 << 31, (1 << 32) - 1):
            self.transmit(eve, intrusions(room))
        self.sync(eve)
        parted = {frame.room for frame in eve.decode().of(DOWN, frames.Parted)}
        self.assertEqual(parted, {2, 3, 65536, 65537, 1 << 31, (1 << 32) - 1})
        self.assertEqual(list(eve.session.rooms.all), [LOBBY])

    def test_after_a_restart(self) -> None:
        data = str(self.folder / "kept")
        server = self.server(data=data)
        alice, bob, eve = (self.online(server, name) for name in ("alice", "bob", "eve"))
        room = self.enter(alice, "bob", frames.CONVERSATION)
        alice.session.say(f"{SECRET} before", room)
        self.settle(alice)
        self.sync(alice, bob, room=room)
        self.kill(server)
        self.server(data=data, port=server.port)
        for endpoint in (alice, bob, eve):
            endpoint.session.ping()
        self.until(lambda: eve.session.resets and not eve.session.handshake, "the log-in")
        self.intrude(eve, room)
        self.sync(alice, bob, room=room)
        self.assert_nothing_of(room, eve)


if __name__ == "__main__":
    harness.main()
