# SPDX-License-Identifier: MIT
"""chat-server's rooms and conversations, and several programs of one person, as a peer made from
docs/PROTOCOL.md alone sees them."""
from __future__ import annotations

import time

from support import (
    LOBBY, Case, Endpoint, Entered, Joined, OwnRooms, Server, Shown, frames, harness,
)

from decoder import DOWN
from events import Accepted, Left, NotEntered, RoomList
from inbox import Inbox
from members import MemberList
from rooms import OwnRoom

JOIN, LEAVE = frames.JOIN, frames.LEAVE


class Rooms(Case):
    def test_each_has_its_own_numbers(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        games, tea = self.enter(alice, "games"), self.enter(alice, "茶馆")
        self.assertEqual(len({LOBBY, games, tea}), 3)
        self.assertEqual(self.enter(bob, "games"), games)
        for number in range(20):
            for room, name in ((LOBBY, "lobby"), (games, "games"), (tea, "tea")):
                alice.session.say(f"{name} {number} {'长' * (number * 100)}", room)
            bob.session.say(f"bob {number}", games)
        self.settle(alice, bob)
        self.sync(alice, bob, room=games)
        self.sync(alice, bob)
        for endpoint, rooms in ((alice, (LOBBY, games, tea)), (bob, (LOBBY, games))):
            for room in rooms:
                said = [text.split()[:2] for text in self.texts(endpoint, "alice", room)]
                name = {LOBBY: "lobby", games: "games", tea: "tea"}[room]
                self.assertEqual(said[:20], [[name, str(number)] for number in range(20)])
            self.assertEqual(len(self.texts(endpoint, "bob", games)), 20)
            self.assert_ascending(endpoint)
        self.assertEqual(self.texts(alice, room=games), self.texts(bob, room=games))
        self.assertNotIn(tea, bob.session.rooms.all)
        self.assertEqual({a.status for a in alice.events(Accepted)}, {0})

    def test_other_spellings_are_the_same_room(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        games = self.enter(alice, "Games")
        for spelling in ("games", "GAMES", "Ｇａｍｅｓ"):
            bob.session.chat.join(spelling, time.monotonic())
        self.until(lambda: bob.session.rooms.find("Games") == games, "the room")
        self.quiet(0.2)
        self.assertEqual(len(bob.session.rooms.all), 2)
        self.assertEqual(self.changes(alice, games), [(JOIN, "bob")])
        rooms = [frame for frame in bob.decode().of(DOWN, frames.Room) if frame.room == games]
        self.assertEqual({frame.name for frame in rooms}, {b"Games"})

    def test_landing_room(self) -> None:
        server = self.server()
        alice = self.online(server, "alice", room="games")
        games = alice.session.rooms.landing
        self.assertNotEqual(games, LOBBY)
        self.assertEqual(alice.session.rooms[games].name, "games")
        alice.session.say("by default")
        self.until(lambda: self.texts(alice, room=games) == ["by default"], "the message")
        bob = self.online(server, "bob")
        self.enter(bob, "games")
        again = self.online(server, alice.session.account.another_program())
        self.assertEqual(again.session.rooms.landing, games)
        self.assertEqual(self.changes(bob, games), [])

    def test_landing_room_that_cannot_be(self) -> None:
        server = self.server()
        alice = self.online(server, "alice", room="two words")
        self.assertEqual(alice.events(Joined)[0].room, 0)
        self.until(lambda: LOBBY in alice.session.rooms.all, "the lobby")
        self.until(lambda: alice.events(NotEntered), "NO_ROOM")
        self.assertEqual(alice.events(NotEntered)[0], NotEntered(1, frames.NO_NAME, "two words"))
        bob = self.online(server, "bob", room="not\nclean")
        self.assertEqual(bob.events(Joined)[0].room, 0)
        self.sync(bob, alice)
        self.assertEqual(bob.decode().of(DOWN, frames.NoRoom), [])

    def test_part_and_back_again(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        games = self.enter(alice, "games")
        self.enter(bob, "games")
        self.sync(alice, bob, room=games)
        self.part(bob, games)
        self.assertEqual(bob.events(Left), [Left(games)])
        shown = len(bob.events(Shown))
        alice.session.say("without bob", games)
        msg_id = bob.session.say("too late", games)
        self.settle(alice, bob)
        self.assertEqual(bob.events(Accepted)[-1], Accepted(msg_id, games, 0, frames.NOT_IN_ROOM))
        self.sync(alice, bob)
        late = [event for event in bob.events(Shown)[shown:] if event.room == games]
        self.assertEqual(late, [])
        self.assertEqual(self.changes(alice, games), [(JOIN, "bob"), (LEAVE, "bob")])
        self.assertEqual(self.members(alice, games), {"alice": 0})
        self.assertEqual(self.enter(bob, "games"), games)
        entered = bob.events(Entered)[-1]
        self.assertTrue(entered.is_new)
        self.sync(alice, bob, room=games)
        self.assertEqual(self.changes(alice, games)[2:], [(JOIN, "bob")])
        again = [seq for seq in self.numbers(bob, games) if seq >= entered.next_seq]
        self.assertEqual(again, list(range(entered.next_seq, entered.next_seq + len(again))))
        self.assertNotIn("too late", self.texts(alice))

    def test_part_three_times_is_one_leave(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        games = self.enter(alice, "games")
        self.enter(bob, "games")
        for _ in range(3):
            self.transmit(bob, [frames.Part(games)])
        self.until(lambda: bob.decode().of(DOWN, frames.Parted), "PARTED")
        for _ in range(2):
            before = len(bob.decode().of(DOWN, frames.Parted))
            self.transmit(bob, [frames.Part(games)])
            more = lambda: len(bob.decode().of(DOWN, frames.Parted)) > before  # noqa: E731
            self.until(more, "PARTED again")
        self.sync(alice, room=games)
        self.assertEqual(self.changes(alice, games), [(JOIN, "bob"), (LEAVE, "bob")])

    def test_visits(self) -> None:
        """Joins and leaves in each of his rooms, and a member all the time."""
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        games = self.enter(alice, "games")
        self.enter(bob, "games")
        self.sync(alice, bob, room=games)
        self.quiet(0.2)  # his acknowledgement says where he stands
        self.leave(bob)
        alice.session.say("while he was away", games)
        self.settle(alice)
        again = self.online(server, bob.session.account.another_program())
        self.until(lambda: "while he was away" in self.texts(again, room=games), "what he missed")
        self.sync(alice, again)
        self.sync(alice, again, room=games)
        for room in (LOBBY, games):
            visits = [(JOIN, "bob"), (LEAVE, "bob"), (JOIN, "bob")]
            self.assertEqual(self.changes(alice, room), visits)
            last = bob.session.rooms[room].inbox.next_seq - 1
            first = self.numbers(again, room)[0]
            shown = [event for event in alice.events(Shown) if event.room == room]
            between = [e for e in shown if last < e.seq < first]
            skipped = [e.name for e in between if e.entry.kind in (JOIN, LEAVE)]
            self.assertEqual(skipped, ["bob"] * (first - last - 1), "nothing but his own visits")
        self.assertFalse(any(entered.is_new for entered in again.events(Entered)))
        self.assert_ascending(again)

    def test_too_fast(self) -> None:
        server = self.server()
        alice = self.online(server, "alice")
        for number in range(14):
            alice.session.chat.join(f"room-{number}", time.monotonic())
        chat = alice.session.chat
        self.until(lambda: chat.deadline() is None, "an answer to each")
        refused = {event.code for event in alice.events(NotEntered)}
        self.assertEqual(refused, {frames.NOT_NOW})
        entered = [event for event in alice.events(Entered) if event.name != "lobby"]
        self.assertGreaterEqual(len(entered), 10)
        self.assertEqual(len(entered) + len(alice.events(NotEntered)), 14)
        for name in ("two words", "\u200b"):
            alice.session.chat.join(name, time.monotonic())
            self.until(lambda: alice.events(NotEntered)[-1].name == name, "NO_ROOM")
            self.assertEqual(alice.events(NotEntered)[-1].code, frames.NO_NAME)

    def test_topic(self) -> None:
        server = self.server()
        alice = self.online(server, "alice")
        games = self.enter(alice, "games")
        topic = "棋牌 " + "t" * 240
        for text in (topic, "", topic):
            alice.session.outbox.set_topic(games, text.encode())
        self.settle(alice)
        self.until(lambda: alice.session.rooms[games].topic == topic, "the topic")
        kinds = [e.entry.kind for e in alice.events(Shown) if e.room == games]
        self.assertEqual(kinds, [frames.TOPIC] * 3)
        bob = self.online(server, "bob")
        self.enter(bob, "games")
        self.assertEqual(bob.events(Entered)[-1].topic, topic)
        self.assertEqual(self.listed(bob)["games"].topic.decode(), topic.encode()[:80].decode())
        for wrong in (b"two\nlines", b"tab\t"):
            msg_id = alice.session.outbox.set_topic(games, wrong)
            self.settle(alice)
            self.assertEqual(alice.events(Accepted)[-1], Accepted(msg_id, games, 0, frames.REFUSED))

    def listed(self, endpoint: Endpoint) -> dict[str, frames.ListedRoom]:
        before = len(endpoint.events(RoomList))
        endpoint.session.chat.ask_rooms(time.monotonic())
        self.until(lambda: len(endpoint.events(RoomList)) > before, "the rooms")
        return endpoint.events(RoomList)[-1].rooms

    def test_list(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        names = [f"room-{number}-{'x' * 24}" for number in range(8)]
        for name in names:
            room = self.enter(alice, name)
            self.enter(bob, name + "y")
            alice.session.outbox.set_topic(room, "长".encode() * 80)
        self.enter(bob, names[3])
        self.enter(bob, "alice", frames.CONVERSATION)
        self.settle(alice)
        rooms = self.listed(bob)
        of_bob = {f"{name}y" for name in names}
        self.assertEqual(set(rooms), {*names, *of_bob, "lobby"})
        self.assertEqual({n for n, r in rooms.items() if r.flags}, of_bob | {"lobby", names[3]})
        self.assertEqual({n for n, r in rooms.items() if r.members == 2}, {"lobby", names[3]})
        self.assertEqual({rooms[name].topic.decode() for name in names}, {"长" * 26})
        self.assertGreater(len(bob.decode().of(DOWN, frames.Rooms)), 1)


class Conversations(Case):
    def test_of_two(self) -> None:
        server = self.server()
        alice, bob, eve = (self.online(server, name) for name in ("alice", "bob", "eve"))
        room = self.enter(alice, "bob", frames.CONVERSATION)
        self.until(lambda: room in bob.session.rooms.all, "the same room at bob's")
        self.assertEqual(bob.session.rooms.find("alice", frames.CONVERSATION), room)
        alice.session.say("between us", room)
        bob.session.say("长" * 2000, room)
        self.settle(alice, bob)
        self.sync(alice, bob, room=room)
        self.sync(alice, bob, eve)
        for endpoint in (alice, bob):
            self.assertEqual(self.texts(endpoint, "alice", room)[0], "between us")
            self.assertEqual(self.texts(endpoint, "bob", room), ["长" * 2000])
            self.assert_ascending(endpoint)
            self.assertEqual(self.members(endpoint, room), {"alice": 0, "bob": 0})
        self.assertEqual(list(eve.session.rooms.all), [LOBBY])
        self.assertEqual(self.enter(bob, "alice", frames.CONVERSATION), room)

    def test_with_somebody_who_is_away(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        self.leave(bob)
        room = self.enter(alice, "BOB", frames.CONVERSATION)
        alice.session.say("for when you are back", room)
        self.settle(alice)
        again = self.online(server, bob.session.account.another_program())
        self.until(lambda: self.texts(again, "alice") == ["for when you are back"], "the message")
        self.assertEqual(again.session.rooms.find("alice", frames.CONVERSATION), room)
        self.assertEqual(self.changes(again, room) + self.changes(alice, room), [])

    def enter(self, endpoint: Endpoint, name: str, kind: int = frames.NAMED) -> int:
        """Also by another spelling."""
        rooms = endpoint.session.rooms
        endpoint.session.chat.join(name, time.monotonic(), kind)
        self.until(lambda: rooms.find(name.lower(), kind), f"ROOM {name}")
        return rooms.find(name.lower(), kind)

    def test_with_nobody(self) -> None:
        server = self.server()
        alice = self.online(server, "alice")
        self.peer(server, "oldtimer")
        for name in ("nobody", "alice", "oldtimer"):
            alice.session.chat.join(name, time.monotonic(), frames.CONVERSATION)
            self.until(lambda: alice.events(NotEntered)[-1:], "NO_ROOM")
            self.until(lambda: alice.events(NotEntered)[-1].name == name, "NO_ROOM")
            expected = NotEntered(frames.CONVERSATION, frames.NOBODY, name)
            self.assertEqual(alice.events(NotEntered)[-1], expected)

    def test_part_is_ignored(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        room = self.enter(alice, "bob", frames.CONVERSATION)
        self.until(lambda: room in bob.session.rooms.all, "the same room at bob's")
        self.transmit(alice, [frames.Part(room)])
        bob.session.say("still there?", room)
        self.until(lambda: "still there?" in self.texts(alice), "what bob says after that")
        self.assertEqual(alice.decode().of(DOWN, frames.Parted), [])


class Programs(Case):
    def test_both_hear_everything(self) -> None:
        server = self.server()
        bob = self.online(server, "bob")
        first = self.online(server, "alice")
        games = self.enter(first, "games")
        self.enter(bob, "games")
        second = self.online(server, first.session.account.another_program())
        self.until(lambda: games in second.session.rooms.all, "his room")
        room = self.enter(bob, "alice", frames.CONVERSATION)
        tea = self.enter(second, "tea")
        self.until(lambda: {room, tea} <= set(first.session.rooms.all), "the rooms at the first")
        self.until(lambda: room in second.session.rooms.all, "the conversation at the second")
        speakers = ((first, games), (second, games), (first, tea), (bob, room), (second, room))
        for number in range(10):
            for endpoint, where in speakers:
                endpoint.session.say(f"{endpoint.session.account.epoch} {number}", where)
        self.settle(first, second, bob)
        for where in (games, room):
            self.sync(bob, first, second, room=where)
        self.sync(first, second, room=tea)
        for where in (games, room, tea):
            self.assertEqual(self.texts(first, room=where), self.texts(second, room=where))
            of_alice = {games: 20, room: 10, tea: 11}[where]
            self.assertEqual(len(self.texts(first, "alice", where)), of_alice)
        for endpoint in (first, second, bob):
            self.assert_ascending(endpoint)
        self.part(second, tea)
        self.until(lambda: tea not in first.session.rooms.all, "PARTED at the first")
        self.leave(first)
        self.sync(bob, second)
        self.assertEqual(self.changes(bob), [(JOIN, "alice")])
        self.leave(second)
        self.until(lambda: (LEAVE, "alice") in self.changes(bob), "the leaving")

    def test_a_slow_one_and_a_fast_one(self) -> None:
        """The cursor of one takes nothing from the other."""
        server = self.server()
        bob = self.online(server, "bob")
        fast = self.online(server, "alice")
        slow = self.online(server, fast.session.account.another_program())
        self.sync(bob, fast, slow)
        slow.receive_filter = lambda data: []
        for number in range(50):
            bob.session.say(f"{number}")
        self.settle(bob)
        self.sync(bob, fast)
        slow.receive_filter = lambda data: [data]
        self.sync(bob, fast, slow)
        self.assertEqual(self.texts(slow, "bob"), self.texts(fast, "bob"))
        self.assert_ascending(slow)

    def test_the_first_room_ack_decides(self) -> None:
        """A new program that says 1 gets the whole log, one that says head nothing of it."""
        server = self.server()
        bob = self.online(server, "bob")
        alice = self.online(server, "alice")
        for number in range(60):
            bob.session.say(f"{number} {'x' * (2000 if number % 10 == 0 else 10)}")
        self.settle(bob)
        self.sync(bob, alice)
        head = alice.session.inbox.next_seq
        for next_seq in (1, 30, head):
            with self.subTest(next_seq=next_seq):
                program = self.begin_at(server, alice, next_seq)
                self.sync(program)
                self.assertEqual(self.numbers(program, LOBBY)[0], next_seq)
                self.assert_ascending(program)

    def begin_at(self, server: Server, endpoint: Endpoint, next_seq: int) -> Endpoint:
        inbox = Inbox(LOBBY, next_seq, next_seq)
        lobby = OwnRoom(frames.NAMED, "lobby", "", 0, inbox, MemberList(LOBBY))
        known = OwnRooms(endpoint.session.rooms.log_epoch, LOBBY, {LOBBY: lobby})
        return self.online(server, endpoint.session.account.another_program(), rooms=known)


if __name__ == "__main__":
    harness.main()
