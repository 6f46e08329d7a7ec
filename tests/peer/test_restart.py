# SPDX-License-Identifier: MIT
"""chat-server killed and started again on the same data folder: its clients come back by
themselves and go on at the exact next number in every room."""
from __future__ import annotations

from support import LOBBY, Case, Endpoint, Ended, Joined, Server, Shown, State, frames, harness

from decoder import DOWN
from events import Accepted, Uncertain

JOIN = frames.JOIN


class Restart(Case):
    def setUp(self) -> None:
        super().setUp()
        self.data = str(self.folder / "kept")

    def three_rooms(self, server: Server) -> tuple[Endpoint, Endpoint, list[int]]:
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        games = self.enter(alice, "games")
        self.enter(bob, "games")
        room = self.enter(alice, "bob", frames.CONVERSATION)
        self.until(lambda: room in bob.session.rooms.all, "the conversation")
        rooms = [LOBBY, games, room]
        for where in rooms:
            alice.session.say(f"before {where}", where)
            self.sync(bob, alice, room=where)
        self.settle(alice, bob)
        return alice, bob, rooms

    def come_back(self, *endpoints: Endpoint, logins: int = 2) -> None:
        for endpoint in endpoints:
            endpoint.session.ping()
        back = lambda: all(len(e.events(Joined)) == logins for e in endpoints)  # noqa: E731
        self.until(back, "all of them to be back")

    def test_exact_next_number_in_three_rooms(self) -> None:
        server = self.server(data=self.data)
        alice, bob, rooms = self.three_rooms(server)
        next_seq = {room: alice.session.rooms[room].inbox.next_seq for room in rooms}
        last_id = alice.events(Accepted)[-1].msg_id
        self.kill(server)
        again = self.server(data=self.data, port=server.port)
        self.assertEqual(again.key, server.key)
        self.come_back(alice, bob)
        for endpoint in (alice, bob):
            self.assertEqual(endpoint.session.resets, 1)
            joined = endpoint.events(Joined)[-1]
            self.assertTrue(joined.epoch_known and joined.resumed, joined)
        for room in rooms:
            alice.session.say(f"after {room}", room)
        self.settle(alice)
        for room in rooms:
            for endpoint in (alice, bob):
                there = lambda: f"after {room}" in self.texts(endpoint, room=room)  # noqa: E731
                self.until(there, "the message")
                shown = [e for e in endpoint.events(Shown) if e.room == room]
                new = [(e.seq, e.text) for e in shown if e.seq >= next_seq[room]]
                self.assertEqual(new, [(next_seq[room], f"after {room}")])
        ids = [accepted.msg_id for accepted in alice.events(Accepted)]
        self.assertEqual(ids, list(range(1, last_id + 4)))
        for endpoint in (alice, bob):
            self.assert_ascending(endpoint)
            self.assertEqual(self.members(endpoint), {"alice": 0, "bob": 0})
            self.assertEqual(endpoint.events(Uncertain), [])

    def test_somebody_new_changes_nothing_for_those_who_were_there(self) -> None:
        server = self.server(data=self.data)
        alice, bob, rooms = self.three_rooms(server)
        self.kill(server)
        self.server(data=self.data, port=server.port)
        carol = self.online(server, "carol")
        self.come_back(alice, bob)
        self.sync(alice, bob, carol)
        self.assertEqual(self.changes(alice), [(JOIN, "bob"), (JOIN, "carol")])
        self.assertEqual(self.members(carol), {name: 0 for name in ("alice", "bob", "carol")})
        self.assertEqual(list(carol.session.rooms.all), [LOBBY])
        self.assertEqual([e.kind for e in carol.decode().of(DOWN, frames.Room)], [frames.NAMED])

    def test_killed_while_they_talk(self) -> None:
        """Three times; whatever was said is there once, in the order in which it was said."""
        server = self.server(data=self.data)
        alice, bob, rooms = self.three_rooms(server)
        said: dict[int, list[str]] = {room: [] for room in rooms}
        for turn in range(3):
            for number in range(60):
                room = rooms[number % 3]
                text = f"{turn} {number} {'x' * (2000 if number % 10 == 0 else 20)}"
                said[room].append(text)
                alice.session.say(text, room)
            count = len(alice.events(Accepted)) + 20
            self.until(lambda: len(alice.events(Accepted)) >= count, "some of it to be stored")
            self.kill(server)
            server = self.server(data=self.data, port=server.port)
            self.come_back(alice, bob, logins=turn + 2)
        self.settle(alice)
        for room in rooms:
            self.sync(alice, bob, room=room)
            for endpoint in (alice, bob):
                texts = [t for t in self.texts(endpoint, "alice", room) if t[0].isdigit()]
                self.assertEqual(texts, said[room])
        results = alice.events(Accepted)
        self.assertEqual([r.msg_id for r in results], list(range(1, len(results) + 1)))
        self.assertEqual({r.status for r in results}, {0})
        shown = {(e.room, e.seq): e.text for e in bob.events(Shown) if e.name == "alice"}
        for result, text in zip(results[3:], self.in_order(said, rooms)):
            self.assertEqual(shown[result.room, result.seq], text)
        for endpoint in (alice, bob):
            self.assert_ascending(endpoint)
            self.assertEqual(endpoint.events(Uncertain), [])
        self.assertEqual((self.changes(alice), self.changes(bob)), ([(JOIN, "bob")], []))

    def in_order(self, said: dict[int, list[str]], rooms: list[int]) -> list[str]:
        count = sum(len(texts) for texts in said.values())
        return [said[rooms[number % 3]][number // 3] for number in range(count)]

    def test_another_program_after_the_restart(self) -> None:
        """Server and client both gone: he is back where he stood, or, as the acknowledgements of the
        last moments may be lost, before that; and without an entry."""
        server = self.server(data=self.data)
        alice, bob, rooms = self.three_rooms(server)
        stood = {room: bob.session.rooms[room].inbox.next_seq for room in rooms}
        self.endpoints.remove(bob)
        self.kill(server)
        self.server(data=self.data, port=server.port)
        self.come_back(alice)
        for room in rooms:
            alice.session.say(f"missed {room}", room)
        self.settle(alice)
        again = self.online(server, bob.session.account.another_program())
        for room in rooms:
            missed = lambda: f"missed {room}" in self.texts(again, room=room)  # noqa: E731
            self.until(missed, "what he missed")
            self.assertEqual(self.texts(again, room=room)[-1], f"missed {room}")
            self.assertEqual(self.numbers(again, room)[-1], stood[room])
        self.assert_ascending(again)
        self.assertEqual(self.changes(alice), [(JOIN, "bob")])
        bob.close()

    def test_topic_and_names_are_kept(self) -> None:
        server = self.server(data=self.data)
        alice, bob, rooms = self.three_rooms(server)
        alice.session.outbox.set_topic(rooms[1], b"the topic")
        self.settle(alice)
        self.kill(server)
        self.server(data=self.data, port=server.port)
        carol = self.online(server, "carol")
        self.assertEqual(self.enter(carol, "games"), rooms[1])
        self.assertEqual(carol.session.rooms[rooms[1]].topic, "the topic")
        self.assertEqual(self.refused(server, "bob").code, 4)
        self.assertEqual(self.enter(carol, "bob", frames.CONVERSATION) in rooms, False)

    def test_stopped_and_started(self) -> None:
        """In good order: the clients have been sent away, and come as another session."""
        server = self.server(data=self.data)
        alice, bob, rooms = self.three_rooms(server)
        server.popen.terminate()
        for endpoint in (alice, bob):
            self.until(lambda: endpoint.session.state is State.ended, "the end")
            self.assertEqual(endpoint.events(Ended), [Ended(3, "closed")])
        self.assertEqual(server.wait(), 0)
        self.endpoints.clear()
        self.server(data=self.data, port=server.port)
        sessions = [old.session for old in (alice, bob)]
        back = [
            self.online(server, old.account, rooms=old.rooms, outbox=old.outbox)
            for old in sessions
        ]
        for room in rooms:
            self.sync(*back, room=room)
            for old, new in zip((alice, bob), back):
                numbers = self.numbers(old, room) + self.numbers(new, room)
                self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        for endpoint in back:
            self.assertEqual(self.changes(endpoint), [])
            self.assertTrue(endpoint.events(Joined)[-1].epoch_known)
        for endpoint in (alice, bob):
            endpoint.close()


if __name__ == "__main__":
    harness.main()
