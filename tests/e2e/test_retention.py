#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the server keeps no longer (--retain-mb): a gap where it was, in history as for somebody who
comes back after long, and never a hole of which nobody is told."""
from __future__ import annotations

import re
import signal
from typing import Any

from harness import main
from program import JsonClient, Server
from secure import SecureCase, all_seen, events
from waiting import LONG, wait_until

SAID = 350
TEXT_BYTES = 4000  # together 1.4 MB
SURELY_GONE = 99  # the entry of which it shows; some more may go in the moments after
KEPT_BYTES = 1_020_000


def numbered(client: JsonClient, history: bool = False) -> list[dict[str, Any]]:
    """Entries and gaps, live or of history, in the order in which they came."""
    return [
        event
        for event in events(client, "message", "join", "leave", "gap")
        if event.get("history", False) == history
    ]


class Retention(SecureCase):
    def setUp(self) -> None:
        super().setUp()
        self.chat_server: Server = self.server("--retain-mb", "1")

    def leaves(self, client: JsonClient) -> None:
        client.tell("quit")
        self.assertEqual(client.wait(), 0)

    def talk(self) -> JsonClient:
        alice = self.client(self.chat_server.port, "alice")
        alice.event("welcome")
        for number in range(SAID):
            alice.say(f"{number} ".ljust(TEXT_BYTES, "x"))
        all_seen([alice], SAID)
        return alice

    def ask_history(self, client: JsonClient, **fields: Any) -> dict[str, Any]:
        client.tell("history", room="lobby", **fields)
        return client.event("history_end")

    def await_trimmed(self, client: JsonClient) -> None:
        """1 MB of 1.4 is left when the server has had the time for it. What is in its search index
        counts, and a search waits for that."""
        client.tell("search", room="lobby", words="nosuchword")
        client.event("found")

        def trimmed() -> bool:
            return bool(self.ask_history(client, before=SURELY_GONE + 1, limit=1)["at_start"])

        wait_until(trimmed, LONG, "the oldest entries to be trimmed")

    def assert_whole(self, shown: list[dict[str, Any]], first: int) -> dict[str, Any]:
        """From that number on everything is there but for one gap at its beginning."""
        gap = shown[0]
        self.assertEqual((gap["type"], gap["from"]), ("gap", first))
        numbers = [event["seq"] for event in shown[1:]]
        self.assertEqual(numbers, list(range(gap["to"] + 1, gap["to"] + 1 + len(numbers))))
        self.assertGreaterEqual(gap["to"], SURELY_GONE)
        self.assertGreater(len(numbers), 200)
        self.assertLess(sum(len(event.get("text", "")) for event in shown), KEPT_BYTES)
        return gap

    def test_history(self) -> None:
        self.leaves(self.talk())
        carol = self.client(self.chat_server.port, "carol")
        next_number = carol.event("welcome")["next"]
        self.await_trimmed(carol)
        before = len(numbered(carol, history=True))
        end = self.ask_history(carol, before=next_number, limit=256)
        shown = numbered(carol, history=True)[before:]
        gap = self.assert_whole(shown, 1)
        self.assertEqual(shown[-1]["seq"], next_number - 1)
        self.assertEqual(end["first"], gap["to"] + 1)
        self.assertEqual((end["at_start"], end["gone_to"]), (True, gap["to"]))
        self.assertNotIn("gap", [event["type"] for event in numbered(carol)])

    def test_somebody_who_was_away(self) -> None:
        bob = self.client(self.chat_server.port, "bob")
        bob.event("welcome")
        self.leaves(bob)
        self.await_trimmed(self.talk())
        bob = self.client(self.chat_server.port, "bob")
        welcome = bob.event("welcome")
        self.assertLess(welcome["next"], 10)
        head = welcome["next"] + welcome["missed"]
        bob.event("join", name="bob", seq=head - 1)
        shown = numbered(bob)
        gap = self.assert_whole(shown, welcome["next"])
        self.assertEqual(gap["to"] - gap["from"] + 1 + len(shown) - 1, welcome["missed"])

    def test_lines(self) -> None:
        self.await_trimmed(self.talk())
        dora = self.plain_client(self.chat_server.port, "dora", "--accept-new-key")
        dora.out.expect("you are in lobby")
        for _ in range(SAID // 100 + 1):
            dora.write("/history 100")
        line = dora.out.expect(re.compile(r"entries, 1 to \d+, can no longer be had"))
        count, last = re.findall(r"-- (\d+) entries, 1 to (\d+), can no longer be had$", line)[0]
        self.assertEqual(count, last)
        self.assertRegex(dora.out.expect("<alice>"), r"<alice> \d+ x+$")


if __name__ == "__main__":
    main()
