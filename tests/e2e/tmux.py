# SPDX-License-Identifier: MIT
"""A real terminal: one tmux server of its own per screen, with a shell inside."""
from __future__ import annotations

import re
import subprocess
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from waiting import LONG, PATIENCE, wait_until

SHELL = "PS1='$ ' exec sh -i"
PROMPT = re.compile(r"^\$$")


class Tmux:
    """capture, keys, size. The shell is plain `sh`, which leaves the terminal's modes alone."""

    def __init__(
        self, folder: Path, name: str, columns: int, rows: int, env: Mapping[str, str]
    ) -> None:
        self._env = {**env, "TMUX": "", "SHELL": "/bin/sh"}
        self._socket = str(folder / f"tmux-{name}")
        config = folder / f"tmux-{name}.conf"
        config.write_text("set -g status off\nset -g escape-time 0\nset -g history-limit 2000\n")
        size = ("-x", str(columns), "-y", str(rows))
        self._run("-u", "-f", str(config), "new-session", "-d", *size, SHELL)
        self.wait_shell()

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *words],
            env=self._env,
            capture_output=True,
            encoding="utf-8",
            timeout=LONG * PATIENCE,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError(f"tmux {words} failed: {done.stderr.strip()}")
        return done.stdout

    def close(self) -> None:
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], env=self._env, check=False,
                       capture_output=True, timeout=LONG * PATIENCE)

    # -- looking

    def rows(self) -> list[str]:
        """The screen as it is, without the blanks at the ends of its rows."""
        return [row.rstrip() for row in self._run("capture-pane", "-p").split("\n")[:-1]]

    def text(self) -> str:
        return "\n".join(self.rows())

    def ask(self, variable: str) -> str:
        return self._run("display-message", "-p", f"#{{{variable}}}").strip()

    @property
    def full_screen(self) -> bool:
        """True while a program shows the terminal's alternate screen."""
        return self.ask("alternate_on") == "1"

    def shell_pid(self) -> int:
        return int(self.ask("pane_pid"))

    def modes(self) -> str:
        """`stty -a` of the terminal, without its size."""
        done = subprocess.run(["stty", "-a", "-F", self.ask("pane_tty")], capture_output=True,
                              encoding="utf-8", timeout=LONG * PATIENCE, check=True)
        return re.sub(r"rows \d+; columns \d+;", "", done.stdout)

    def wait_text(self, *wanted: str, seconds: float = LONG) -> None:
        wait_until(
            lambda: all(text in self.text() for text in wanted),
            seconds,
            lambda: f"{wanted} on the screen:\n{self.text()}\n",
        )

    def wait_no_text(self, unwanted: str, seconds: float = LONG) -> None:
        wait_until(
            lambda: unwanted not in self.text(),
            seconds,
            lambda: f"{unwanted!r} to leave the screen:\n{self.text()}\n",
        )

    def wait_full_screen(self, shown: bool, seconds: float = LONG) -> None:
        wait_until(
            lambda: self.full_screen == shown,
            seconds,
            lambda: f"the alternate screen to be {shown}:\n{self.text()}\n",
        )

    def wait_shell(self, seconds: float = LONG) -> None:
        """The shell's prompt is the last thing on the normal screen."""

        def prompted() -> bool:
            rows = [row for row in self.rows() if row]
            return not self.full_screen and bool(rows) and bool(PROMPT.match(rows[-1]))

        wait_until(prompted, seconds, lambda: f"the shell's prompt:\n{self.text()}\n")

    # -- acting

    def type(self, text: str) -> None:
        """Characters as they are, also those that tmux would take for names of keys."""
        self._run("send-keys", "-l", "--", text)

    def keys(self, *names: str) -> None:
        self._run("send-keys", *names)

    def enter(self, text: str) -> None:
        self.type(text)
        self.keys("Enter")

    def resize(self, columns: int, rows: int) -> None:
        self._run("resize-window", "-x", str(columns), "-y", str(rows))


def width(text: str) -> int:
    """Columns a row takes, as terminals count: wide characters two, combining ones none."""
    columns = 0
    for character in text:
        if unicodedata.combining(character) or character in "\u200d\ufe0f":
            continue
        columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return columns
