# SPDX-License-Identifier: MIT
"""kill -9 at random moments, again and again, while members talk as fast as they can through a
network that loses a tenth: what was accepted is in the log exactly once, and every member sees
every number exactly once and in order, across all restarts.

CHAT_KILLS: how often the server dies (50). CHAT_SEED: which moments, as far as a seed decides them.
"""
from __future__ import annotations

import json
import os
import random
import signal
from collections import Counter
from typing import Any

from harness import SERVER, main
from program import JsonClient, Server
from relay import start_relay
from secure import SecureCase, events
from waiting import wait_until

KILLS = int(os.environ.get("CHAT_KILLS", "50"))
SEED = int(os.environ.get("CHAT_SEED", random.randrange(1 << 30)))
NAMES = ("alice", "bob", "小明", "dora")
ENTRIES = ("message", "join", "leave", "announcement", "topic")
# Said and not yet accepted, per member: as fast as the protocol goes.
WINDOW = 40


class Talker:
    """A member who always has something more to say, in all the lives of his program."""

    def __init__(self, client: JsonClient) -> None:
        self.lives = [client]
        self.said = 0
        self.said_before = 0  # by the lives that are over

    @property
    def client(self) -> JsonClient:
        return self.lives[-1]

    def accepted(self) -> list[dict[str, Any]]:
        return [event for life in self.lives for event in events(life, "accepted")]

    def accepted_now(self) -> int:
        return sum('"type":"accepted"' in line for line in list(self.client.out.all))


class Torture(SecureCase):
    def setUp(self) -> None:
        super().setUp()
        print(f"CHAT_SEED={SEED}", flush=True)
        self.dice = random.Random(SEED)
        self.data = str(self.folder / "server-data")
        self.chat_server: Server = self.server(data=self.data)
        self.relay = start_relay(self, self.chat_server.address, seed=SEED % 1000 + 1)
        self.relay.set(loss=100, delay_ms=2, jitter_ms=2)
        self.talkers = [Talker(client) for client in self.joined(self.relay, *NAMES)]

    def talk(self) -> int:
        """Everybody fills his window; the number of messages accepted so far in these lives."""
        total = 0
        for who, talker in enumerate(self.talkers):
            accepted = talker.accepted_now()
            total += accepted
            if accepted + WINDOW // 2 >= self.said_now(talker):
                for _ in range(WINDOW // 2):
                    talker.said += 1
                    text = f"{who}.{talker.said} 说"
                    talker.client.tell("message", text=text, id=text)
        return total

    def said_now(self, talker: Talker) -> int:
        return talker.said - talker.said_before

    def goes_on(self, more: int) -> None:
        goal = self.talk() + more
        wait_until(lambda: self.talk() >= goal, 60, f"{more} more messages accepted")

    def kill_server(self) -> None:
        port = self.chat_server.port
        self.chat_server.send_signal(signal.SIGKILL)
        self.chat_server.wait()
        self.chat_server = self.server(data=self.data, port=port)

    def come_to_rest(self) -> dict[int, dict[str, Any]]:
        """Nobody says any more; what the log has, once everybody has seen its end."""

        def at_rest() -> bool:
            return all(t.accepted_now() >= self.said_now(t) for t in self.talkers)

        wait_until(
            at_rest,
            120,
            lambda: f"all accepted: {[(t.accepted_now(), self.said_now(t)) for t in self.talkers]}",
        )
        log = self.exported()
        last = max(log)

        def all_there() -> bool:
            return all(self.last_seen(t.client) >= last for t in self.talkers)

        wait_until(
            all_there, 60, lambda: f"{last}: {[self.last_seen(t.client) for t in self.talkers]}"
        )
        return log

    def last_seen(self, client: JsonClient) -> int:
        for line in reversed(list(client.out.all)):
            event = json.loads(line)
            if event["type"] in ENTRIES:
                return event["seq"]
        return 0

    def exported(self) -> dict[int, dict[str, Any]]:
        done = self.call(SERVER, "export", "--data", self.data, "lobby")
        self.assertEqual(done.returncode, 0, done.stderr)
        entries = [json.loads(line) for line in done.stdout.splitlines()[1:]]
        numbers = [entry["seq"] for entry in entries]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        return {entry["seq"]: entry for entry in entries}

    def check_log(self, log: dict[int, dict[str, Any]]) -> None:
        said = Counter(e["text"] for e in log.values() if e["kind"] == "message")
        self.assertEqual([text for text, times in said.items() if times != 1], [])
        for talker in self.talkers:
            for accepted in talker.accepted():
                self.assertEqual(log[accepted["seq"]]["text"], accepted["id"])
            ids = [accepted["id"] for accepted in talker.accepted()]
            self.assertEqual(len(ids), len(set(ids)))
        checked = self.call(SERVER, "check", "--data", self.data)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def check_life(self, life: JsonClient, log: dict[int, dict[str, Any]]) -> list[int]:
        """What one program has shown: its numbers, without a hole and as the log has them."""
        shown = events(life, *ENTRIES)
        numbers = [event["seq"] for event in shown]
        self.assertEqual(events(life, "gap"), [])
        if numbers:
            self.assertEqual(numbers, list(range(numbers[0], numbers[-1] + 1)), life.title)
        for event in shown:
            entry = log[event["seq"]]
            self.assertEqual((event["type"], event.get("text", "")), (entry["kind"], entry["text"]))
        return numbers

    def test_the_server_dies(self) -> None:
        for _ in range(KILLS):
            self.goes_on(self.dice.randint(1, 60))
            self.kill_server()
        self.goes_on(100)
        log = self.come_to_rest()
        self.check_log(log)
        for talker in self.talkers:
            numbers = self.check_life(talker.client, log)
            self.assertEqual(numbers[-1], max(log))
            self.assertEqual(events(talker.client, "error"), [])
            self.assertEqual(len(talker.accepted()), talker.said)
        # Nobody came or went: only the server did.
        coming = Counter(e["name"] for e in log.values() if e["kind"] in ("join", "leave"))
        self.assertEqual(coming, Counter(NAMES))

    def test_clients_die(self) -> None:
        for turn in range(KILLS):
            self.goes_on(self.dice.randint(1, 40))
            talker = self.dice.choice(self.talkers)
            if turn % 2 == 0:
                # The one killed the last time may still be missing.
                receiver = wait_until(
                    lambda t=talker: self.living_children(t.client), 10, "a receiver"
                )[0]
                os.kill(receiver.pid, signal.SIGKILL)
            else:
                name = NAMES[self.talkers.index(talker)]
                talker.client.send_signal(signal.SIGKILL)
                talker.client.wait()
                talker.client.out.forget_unfinished()
                talker.said_before = talker.said
                talker.lives.append(self.client(self.relay.port, name))
                talker.client.event("welcome")
        self.goes_on(100)
        log = self.come_to_rest()
        self.check_log(log)
        for talker in self.talkers:
            reached = 0
            for life in talker.lives:
                numbers = self.check_life(life, log)
                if not numbers:
                    continue
                # The next life begins where this one stood: nothing is missing in between.
                if reached:
                    self.assertLessEqual(numbers[0], reached + 1, talker.client.title)
                reached = max(reached, numbers[-1])
            self.assertEqual(reached, max(log))
        coming = Counter(e["name"] for e in log.values() if e["kind"] in ("join", "leave"))
        self.assertEqual(coming, Counter(NAMES))


if __name__ == "__main__":
    main()
