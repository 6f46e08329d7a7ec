# SPDX-License-Identifier: MIT
"""What the tests of the secure protocol share: clients behind a relay, and what each has seen."""
from __future__ import annotations

import json
from typing import Any

from harness import CLIENT, Case
from program import JsonClient
from relay import Relay
from waiting import LONG, wait_until

ENTRIES = ("message", "join", "leave", "announcement")


class SecureCase(Case):
    """Clients with a data folder of their own that trust a server met for the first time."""

    def client(self, port: int, name: str, *options: str, data: str = "") -> JsonClient:
        """data: the folder of an earlier client, to be the same person again."""
        where = data or str(self.folder / f"client-{name}")
        trust = () if any(o.startswith("--accept") for o in options) else ("--accept-new-key",)
        argv = [CLIENT, "127.0.0.1", str(port), "--name", name, "--json", "--data", where]
        return self._keep(JsonClient([*argv, *trust, *options], self.environment()))

    def joined(self, relay: Relay, *names: str) -> list[JsonClient]:
        clients = [self.client(relay.port, name) for name in names]
        for client in clients:
            client.event("welcome")
        return clients


def events(client: JsonClient, *kinds: str) -> list[dict[str, Any]]:
    """All events of these types so far, in order."""
    found = (json.loads(line) for line in list(client.out.all))
    return [event for event in found if event["type"] in kinds]


def texts(client: JsonClient) -> list[str]:
    return [event["text"] for event in events(client, "message")]


def all_seen(clients: list[JsonClient], count: int, seconds: float = LONG) -> None:
    """Waits until each has seen that many messages."""
    wait_until(
        lambda: all(len(texts(client)) >= count for client in clients),
        seconds,
        lambda: f"{count} messages each; seen: {[len(texts(client)) for client in clients]}",
    )


def numbers_without_holes(case: Case, client: JsonClient) -> None:
    """Every number once, ascending, none missing, no gap declared."""
    case.assertEqual(events(client, "gap"), [])
    numbers = [event["seq"] for event in events(client, *ENTRIES)]
    case.assertTrue(numbers)
    case.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))), client.title)
