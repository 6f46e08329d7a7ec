# SPDX-License-Identifier: MIT
"""chat-server's older entries and its search, as a peer made from docs/PROTOCOL.md alone uses
them."""
from __future__ import annotations

import time

from support import LOBBY, Account, Case, Endpoint, Server, Shown, frames, harness

from bad_network import BadNetwork
from decoder import DOWN, UP
from events import Older, Places

CLEARLY = "quixotic"


class HistoryCase(Case):
    def talk(self, server: Server, texts: list[str]) -> Endpoint:
        alice = self.online(server, "alice")
        for text in texts:
            alice.session.say(text)
        self.settle(alice)
        self.sync(alice)
        return alice

    def older(self, endpoint: Endpoint, room: int, first: int, count: int) -> Older:
        before = len(endpoint.events(Older))
        endpoint.session.chat.history.fetch(room, first, count, time.monotonic())
        self.until(lambda: len(endpoint.events(Older)) > before, "older entries")
        return endpoint.events(Older)[-1]

    def search(self, endpoint: Endpoint, words: str, room: int = 0, before: int = 0) -> Places:
        number = endpoint.session.chat.search(words, time.monotonic(), room, before)
        self.until(
            lambda: endpoint.events(Places) and endpoint.events(Places)[-1].id == number, "FOUND"
        )
        return endpoint.events(Places)[-1]

    def said(self, older: Older) -> list[str]:
        entries = older.entries.values()
        return [e.text.decode() for e in entries if e.kind == frames.MESSAGE]


class History(HistoryCase):
    def test_entries_before_one_s_own_beginning(self) -> None:
        server = self.server()
        texts = [f"{n} {'长' * (1500 if n % 7 == 0 else n)}" for n in range(100)]
        self.talk(server, texts)
        bob = self.online(server, "bob")
        began = bob.session.inbox.began
        self.assertEqual(self.texts(bob), [])
        older = self.older(bob, LOBBY, 1, began - 1)
        self.assertEqual(older.gone, frozenset())
        self.assertEqual(sorted(older.entries), list(range(1, began)))
        self.assertEqual(self.said(older)[:100], texts)
        self.assertEqual(self.texts(bob), [], "history is not news")
        self.assertEqual(bob.session.inbox.next_seq, began)
        self.sync(bob)
        self.assert_ascending(bob)
        again = self.online(server, bob.session.account.another_program())
        self.sync(bob, again)
        self.assertGreaterEqual(self.numbers(again, LOBBY)[0], began)

    def test_through_a_bad_network(self) -> None:
        server = self.server()
        texts = [f"{n} {'x' * (6000 if n % 5 == 0 else 300)}" for n in range(60)]
        self.talk(server, texts)
        bob = self.online(server, "bob")
        bob.send_filter = BadNetwork(7, lose=0.2)
        bob.receive_filter = BadNetwork(8, lose=0.2, hold=0.1)
        began = bob.session.inbox.began
        older = self.older(bob, LOBBY, 1, began - 1)
        self.assertEqual(self.said(older)[:60], texts)
        asked = [f for f in bob.decode().of(UP, frames.EntriesWanted) if f.have]
        self.assertGreater(bob.session.chat.history.asked, 1)
        self.assertTrue(all(question.count == 1 for question in asked))

    def test_what_reaches_above_is_cut_off(self) -> None:
        """At what the server has sent by itself: that it has more to come is not asked for."""
        server = self.server()
        alice = self.talk(server, ["old"])
        bob = self.online(server, "bob")
        self.sync(bob, alice)
        self.quiet(0.2)
        self.decode_at_end = False  # this client asks for what is not history
        began = bob.session.inbox.began
        before = len(bob.decode().of(DOWN, frames.Events))
        self.transmit(bob, [frames.EntriesWanted(LOBBY, began - 1, 256)])
        self.until(lambda: len(bob.decode().of(DOWN, frames.Events)) > before, "one entry")
        self.quiet(0.3)
        got = bob.decode().of(DOWN, frames.Events)[before:]
        numbers = {n for f in got for n in range(f.first_seq, f.first_seq + len(f.entries))}
        self.assertEqual(numbers, set(range(began - 1, bob.session.inbox.next_seq)))

    def test_scattered_places(self) -> None:
        """64 of them are asked for in one go, and come without asking again."""
        server = self.server()
        self.talk(server, [f"{n} {'x' * 300}" for n in range(200)])
        bob = self.online(server, "bob")
        began = bob.session.inbox.began
        before = len(bob.events(Older))
        places = range(1, 128, 2)
        for place in places:
            bob.session.chat.history.fetch(LOBBY, place, 1, time.monotonic())
        self.until(lambda: len(bob.events(Older)) == before + 64, "64 entries")
        self.assertEqual(sorted(seq for o in bob.events(Older) for seq in o.entries), list(places))
        self.assertEqual(bob.session.chat.history.asked, 64)
        self.assertLess(127, began)

    def test_while_others_talk(self) -> None:
        """Pages of the past and the present do not hinder each other."""
        server = self.server()
        alice = self.talk(server, [f"old {n} {'x' * 500}" for n in range(400)])
        bob = self.online(server, "bob")
        began = bob.session.inbox.began
        for first in (1, 101, 201):
            bob.session.chat.history.fetch(LOBBY, first, 100, time.monotonic())
        for number in range(100):
            alice.session.say(f"new {number}")
        self.settle(alice)
        self.sync(alice, bob)
        self.until(lambda: len(bob.events(Older)) == 3, "three pages")
        self.assertEqual(self.texts(bob)[:100], [f"new {n}" for n in range(100)])
        entries = {seq for page in bob.events(Older) for seq in page.entries}
        self.assertEqual(entries, set(range(1, 301)))
        self.assertEqual(self.numbers(bob, LOBBY)[0], began)
        self.assert_ascending(bob)


class Search(HistoryCase):
    def test_words(self) -> None:
        server = self.server()
        texts = [
            "The quick brown fox",
            "a QUICKER fox",
            "今天天气很好",
            "Ｑｕｉｃｋ and 天气 both",
            "nothing of the kind",
            "two\nlines, the second with quick",
        ]
        alice = self.talk(server, texts)
        expectations: tuple[tuple[str, list[int]], ...] = (
            ("quick", [5, 3, 1, 0]),
            ("fox quick", [1, 0]),
            ("brown fox the", [0]),
            ("天气", [3, 2]),
            ("气很", [2]),
            ("天气 quick", [3]),
            ("uick", []),
            ("absent", []),
            ("OF", [4]),
        )
        for words, expected in expectations:
            with self.subTest(words):
                found = self.search(alice, words, LOBBY)
                shown = {seq: entry.text.decode() for seq, entry in self.entries(alice).items()}
                self.assertEqual([shown[p.seq] for p in found.places], [texts[n] for n in expected])
                self.assertFalse(found.more)

    def entries(self, endpoint: Endpoint, room: int = LOBBY) -> dict[int, frames.Entry]:
        return {e.seq: e.entry for e in endpoint.events(Shown) if e.room == room}

    def test_rooms_and_kinds(self) -> None:
        server = self.server()
        alice, bob = self.online(server, "alice"), self.online(server, "bob")
        games = self.enter(alice, "games")
        with_bob = self.enter(alice, "bob", frames.CONVERSATION)
        for room in (LOBBY, games, with_bob):
            alice.session.say(f"{CLEARLY} in {room}", room)
            self.settle(alice)
            self.quiet(0.01)  # another millisecond
        alice.session.outbox.set_topic(games, f"{CLEARLY} topic".encode())
        self.settle(alice)
        self.announce(server, f"{CLEARLY} announcement")
        self.sync(alice, bob)
        self.until(lambda: with_bob in bob.session.rooms.all, "the conversation")
        found = self.search(alice, CLEARLY)
        self.assertEqual(
            [place.room for place in found.places], [LOBBY, games, with_bob, games, LOBBY]
        )
        of_bob = [place.room for place in self.search(bob, CLEARLY).places]
        self.assertEqual(of_bob, [LOBBY, with_bob, LOBBY])
        in_games = [p.seq for p in self.search(alice, CLEARLY, games).places]
        kinds = [self.entries(alice, games)[seq].kind for seq in in_games]
        self.assertEqual(kinds, [frames.TOPIC, frames.MESSAGE])
        before = self.search(alice, CLEARLY, games, before=in_games[0])
        self.assertEqual([place.seq for place in before.places], in_games[1:])
        self.part(alice, games)
        left = {place.room for place in self.search(alice, CLEARLY).places}
        self.assertEqual(left, {LOBBY, with_bob})

    def test_more_than_fit(self) -> None:
        server = self.server()
        alice = self.talk(server, [f"{CLEARLY} {n}" for n in range(150)])
        bob = self.online(server, "bob")
        self.assertTrue(self.search(bob, CLEARLY).more)
        seqs: list[int] = []
        more, before = True, 0
        while more:
            found = self.search(bob, CLEARLY, LOBBY, before)
            seqs += [place.seq for place in found.places]
            more, before = found.more, seqs[-1]
        self.assertEqual(len(seqs), 150)
        self.assertEqual(seqs, sorted(seqs, reverse=True))
        shown = self.entries(alice)
        self.assertTrue(all(shown[seq].text.startswith(CLEARLY.encode()) for seq in seqs))
        older = self.older(bob, LOBBY, seqs[-1], 1)
        self.assertEqual(self.said(older), [f"{CLEARLY} 0"])

    def test_through_a_bad_network(self) -> None:
        server = self.server()
        alice = self.talk(server, [CLEARLY])
        alice.send_filter = BadNetwork(9, lose=0.4)
        alice.receive_filter = BadNetwork(10, lose=0.4)
        for _ in range(5):
            self.assertEqual(len(self.search(alice, CLEARLY).places), 1)

    def test_unusual_words(self) -> None:
        """What a search engine could take for its own language."""
        server = self.server()
        alice = self.talk(server, ["plain text", "*", "it's \"so\" (called)"])
        for words in ('"', "*", "NEAR(", "a OR b", "-x", "plain AND", "^", "'", "text*", " ", "%"):
            self.search(alice, words)
        self.assertEqual(len(self.search(alice, "w" * 255).places), 0)
        self.assertEqual(len(self.search(alice, "plain").places), 1)


class Identity(HistoryCase):
    def test_a_new_person_reads_what_was_before_him(self) -> None:
        """A room with a name is open: whoever is in it may read all of it."""
        server = self.server()
        alice = self.talk(server, ["before"])
        games = self.enter(alice, "games")
        alice.session.say("before in games", games)
        self.settle(alice)
        bob = self.online(server, Account.new("bob"))
        self.enter(bob, "games")
        began = bob.session.rooms[games].inbox.began
        self.assertEqual(self.said(self.older(bob, games, 1, began - 1)), ["before in games"])


if __name__ == "__main__":
    harness.main()
