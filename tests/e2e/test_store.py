# SPDX-License-Identifier: MIT
"""The data folder from the command line: what is damaged, lost or empty, and what is said of it."""
from __future__ import annotations

import json
import os
import sqlite3
import stat

from harness import SERVER, Case, main
from program import Server

PAGE = 4096


class Store(Case):
    def test_all_is_well(self) -> None:
        data = self.filled(1)
        done = self.call(SERVER, "check", "--data", data)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "3 entries in 1 room: all is well\n")
        self.assertEqual(done.stderr, "")

    def test_messages_are_damaged(self) -> None:
        data = self.filled(400)
        self.overwrite(data, self.leaf(data, "entries"))
        done = self.call(SERVER, "check", "--data", data)
        self.assertEqual(done.returncode, os.EX_DATAERR)
        self.assertRegex(done.stdout, r"^\d+ entries in 1 room: \d+ findings\n$")
        for part in ("damaged: what was said", "cannot be read", "chat-server export", "backup"):
            self.assertIn(part, done.stderr)
        self.assertNotIn("chat-server check", done.stderr)

        done = self.call(SERVER, "export", "lobby", "--data", data)
        self.assertEqual(done.returncode, os.EX_DATAERR)
        self.assertRegex(done.stderr, r"entries \d+ to \d+ cannot be read")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        texts = [line["text"] for line in lines if line.get("kind") == "message"]
        self.assertGreater(len(texts), 200)
        self.assertLess(len(texts), 400)
        self.assertIn("number 0", texts)
        self.assertIn("number 399", texts)

        other = str(self.folder / "other")
        given = self.call(SERVER, "import", "--data", other, given=done.stdout)
        self.assertEqual(given.returncode, 0, given.stderr)
        done = self.call(SERVER, "check", "--data", other)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_search_index_is_damaged(self) -> None:
        data = self.filled(400)
        self.overwrite(data, self.leaf(data, "search_data"))
        refused = self.call(SERVER, "127.0.0.1", "0", "--data", data)
        self.assertEqual(refused.returncode, os.EX_DATAERR)
        self.assertIn("`chat-server check`", refused.stderr)
        done = self.call(SERVER, "check", "--data", data)
        self.assertEqual(done.returncode, os.EX_DATAERR)
        self.assertIn("Nothing but the search index", done.stderr)
        self.assertIn("chat-server reindex", done.stderr)
        done = self.call(SERVER, "reindex", "--data", data)
        self.assertEqual(done.returncode, 0, done.stderr)
        mode = os.stat(f"{data}/rooms.db").st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        server = self.server(data=data)
        carol = self.json_client(server.port, "carol")
        carol.event("welcome")
        carol.tell("search", words="number 397")
        self.assertEqual(len(carol.event("found")["hits"]), 1)

    def test_the_file_is_empty_though_it_was_used(self) -> None:
        data = self.filled(1)
        for name, told in (("empty", "is empty"), ("gone", "is missing")):
            with self.subTest(name):
                self.forget_rooms(data)
                if name == "empty":
                    open(f"{data}/rooms.db", "wb").close()
                    done = self.call(SERVER, "check", "--data", data)
                    self.assertEqual(done.returncode, os.EX_DATAERR)
                    self.assertIn("the file is empty", done.stderr)
                server = self.server(data=data)
                self.assertIn("a new log begins", server.err.expect(told))
                self.stop(server)

    def test_a_first_start_warns_of_nothing(self) -> None:
        server = self.server()
        self.stop(server)
        self.assertEqual([line for line in server.err.until_end() if "new log" in line], [])

    def filled(self, messages: int) -> str:
        """The data folder of a server that has stopped."""
        server = self.server()
        bob = self.json_client(server.port, "bob")
        bob.event("welcome")
        for number in range(messages):
            bob.tell("message", text=f"number {number}", id=str(number))
        bob.event("accepted", id=str(messages - 1))
        # So that all of it is indexed.
        bob.tell("search", words="number")
        bob.event("found")
        bob.popen.kill()
        bob.wait()
        self.stop(server)
        return server.data

    def stop(self, server: Server) -> None:
        server.popen.terminate()
        self.assertEqual(server.wait(), 0)

    def forget_rooms(self, data: str) -> None:
        for end in ("", "-wal", "-shm"):
            if os.path.exists(f"{data}/rooms.db{end}"):
                os.remove(f"{data}/rooms.db{end}")

    def leaf(self, data: str, table: str) -> int:
        """A page in the middle of a tree of two levels (sqlite.org/fileformat.html, 1.6)."""
        database = sqlite3.connect(f"{data}/rooms.db")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = database.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)
        ).fetchone()
        database.close()
        with open(f"{data}/rooms.db", "rb") as file:
            file.seek((root - 1) * PAGE)
            page = file.read(PAGE)
        self.assertEqual(page[0], 5, "a tree of two levels")
        cells = int.from_bytes(page[3:5], "big")
        place = 12 + 2 * (cells // 2)
        cell = int.from_bytes(page[place : place + 2], "big")
        return int.from_bytes(page[cell : cell + 4], "big")

    def overwrite(self, data: str, page: int) -> None:
        with open(f"{data}/rooms.db", "r+b") as file:
            file.seek((page - 1) * PAGE)
            file.write(b"\x55" * PAGE)


if __name__ == "__main__":
    main()
