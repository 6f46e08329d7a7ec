# SPDX-License-Identifier: MIT
"""The real programs over a bad network: whatever it does to datagrams, every message is stored
once and seen once by everybody, in one order. How long that takes is measured in bench/."""
from __future__ import annotations

import os
import signal

from harness import main
from program import JsonClient
from relay import start_relay
from secure import SecureCase, all_seen, events, numbers_without_holes, texts
from waiting import wait_until

NAMES = ("alice", "bob", "小明")


class Network(SecureCase):
    def setUp(self) -> None:
        super().setUp()
        self.chat_server = self.server()
        self.relay = start_relay(self, self.chat_server.address, record=True)

    def talk(self, clients: list[JsonClient], each: int, length: int = 20) -> list[str]:
        """Everybody says so many; the ids come back in `accepted`."""
        said = []
        for number in range(each):
            for who, client in enumerate(clients):
                text = f"{who} says {number} " + "语" * length
                client.tell("message", text=text, id=f"{who}-{number}")
                said.append(text)
        return said

    def check(self, clients: list[JsonClient], said: list[str], seconds: float = 60) -> None:
        all_seen(clients, len(said), seconds)
        for client in clients:
            self.assertEqual(sorted(texts(client)), sorted(said), client.title)
            numbers_without_holes(self, client)
            self.assertEqual(events(client, "error"), [])
        orders = [texts(client) for client in clients]
        self.assertEqual(orders, [orders[0]] * len(orders), "all see one order")
        for who, client in enumerate(clients):
            own = [text for text in said if text.startswith(f"{who} ")]
            wait_until(
                lambda c=client, n=len(own): len(events(c, "accepted")) == n, 30, "all accepted"
            )
            by_number = {event["seq"]: event for event in events(client, "message")}
            for accepted in events(client, "accepted"):
                message = by_number[accepted["seq"]]
                self.assertTrue(message["own"])
                number = accepted["id"].split("-")[1]
                self.assertTrue(message["text"].startswith(f"{who} says {number} "))

    def leave(self, clients: list[JsonClient]) -> None:
        for client in clients:
            client.tell("quit")
        for client in clients:
            self.assertEqual(client.wait(60), 0)

    def test_thirty_percent_lost_each_way(self) -> None:
        self.relay.set(loss=300, delay_ms=50, jitter_ms=5)
        clients = self.joined(self.relay, *NAMES)
        self.check(clients, self.talk(clients, 30))
        self.leave(clients)

    def test_half_of_everything_lost(self) -> None:
        clients = self.joined(self.relay, *NAMES)
        self.relay.set(loss=500, delay_ms=20)
        self.check(clients, self.talk(clients, 10), 180)

    def test_reordered_doubled_and_damaged(self) -> None:
        self.relay.set(reorder=250, reorder_ms=200, duplicate=250, flip=200, truncate=50, extend=50)
        clients = self.joined(self.relay, *NAMES)
        self.check(clients, self.talk(clients, 40))

    def test_long_texts_while_addresses_change(self) -> None:
        """The source port, or the whole address, is another one every few moments."""
        self.relay.set(delay_ms=10, loss=20)
        clients = self.joined(self.relay, *NAMES)
        said = []
        for turn in range(12):
            for who, client in enumerate(clients):
                text = f"{who} says {turn} " + "长" * 2500
                client.tell("message", text=text, id=f"{who}-{turn}")
                said.append(text)
            self.relay.rebind("address" if turn % 3 == 0 else "port")
            wait_until(
                lambda n=len(said): len(texts(clients[0])) >= n - 3, 30, "the talk to go on"
            )
        self.check(clients, said)
        # Nobody had to come in again.
        for client in clients:
            names = [event["name"] for event in events(client, "join")]
            self.assertEqual(len(names), len(set(names)), names)
            self.assertEqual(events(client, "leave"), [])

    def test_nothing_readable_passes(self) -> None:
        clients = self.joined(self.relay, "alice", "bob")
        clients[0].tell("message", text="a secret for bob 秘密", id="1")
        all_seen(clients, 1)
        self.leave(clients)
        everything = b"\n".join(datagram.data for datagram in self.relay.recording())
        self.assertGreater(len(everything), 5000)
        for word in (b"alice", b"bob", b"secret", "秘密".encode(), b"lobby"):
            self.assertNotIn(word, everything)

    def test_what_was_recorded_played_back_changes_nothing(self) -> None:
        clients = self.joined(self.relay, "alice", "bob")
        said = self.talk(clients, 5)
        all_seen(clients, len(said))
        before = self.control(self.chat_server, "who")
        for datagram in self.relay.recording():
            if datagram.kind == "up":
                self.relay.inject("up", datagram.client, datagram.data)
                self.relay.inject_new(datagram.data)
            elif datagram.kind == "down":
                self.relay.inject("down", datagram.client, datagram.data)
        more = self.talk(clients, 1)
        all_seen(clients, len(said) + len(more))
        for client in clients:
            self.assertEqual(len(texts(client)), len(said) + len(more))
            numbers_without_holes(self, client)
        self.assertEqual(self.control(self.chat_server, "who"), before)

    def test_black_out_and_stopped_process(self) -> None:
        clients = self.joined(self.relay, *NAMES)
        said = self.talk(clients, 3)
        all_seen(clients, len(said))
        sleeper = clients[2]
        both = [sleeper.pid, *(child.pid for child in self.living_children(sleeper))]
        for pid in both:
            os.kill(pid, signal.SIGSTOP)
        self.relay.set(blackout="on")
        missed = self.talk(clients[:2], 20)
        self.relay.set(blackout="off")
        all_seen(clients[:2], len(said) + len(missed), 60)
        for pid in both:
            os.kill(pid, signal.SIGCONT)
        all_seen(clients, len(said) + len(missed), 60)
        numbers_without_holes(self, sleeper)

    def test_the_receiver_killed_again_and_again(self) -> None:
        clients = self.joined(self.relay, "alice", "bob")
        said: list[str] = []
        for _ in range(3):
            said += self.talk_more(clients, said)
            receivers = wait_until(
                lambda: self.living_children(clients[1]), 10, "the receiver to be there"
            )
            os.kill(receivers[0].pid, signal.SIGKILL)
            clients[1].event("error", code="receiver_died")
        said += self.talk_more(clients, said)
        all_seen(clients, len(said), 60)
        for client in clients:
            self.assertEqual(sorted(texts(client)), sorted(said))
            numbers_without_holes(self, client)

    def talk_more(self, clients: list[JsonClient], before: list[str]) -> list[str]:
        text = f"after {len(before)}"
        for client in clients:
            client.tell("message", text=f"{text} {client.pid}", id="")
        return [f"{text} {client.pid}" for client in clients]

    def test_killed_and_started_again(self) -> None:
        """The same person at once takes the place of his own ghost; nobody hears of it."""
        (alice,) = self.joined(self.relay, "alice")
        (bob,) = self.joined(self.relay, "bob")
        alice.event("join", name="bob")
        bob.send_signal(signal.SIGKILL)
        bob.wait()
        again = self.client(self.relay.port, "bob", data=str(self.folder / "client-bob"))
        again.event("welcome")
        again.tell("message", text="back", id="1")
        all_seen([alice, again], 1)
        self.assertEqual(events(alice, "leave"), [])
        self.assertEqual([event["name"] for event in events(alice, "join")], ["bob"])


if __name__ == "__main__":
    main()
