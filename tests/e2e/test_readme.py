# SPDX-License-Identifier: MIT
"""The README's picture is a real screen: this test plays the scene again and compares.

    test_readme.py --write      puts the present screen into the README
"""
from __future__ import annotations

import re
import sys

from harness import CLIENT, TOP, main
from program import Server
from screen import ScreenCase

README = TOP / "README.md"
MARKER = "<!-- screen: made by tests/e2e/test_readme.py -->"
BLOCK = re.compile(re.escape(MARKER) + r"\n+```[a-z]*\n(.*?)```", re.S)
COLUMNS, ROWS = 72, 16


class Picture(ScreenCase):
    def play(self) -> str:
        """alice in full screen, bob and 小明 talk, the operator announces something."""
        server = self.server()
        self.meet(server, "alice")
        tmux = self.terminal(COLUMNS, ROWS)
        self.start(tmux, server, "alice")
        tmux.wait_text("here: alice")
        bob = self.json_client(server.port, "bob")
        tmux.wait_text("bob")
        ming = self.json_client(server.port, "小明")
        tmux.wait_text("小明")
        bob.say("Good morning! Is the build green again?")
        tmux.wait_text("green again?")
        tmux.enter("It is. I'll write it up after the meeting.")
        ming.event("message", text="It is. I'll write it up after the meeting.")
        tmux.wait_text("reached 2/2")
        ming.say("早上好 👋 会议改到下午三点，大家别忘了带上测试报告")
        tmux.wait_text("报告")
        self.announce(server, "The server moves to the new machine at six.")
        tmux.wait_text("at six.")
        bob.say("Three o'clock works for me.")
        tmux.wait_text("works for me")
        bob.tell("quit")
        tmux.wait_text("bob left")
        tmux.type("三点见")
        tmux.wait_text("三点见")
        return steady(tmux.text(), server.port)

    def meet(self, server: Server, name: str) -> None:
        """A first visit, so that the picture is of a later one: the server's key is known."""
        who = ("--name", name, "--data", self.data(name), "--accept-new-key")
        done = self.call(CLIENT, "--plain", *who, "127.0.0.1", str(server.port))
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_readme_shows_what_is_on_the_screen(self) -> None:
        found = BLOCK.search(README.read_text(encoding="utf-8"))
        self.assertIsNotNone(found, f"README.md has no block after {MARKER}")
        assert found is not None
        self.assertEqual(found[1].rstrip("\n"), self.play(), "run test_readme.py --write")

    def write(self) -> None:
        text = README.read_text(encoding="utf-8")
        self.assertRegex(text, BLOCK)
        picture = f"{MARKER}\n```text\n{self.play()}\n```"
        README.write_text(BLOCK.sub(lambda _: picture, text), encoding="utf-8")


def steady(screen: str, port: int) -> str:
    """Without what differs from run to run: the time of day, the port."""
    return re.sub(r"\b\d\d:\d\d\b", "HH:MM", screen).replace(f"{port} ", "8888  ").rstrip("\n")


if __name__ == "__main__":
    if "--write" in sys.argv:
        sys.argv[1:] = ["Picture.write"]
    main()
