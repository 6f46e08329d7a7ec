# SPDX-License-Identifier: MIT
"""The peer's rooms, conversations, questions and history against the fake server."""
from __future__ import annotations

import unittest

from simulated import ELSEWHERE, THERE, Case

import frames
from decoder import DOWN
from events import (
    Accepted, Account, Entered, Joined, Left, NotEntered, Older, Places, RoomList, SeenBy, Shown,
    Who,
)
from fake_server import FakeServer
from network import Network, Weather
from session import Session


class RoomsCase(Case):
    def enter(self, session: Session, name: str, kind: int = frames.NAMED) -> int:
        """The room's number."""
        session.chat.join(name, self.network.now, kind)
        self.until(lambda: session.rooms.find(name, kind))
        return session.rooms.find(name, kind)

    def said(self, *sessions: Session) -> None:
        """Everything said is stored, and everybody has what there is to have."""

        def done() -> bool:
            heads = {n: room.head for n, room in self.server.rooms.all.items()}
            return all(
                not s.outbox.waiting
                and all(room.inbox.next_seq == heads[n] for n, room in s.rooms.all.items())
                for s in sessions
            )

        self.until(done)

    def kinds(self, session: Session, room: int) -> list[tuple[int, str]]:
        shown = (e for e in self.of(session, Shown) if e.room == room)
        return [(e.entry.kind, e.name) for e in shown]


class Membership(RoomsCase):
    def test_rooms_have_their_own_numbers(self) -> None:
        alice, bob = self.join(), self.join("bob", THERE)
        games = self.enter(alice, "games")
        self.assertEqual(self.enter(bob, "games"), games)
        tea = self.enter(alice, "tea")
        for number in range(3):
            alice.say(f"lobby {number}")
            alice.say(f"games {number}", games)
            alice.say(f"tea {number}", tea)
        self.said(alice, bob)
        for session, rooms in ((alice, (1, games, tea)), (bob, (1, games))):
            for room, name in zip(rooms, ("lobby", "games", "tea")):
                self.assertEqual(self.texts(session, room), [f"{name} {n}" for n in range(3)])
            self.assert_ascending(session)
            self.assert_clean(session)
        self.assertIsNone(bob.rooms.get(tea))
        accepted = self.of(alice, Accepted)
        self.assertEqual([a.room for a in accepted], [1, games, tea] * 3)
        self.assertTrue(all(e.is_new for e in self.of(alice, Entered)))

    def test_landing_room(self) -> None:
        alice = self.join(Account.new("alice", room="tea"))
        self.assertEqual(self.of(alice, Joined)[0].room, alice.rooms.find("tea"))
        alice.say("here")
        self.said(alice)
        self.assertEqual(self.texts(alice, alice.rooms.find("tea")), ["here"])

    def test_part(self) -> None:
        alice, bob = self.join(), self.join("bob", THERE)
        games = self.enter(alice, "games")
        self.enter(bob, "games")
        bob.chat.part(games, self.network.now)
        self.until(lambda: self.of(bob, Left))
        self.assertEqual(self.of(bob, Left), [Left(games)])
        bob.say("nobody hears this", games)
        alice.say("bob does not hear this", games)
        self.said(alice, bob)
        self.assertEqual(self.of(bob, Accepted), [Accepted(1, games, 0, frames.NOT_IN_ROOM)])
        self.assertEqual(self.texts(bob), [])
        self.assertEqual(self.kinds(alice, games)[-2:], [(frames.LEAVE, "bob"), (1, "alice")])
        self.assertEqual(self.enter(bob, "games"), games)
        self.assertTrue(self.of(bob, Entered)[-1].is_new)
        for session in (alice, bob):
            self.assert_clean(session)

    def test_conversation(self) -> None:
        alice, bob, eve = self.join(), self.join("bob", THERE), self.join("eve", ELSEWHERE)
        room = self.enter(alice, "bob", frames.CONVERSATION)
        self.until(lambda: bob.rooms.find("alice", frames.CONVERSATION) == room)
        alice.say("between us", room)
        bob.say("yes", room)
        self.said(alice, bob, eve)
        for session in (alice, bob):
            self.assertEqual(sorted(self.texts(session, room)), ["between us", "yes"])
            self.assert_clean(session)
        self.assertEqual((eve.rooms.get(room), self.texts(eve)), (None, []))
        for name in ("nobody", "eve"):
            eve.chat.join(name, self.network.now, frames.CONVERSATION)
        self.until(lambda: len(self.of(eve, NotEntered)) == 2)
        codes = {(refused.code, refused.name) for refused in self.of(eve, NotEntered)}
        self.assertEqual(codes, {(frames.NOBODY, "nobody"), (frames.NOBODY, "eve")})
        alice.slip_in(frames.Part(room))
        eve.slip_in(frames.RoomAck(room, 1, 9), frames.EntriesWanted(room, 1, 9), frames.Part(room))
        self.network.run_for(1)
        self.assertEqual(self.texts(eve), [])
        self.assertEqual(len(self.plain_frames(eve, DOWN, frames.Parted)), 3)
        self.assertEqual(self.plain_frames(alice, DOWN, frames.Parted), [])
        self.assertIn(room, alice.rooms.all)
        self.assert_clean(eve)

    def test_two_programs_of_one_person(self) -> None:
        bob = self.join("bob", THERE)
        first = self.join()
        games = self.enter(first, "games")
        second = self.join(first.account.another_program(), ELSEWHERE)
        self.until(lambda: games in second.rooms)
        first.say("from the first", games)
        second.say("from the second")
        tea = self.enter(second, "tea")
        self.until(lambda: tea in first.rooms)
        self.said(first, second, bob)
        for session in (first, second):
            self.assertEqual(set(self.texts(session)), {"from the first", "from the second"})
            self.assert_clean(session)
        first.quit(self.network.now)
        self.network.run_for(2)
        self.assertEqual(self.kinds(bob, 1)[:1], [(frames.JOIN, "alice")])
        self.assertNotIn((frames.LEAVE, "alice"), self.kinds(bob, 1))
        second.quit(self.network.now)
        self.until(lambda: (frames.LEAVE, "alice") in self.kinds(bob, 1))

    def test_what_was_said_while_he_was_away(self) -> None:
        alice, bob = self.join(), self.join("bob", THERE)
        games = self.enter(alice, "games")
        self.enter(bob, "games")
        self.said(alice, bob)
        bob.quit(self.network.now)
        self.network.run_for(1)
        alice.say("while he was away", games)
        self.said(alice)
        again = self.join(bob.account.another_program(), ELSEWHERE)
        self.until(lambda: "while he was away" in self.texts(again, games))
        self.assertFalse(any(e.is_new for e in self.of(again, Entered)))
        self.assert_ascending(again)
        self.assert_clean(again)

    def test_restart_in_three_rooms(self) -> None:
        alice, bob = self.join(), self.join("bob", THERE)
        rooms = [1, self.enter(alice, "games"), self.enter(alice, "bob", frames.CONVERSATION)]
        self.enter(bob, "games")
        self.said(alice, bob)
        heads = {room: self.server.rooms.all[room].head for room in rooms}
        self.server.restart()
        for room in rooms:
            alice.say(f"after, {room}", room)
        self.until(lambda: len(self.of(alice, Joined)) == 2)
        bob.ping()
        self.until(lambda: len(self.of(bob, Joined)) == 2)
        self.said(alice, bob)
        for room in rooms:
            shown = [e for e in self.of(bob, Shown) if e.room == room and e.seq >= heads[room]]
            self.assertEqual([(e.seq, e.text) for e in shown], [(heads[room], f"after, {room}")])
        for session in (alice, bob):
            self.assertEqual(session.resets, 1)
            self.assert_ascending(session)
            self.assert_clean(session)

    def test_three_rooms_in_bad_weather(self) -> None:
        for seed in range(3):
            with self.subTest(seed=seed):
                self.server = FakeServer()
                self.network = Network(self.server, seed)
                self.network.weather = Weather(0.02, jitter=0.05, loss=0.2, repeat=0.2)
                alice, bob = self.join(), self.join("bob", THERE)
                rooms = [1, self.enter(alice, "games"), self.enter(alice, "bob", 2)]
                self.enter(bob, "games")
                self.until(lambda: all(room in bob.rooms for room in rooms))
                for number in range(30):
                    text = f"{number} {'x' * (1500 if number % 5 == 0 else 20)}"
                    (alice if number % 2 else bob).say(text, rooms[number % 3])
                self.said(alice, bob)
                for room in rooms:
                    self.assertEqual(self.texts(alice, room), self.texts(bob, room))
                    self.assertEqual(len(self.texts(alice, room)), 10)
                for session in (alice, bob):
                    self.assert_ascending(session)
                    self.assert_clean(session)


class Questions(RoomsCase):
    def test_topic_and_pinned(self) -> None:
        alice = self.join()
        games = self.enter(alice, "games")
        alice.outbox.set_topic(games, "now playing".encode())
        self.said(alice)
        self.assertEqual(alice.rooms[games].topic, "now playing")
        bob = self.join("bob", THERE)
        self.enter(bob, "games")
        self.assertEqual(self.of(bob, Entered)[-1].topic, "now playing")
        alice.outbox.set_topic(games, b"")
        pinned = self.server.announce(b"read the rules", self.network.now, frames.PINNED)
        self.network.deliver(pinned)
        alice.ping()
        bob.ping()
        self.said(alice, bob)
        self.assertEqual(bob.rooms[games].topic, "")
        self.assertEqual(bob.rooms[1].pinned, self.server.lobby.head - 1)
        self.assert_clean(bob)

    def test_rooms_and_members_in_pages(self) -> None:
        alice = self.join()
        for name in ("games", "tea", "music", "news"):
            self.enter(alice, name)
        bob = self.join("bob", THERE)
        bob.chat.ask_rooms(self.network.now)
        self.until(lambda: self.of(bob, RoomList))
        rooms = self.of(bob, RoomList)[0].rooms
        mine = {name: room.flags for name, room in rooms.items()}
        self.assertEqual(mine, {"games": 0, "lobby": 1, "music": 0, "news": 0, "tea": 0})
        self.assertEqual({n: r.members for n, r in rooms.items() if r.members != 1}, {"lobby": 2})
        games = alice.rooms.find("games")
        alice.chat.ask_members(games, self.network.now)
        self.until(lambda: self.of(alice, Who))
        self.assertEqual(self.of(alice, Who)[0].members, {"alice": 0})
        self.assertEqual(self.of(alice, Who)[0].room, games)
        self.assert_clean(bob)

    def test_history_and_search(self) -> None:
        alice = self.join()
        games = self.enter(alice, "games")
        said = [f"number {n} {'x' * (3000 if n % 4 == 0 else 9)}" for n in range(20)]
        for text in said:
            alice.say(text, games)
        self.said(alice)
        self.server.rooms.all[games].tail = 4
        self.network.weather = Weather(0.02, loss=0.1)
        bob = self.join("bob", THERE)
        self.enter(bob, "games")
        began = bob.rooms[games].inbox.began
        bob.chat.history.fetch(games, 1, began - 1, self.network.now)
        self.until(lambda: self.of(bob, Older))
        older = self.of(bob, Older)[0]
        self.assertEqual(older.gone, frozenset({1, 2, 3}))
        texts = [e.text.decode() for e in older.entries.values() if e.kind == frames.MESSAGE]
        self.assertEqual(texts, said[2:])
        self.assertEqual(self.texts(bob, games), [])
        number = bob.chat.search("NUMBER 13", self.network.now, games)
        self.until(lambda: self.of(bob, Places))
        found = self.of(bob, Places)[0]
        self.assertEqual((found.id, found.more), (number, False))
        self.assertEqual([older.entries[p.seq].text[:9] for p in found.places], [b"number 13"])
        self.assert_clean(bob)

    def test_receipts(self) -> None:
        alice, bob = self.join(), self.join("bob", THERE)
        self.said(alice, bob)
        alice.say("who has seen this?")
        self.until(lambda: self.of(alice, SeenBy))
        self.until(lambda: self.of(alice, SeenBy)[-1].seen == 1)
        self.assertEqual(self.of(alice, SeenBy)[-1].of, 1)
        self.assertEqual(self.of(bob, SeenBy), [])
        self.assert_clean(alice)


if __name__ == "__main__":
    unittest.main(verbosity=2)
