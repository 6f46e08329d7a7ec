# SPDX-License-Identifier: MIT
"""What the full screen shows: sizes, wide and combining characters, resizing, scrolling, keys."""
from __future__ import annotations

import threading

from harness import main
from original import OriginalClient, said
from screen import ScreenCase, squeezed
from tmux import Tmux, width
from waiting import LONG, wait_until

SIZES = ((80, 24), (40, 10), (200, 60))
MESSAGES = (
    "早上好，今天的会议改到下午三点，请大家提前准备好各自的报告，谢谢",
    "cafe\u0301 re\u0301sume\u0301 nai\u0308ve",
    "thumbs 👍 up 🎉 party 😀 time",
    "plain words that are long enough to be wrapped on a small screen for certain",
)
DRAFT = "草稿 draft 👍"


class Text(ScreenCase):
    def test_every_size_shows_every_kind_of_text_whole(self) -> None:
        for columns, rows in SIZES:
            with self.subTest(columns=columns, rows=rows):
                server = self.server()
                bob = self.peer(server, "bob")
                tmux = self.terminal(columns, rows)
                self.start(tmux, server, "alice")
                for message in MESSAGES:
                    bob.say(message)
                    self.wait_whole(tmux, message)
                    self.assert_fits(tmux.rows(), columns, rows)
                tmux.type(DRAFT)
                tmux.wait_text(DRAFT)
                self.assert_input_last(tmux)
                tmux.keys("Enter")
                bob.receive_until(said("alice", DRAFT))
                tmux.wait_text(DRAFT)  # one's own message is shown, first as a pending one

    def test_resize_while_messages_arrive_keeps_the_input_line(self) -> None:
        server = self.server()
        bob = self.peer(server, "bob")
        tmux = self.terminal()
        self.start(tmux, server, "alice")
        tmux.type(DRAFT)
        tmux.wait_text(DRAFT)
        stop = threading.Event()
        talker = threading.Thread(target=self.talk, args=(bob, stop))
        talker.start()
        try:
            for columns, rows in (*SIZES, (80, 24), (20, 5), (80, 24), (41, 11), (80, 24)):
                tmux.resize(columns, rows)
                tmux.wait_text(DRAFT if columns >= 40 else DRAFT[-3:])  # the rest is scrolled out
        finally:
            stop.set()
            talker.join()
        bob.say("the last word")
        tmux.wait_text("<~bob> the last word", DRAFT)
        self.assert_input_last(tmux)
        self.assert_fits(tmux.rows(), 80, 24)
        tmux.keys("Enter")
        bob.receive_until(said("alice", DRAFT))

    def talk(self, bob: OriginalClient, stop: threading.Event) -> None:
        number = 0
        while not stop.wait(0.01):
            number += 1
            bob.say(f"{MESSAGES[number % len(MESSAGES)]} {number}")

    def test_a_tiny_screen_does_not_crash(self) -> None:
        server = self.server()
        bob = self.peer(server, "bob")
        tmux = self.terminal()
        self.start(tmux, server, "alice")
        for columns, rows in ((1, 1), (2, 2), (5, 1), (1, 9), (3, 3)):
            tmux.resize(columns, rows)
            bob.say(f"squeeze into {columns}x{rows} 早上好")
        tmux.resize(80, 24)
        tmux.wait_text("squeeze into 3x3 早上好")

    def test_hostile_text_is_made_visible(self) -> None:
        server = self.original_server()
        tmux = self.terminal()
        self.start(tmux, server, "alice")
        bob = self.peer(server, "bob")
        bob.say("\x1b[2J\x1b]0;owned\x07 \u202etxt.exe\u202c end")
        tmux.wait_text("end")
        self.assertNotEqual(tmux.ask("pane_title"), "owned")
        self.assertNotIn("\u202e", tmux.text())
        self.assertIn("<bob>", tmux.text(), "the screen was not cleared")

    def test_page_up_and_down(self) -> None:
        server = self.server()
        bob = self.peer(server, "bob")
        tmux = self.terminal()
        self.start(tmux, server, "alice")
        for number in range(100):
            bob.say(f"line {number:03}")
        tmux.wait_text("line 099")
        tmux.wait_no_text("line 050")
        tmux.keys("PageUp")
        tmux.wait_no_text("line 099")
        tmux.wait_text("line 070")
        bob.say("line 100")
        for _ in range(4):
            tmux.keys("PageUp")
        tmux.wait_text("line 010")
        for _ in range(6):
            tmux.keys("PageDown")
        tmux.wait_text("line 100")

    def test_editing_by_grapheme(self) -> None:
        server = self.server()
        bob = self.peer(server, "bob")
        tmux = self.terminal()
        self.start(tmux, server, "alice")
        bob.heard()
        tmux.type("cafe\u0301好👍x")
        tmux.keys("BSpace", "BSpace", "BSpace", "BSpace")  # x, thumb, 好, é
        tmux.type("é!")
        tmux.keys("Home")
        tmux.type(">")
        tmux.keys("End")
        tmux.type("<")
        tmux.keys("Left", "Left", "Delete")
        tmux.keys("Enter")
        self.assertEqual(bob.receive(), said("alice", ">café<"))

    def wait_whole(self, tmux: Tmux, message: str) -> None:
        """The message, wrapped or not, without a character lost."""
        wait_until(
            lambda: squeezed(message) in squeezed(tmux.text()),
            LONG,
            lambda: f"{message} on the screen:\n{tmux.text()}\n",
        )

    def assert_fits(self, rows: list[str], columns: int, count: int) -> None:
        self.assertLessEqual(len(rows), count)
        for row in rows:
            self.assertLessEqual(width(row), columns, row)
            self.assertNotIn("\ufffd", row)

    def assert_input_last(self, tmux: Tmux) -> None:
        """The input line is the lowest row; a resized screen gets there a moment later."""
        wait_until(
            lambda: tmux.rows()[-1].endswith(DRAFT),
            LONG,
            lambda: f"the input line at the bottom:\n{tmux.text()}\n",
        )


if __name__ == "__main__":
    main()
