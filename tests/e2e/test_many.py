# SPDX-License-Identifier: MIT
"""Twenty clients of ours write 5,000 messages as fast as the pipes take them. Each sees each
message exactly once, one's own included, and all see them in the same order."""
from __future__ import annotations

import json
import threading
from typing import Any

from harness import Case, main
from program import JsonClient

CLIENTS = 20
EACH = 250


class Many(Case):
    def test_everybody_sees_everything_once_in_one_order(self) -> None:
        server = self.server()
        names = [f"user{number:02}" for number in range(CLIENTS)]
        clients = {name: self.json_client(server.port, name) for name in names}
        for client in clients.values():
            client.event("welcome")

        writers = [
            threading.Thread(target=self.write_all, args=(name, client))
            for name, client in clients.items()
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()

        seen = {name: self.read_all(client) for name, client in clients.items()}
        for name in names:
            expected = {text for other in names for text in self.texts(other)}
            self.assertEqual(len(seen[name]), len(set(seen[name])), f"{name} saw something twice")
            self.assertEqual(set(seen[name]), expected, name)
            self.assertEqual(seen[name], seen[names[0]], f"{name} saw another order")
        for client in clients.values():
            client.tell("quit")
        for client in clients.values():
            self.assertEqual(client.wait(), 0)

    def texts(self, name: str) -> list[str]:
        return [f"{name} says 第 {number} 句" for number in range(EACH)]

    def write_all(self, name: str, client: JsonClient) -> None:
        for text in self.texts(name):
            client.say(text)

    def read_all(self, client: JsonClient) -> list[str]:
        """The texts of all messages, one's own included, in the order they came out."""
        texts: list[str] = []
        numbers: list[int] = []
        while len(texts) < CLIENTS * EACH:
            event: dict[str, Any] = client.out.find(json.loads, f"message {len(texts)}", 60)
            if "seq" in event and event["type"] not in ("accepted", "receipt"):
                numbers.append(event["seq"])
            if event["type"] == "message":
                texts.append(event["text"])
        self.assertEqual(numbers, sorted(set(numbers)), "numbers ascend")
        return texts


if __name__ == "__main__":
    main()
