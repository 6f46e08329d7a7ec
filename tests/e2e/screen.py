# SPDX-License-Identifier: MIT
"""The full-screen client inside tmux, for the tests of what people see."""
from __future__ import annotations

import re
import shlex

import processes
from harness import CLIENT, Case, trust
from original import OriginalServer
from program import Server
from tmux import Tmux
from waiting import wait_until

KEEPER = "chat-keeper"


class ScreenCase(Case):
    """Adds terminals to a test."""

    def terminal(self, columns: int = 80, rows: int = 24, **env: str) -> Tmux:
        name = str(len(list(self.folder.glob("tmux-*.conf"))))
        # TERM is left to tmux: inside it is what tmux says.
        kept = {k: v for k, v in self.environment().items() if k != "TERM"}
        tmux = Tmux(self.folder, name, columns, rows, {**kept, **env})
        self.addCleanup(tmux.close)
        return tmux

    def command(self, server: Server | OriginalServer, name: str = "", *options: str) -> str:
        words = [CLIENT, "127.0.0.1", str(server.port), "--data", self.data(name)]
        if name:
            words += ["--name", name]
        if isinstance(server, OriginalServer):
            options = ("--classic", *options)
        return " ".join(shlex.quote(word) for word in (*words, *trust(options), *options))

    def data(self, name: str) -> str:
        """The data folder of whoever has that name."""
        return str(self.folder / f"screen-{name}")

    def start(self, tmux: Tmux, server: Server | OriginalServer, name: str, *options: str) -> None:
        """Starts the client in the terminal and waits until it is in the room."""
        tmux.enter(self.command(server, name, *options))
        self.wait_joined(tmux, server, name)

    def wait_joined(self, tmux: Tmux, server: Server | OriginalServer, name: str) -> None:
        if isinstance(server, OriginalServer):
            server.await_datagram(f"L {name}".encode())
        else:
            ours = server
            wait_until(
                lambda: name in self.control(ours, "who"),
                20,
                lambda: f"{name} to join:\n{tmux.text()}\n",
            )
        tmux.wait_full_screen(True)

    def family(self, tmux: Tmux) -> dict[str, processes.Entry]:
        """The client's three processes: terminal, receiver, keeper."""
        found: dict[str, processes.Entry] = {}
        for child in processes.children(tmux.shell_pid()):
            found["terminal"] = child
            for row in processes.children(child.pid):
                found["keeper" if row.comm == KEEPER else "receiver"] = row
        return found

    def wait_family(self, tmux: Tmux) -> dict[str, processes.Entry]:
        wait_until(lambda: len(self.family(tmux)) == 3, 10, lambda: f"three: {self.family(tmux)}")
        return self.family(tmux)

    def assert_sane(self, tmux: Tmux, modes: str) -> None:
        """The shell has its terminal back as it was."""
        tmux.wait_shell()
        self.assertFalse(tmux.full_screen)
        wait_until(lambda: tmux.modes() == modes, 2, lambda: f"{modes}\nis now {tmux.modes()}")
        self.assertEqual(tmux.ask("cursor_flag"), "1", "the cursor is visible")
        for mode in ("mouse_any_flag", "keypad_flag", "keypad_cursor_flag", "insert_flag"):
            self.assertEqual(tmux.ask(mode), "0", mode)

    def assert_none_left(self, family: dict[str, processes.Entry]) -> None:
        for row in family.values():
            self.wait_gone(row.pid, 2)


def squeezed(text: str) -> str:
    """The text without any white space: wrapping does not change it."""
    return re.sub(r"\s+", "", text)
