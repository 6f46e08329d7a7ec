# SPDX-License-Identifier: MIT
"""The real programs while the network moves them about: everybody's source port, then the whole
source address, is another one each second, in the middle of long texts that go either way. And a
client that does not run for a while. CHAT_ROAM_SECONDS and CHAT_SLEEP_SECONDS say for how long."""
from __future__ import annotations

import os
import signal
from bisect import bisect_left
from collections import Counter
from itertools import pairwise
from typing import Any

from harness import main
from program import JsonClient
from relay import Datagram, Stats, start_relay
from secure import SecureCase, all_seen, events, numbers_without_holes, texts
from strangers import DATA
from waiting import LONG, wait_until

ROAM_SECONDS = int(os.environ.get("CHAT_ROAM_SECONDS", "20"))
SLEEP_SECONDS = int(os.environ.get("CHAT_SLEEP_SECONDS", "5"))

NAMES = ("alice", "bob", "小明")
TEXT_BYTES = 8192
UNDER_WAY = 5  # texts, every other one long; a round trip takes half a long one
FULL_BYTES = 1200
# A text of TEXT_BYTES is seven full datagrams and a last one of at least this size, either way.
# Little else is as long, only an acknowledgement with many gaps.
LAST_PART_BYTES_MIN = 192


class Talker:
    """Somebody who always has texts under way, long and short ones in turn."""

    def __init__(self, client: JsonClient, number: int) -> None:
        self.client = client
        self.number = number
        self.said: list[str] = []
        self._counted = 0
        self._counts = Counter[str]()

    def count(self, kind: str) -> int:
        lines = self.client.out.all[self._counted :]
        self._counted += len(lines)
        for line in lines:
            self._counts[line.partition('"type":"')[2].partition('"')[0]] += 1
        return self._counts[kind]

    def go_on(self) -> None:
        for _ in range(len(self.said) - self.count("accepted"), UNDER_WAY):
            text = f"{self.number} says {len(self.said)}:"
            if len(self.said) % 2 == 0:
                filler, rest = divmod(TEXT_BYTES - len(text), len("长".encode()))
                text += "长" * filler + "." * rest
            self.client.tell("message", text=text, id=str(len(self.said)))
            self.said.append(text)


class Roaming(SecureCase):
    def setUp(self) -> None:
        super().setUp()
        self.chat_server = self.server("--classic", "off")
        self.relay = start_relay(self, self.chat_server.address, record=True)

    def counters(self) -> dict[str, int]:
        rows = self.control(self.chat_server, "stats").splitlines()
        return {name.strip(): int(value) for name, value in (row.rsplit(None, 1) for row in rows)}

    def roam(self, talkers: list[Talker]) -> list[Stats]:
        """What the relay has counted, again and again, from before the first change to the last."""
        for talker in talkers:
            talker.go_on()
        looks = [self.relay.stats()]
        self.relay.command(f"at 1 every 2 for {ROAM_SECONDS} rebind port")
        self.relay.command(f"at 2 every 2 for {ROAM_SECONDS - 1} rebind address")
        changes = ROAM_SECONDS * len(talkers)

        def all_done() -> bool:
            for talker in talkers:
                talker.go_on()
            looks.append(self.relay.stats())
            return bool(looks[-1]["rebinds"] == changes)

        wait_until(all_done, ROAM_SECONDS + LONG, lambda: f"{changes} changes: {looks[-1]}")
        return looks

    def cut(self, looks: list[Stats], kinds: set[str]) -> int:
        """How many changes surely came when a part of a text had passed and another had not."""
        recording = self.relay.recording()
        changes = [
            (passed(before), passed(after))
            for before, after in pairwise(looks)
            if before["rebinds"] < after["rebinds"]
        ]
        found = 0
        for client in range(1, len(NAMES) + 1):
            places, sizes = parts_of_texts(recording, kinds, client)
            for earliest, latest in changes:
                first, behind = bisect_left(places, earliest), bisect_left(places, latest)
                around = sizes[max(first - 1, 0) : behind + 1]
                both_sides = 0 < first and behind < len(places)
                found += both_sides and set(around) == {FULL_BYTES}
        return found

    def test_port_and_address_change_every_second(self) -> None:
        self.relay.set(delay_ms=50)
        clients = self.joined(self.relay, *NAMES)
        talkers = [Talker(client, number) for number, client in enumerate(clients)]
        before = self.counters()
        looks = self.roam(talkers)
        said = [text for talker in talkers for text in talker.said]
        wait_until(
            lambda: all(
                talker.count("accepted") >= len(talker.said)
                and talker.count("message") >= len(said)
                for talker in talkers
            ),
            60,
            lambda: f"{len(said)} texts each; {[t.count('message') for t in talkers]} came",
        )

        for talker in talkers:
            self.assertEqual(sorted(texts(talker.client)), sorted(said), talker.client.title)
            numbers_without_holes(self, talker.client)
            self.assertEqual(texts(talker.client), texts(talkers[0].client), "all see one order")
            own = {event["seq"]: event["text"] for event in own_messages(talker.client)}
            accepted = events(talker.client, "accepted")
            self.assertEqual([own[event["seq"]] for event in accepted], talker.said)
            self.assertEqual([int(event["id"]) for event in accepted], [*range(len(talker.said))])

        # Nobody came in again, nor had to open another socket.
        after = self.counters()
        for name in ("members", "joins", "handshakes"):
            self.assertEqual((name, before[name], after[name]), (name, len(NAMES), len(NAMES)))
        for client in clients:
            self.assertEqual(len(events(client, "welcome")), 1)
            self.assertEqual(events(client, "leave", "error"), [])
            states = [event["state"] for event in events(client, "state")]
            self.assertEqual(states, ["connecting", "online"])
        stats = self.relay.stats()
        self.assertEqual((stats["clients"], stats["recording_complete"]), (len(NAMES), True))
        # And it was as hard as it should be.
        self.assertGreater(after["moves"] - before["moves"], ROAM_SECONDS)
        self.assertGreater(self.cut(looks, {"up"}), 0)
        self.assertGreater(self.cut(looks, {"down", "stray"}), 0)

    def test_a_client_that_sleeps(self) -> None:
        """Both its processes are stopped while others talk; then it catches up by itself."""
        clients = self.joined(self.relay, *NAMES)
        before = self.counters()
        *awake, sleeper = clients
        both = [sleeper.pid, *(child.pid for child in self.living_children(sleeper))]
        self.assertEqual(len(both), 2)
        for pid in both:
            os.kill(pid, signal.SIGSTOP)
        self.relay.command(f"every 1 for {SLEEP_SECONDS} stats")
        said = 0
        for _ in range(SLEEP_SECONDS):
            self.relay.next_stats()
            for client in awake:
                client.say(f"while you slept {said}")
                said += 1
        all_seen(awake, said)
        self.assertEqual(texts(sleeper), [])
        for pid in both:
            os.kill(pid, signal.SIGCONT)
        all_seen(clients, said)
        for client in clients:
            self.assertEqual(texts(client), texts(clients[0]))
            self.assertEqual(len(texts(client)), said)
            numbers_without_holes(self, client)
            self.assertEqual(events(client, "leave", "error"), [])
            self.assertEqual(len(events(client, "welcome")), 1)
        after = self.counters()
        for name in ("members", "joins"):
            self.assertEqual((name, before[name], after[name]), (name, len(NAMES), len(NAMES)))


def passed(stats: Stats) -> int:
    """As many datagrams were recorded before."""
    return int(stats["up"]["in"] + stats["down"]["in"] + stats["stray"])


def parts_of_texts(
    recording: list[Datagram], kinds: set[str], client: int
) -> tuple[list[int], list[int]]:
    """Their places in the recording, and their sizes."""
    found = [
        (place, len(datagram.data))
        for place, datagram in enumerate(recording)
        if datagram.client == client
        and datagram.kind in kinds
        and datagram.data[0] == DATA
        and len(datagram.data) >= LAST_PART_BYTES_MIN
    ]
    return [place for place, _ in found], [size for _, size in found]


def own_messages(client: JsonClient) -> list[dict[str, Any]]:
    return [event for event in events(client, "message") if event["own"]]


if __name__ == "__main__":
    main()
