# SPDX-License-Identifier: MIT
"""What a clear error is, as far as a program can tell."""
from __future__ import annotations

import re
import socket
import subprocess

from harness import SERVER, Case

WRONG_CALL = (2,)
SYSEXITS = tuple(range(64, 79))
NOT_FOR_PEOPLE = re.compile(
    r"terminate called|what\(\)|exception|Sanitizer|core dumped|errno|std::|\.cpp|\.h:"
    r"|0x[0-9a-f]{6}"
)
BARE = re.compile(r"^(error: )?(Permission denied|Address already in use|Invalid argument)\.?$")


class Errors(Case):
    def assert_clear(
        self,
        done: subprocess.CompletedProcess[str],
        statuses: tuple[int, ...],
        *mentioned: str,
    ) -> None:
        """Status, and a text on standard error that names the thing it is about."""
        self.assertIn(done.returncode, statuses, done.stderr or done.stdout)
        text = done.stderr.strip()
        self.assertNotEqual(text, "", f"status {done.returncode} without a word")
        self.assertLessEqual(len(text.splitlines()), 3, text)
        self.assertNotRegex(text, NOT_FOR_PEOPLE)
        self.assertNotRegex(text, BARE)
        self.assertNotRegex(text, r"[.?!][.?!]", "one mark ends a sentence")
        for words in mentioned:
            self.assertIn(words, text)

    def start_server(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A start that is to fail; the data folder is fresh unless one is given."""
        data = () if "--data" in arguments else ("--data", str(self.folder / "data"))
        return self.call(SERVER, *arguments, *data)

    def closed_port(self) -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
            unused.bind(("127.0.0.1", 0))
            return int(unused.getsockname()[1])
