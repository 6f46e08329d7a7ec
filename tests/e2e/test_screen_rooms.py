# SPDX-License-Identifier: MIT
"""Several rooms on the screen and in lines: going there, what is unread, history, receipts."""
from __future__ import annotations

import re

from harness import CLIENT, main
from screen import ScreenCase
from tmux import Tmux
from waiting import LONG, wait_until


class Rooms(ScreenCase):
    def test_several_rooms_in_one_screen(self) -> None:
        server = self.server()
        bob = self.json_client(server.port, "bob")
        bob.event("welcome", room="lobby")
        bob.tell("join", room="dev")
        bob.event("welcome", room="dev")
        tmux = self.terminal()
        self.start(tmux, server, "alice")
        tmux.wait_text("you are in lobby")

        tmux.type("a draft")
        bob.tell("message", text="psst", to="alice")
        tmux.wait_text("[2:@bob 1!]")
        tmux.keys("M-2")
        tmux.wait_text("<bob> psst")
        tmux.wait_no_text("a draft")
        tmux.enter("what is it?")
        bob.event("message", room="@alice", text="what is it?", own=False)
        tmux.wait_text("reached 1/1")

        tmux.enter("/join dev")
        tmux.wait_text("you are in dev")
        tmux.enter("/topic the next release")
        bob.event("topic", room="dev", text="the next release")
        tmux.wait_text("alice set the topic: the next release")
        tmux.keys("M-Left", "M-Left")
        tmux.wait_text("<alice> a draft")
        bob.tell("message", text="one", room="dev")
        bob.tell("message", text="two", room="dev")
        tmux.wait_text("[3:dev 2]")
        tmux.keys("M-3")
        tmux.wait_text("<bob> one", "<bob> two", "the next release")
        tmux.enter("/part")
        tmux.wait_text("you have left dev")
        bob.event("leave", room="dev", name="alice")

    def test_older_lines_come_as_one_scrolls_up(self) -> None:
        server = self.server()
        bob = self.json_client(server.port, "bob")
        bob.event("welcome")
        for number in range(300):
            bob.tell("message", text=f"line {number:03}", id=str(number))
        bob.event("accepted", id="299")
        tmux = self.terminal()
        self.start(tmux, server, "alice")
        tmux.wait_text("line 299")
        for number in (250, 200, 100, 1):
            self.scroll_to(tmux, f"line {number:03}")
        self.scroll_to(tmux, "this is where lobby begins")

    def scroll_to(self, tmux: Tmux, text: str) -> None:
        for _ in range(40):
            if text in tmux.text():
                return
            before = tmux.text()
            tmux.keys("PageUp")
            wait_until(
                lambda shown=before: tmux.text() != shown, LONG, lambda: f"older:\n{before}\n"
            )
        self.fail(f"{text} was not found:\n{tmux.text()}")

    def test_what_was_missed_is_marked(self) -> None:
        server = self.server()
        bob = self.json_client(server.port, "bob")
        bob.event("welcome")
        tmux = self.terminal()
        self.start(tmux, server, "alice")
        bob.say("before")
        tmux.wait_text("<bob> before")
        tmux.enter("/quit")
        tmux.wait_shell()
        bob.event("leave", name="alice")
        bob.say("while you were away")
        bob.event("message", text="while you were away")
        self.start(tmux, server, "alice")
        tmux.wait_text("<bob> before", "new since you left", "<bob> while you were away")
        text = tmux.text()
        self.assertLess(text.index("<bob> before"), text.index("new since you left"))
        self.assertLess(text.index("new since you left"), text.index("while you were away"))

    def test_a_search_goes_on_to_what_is_older(self) -> None:
        server = self.server()
        bob = self.json_client(server.port, "bob")
        bob.event("welcome")
        for number in range(100):
            bob.tell("message", text=f"cake {number}", id=str(number))
        bob.event("accepted", id="99")
        alice = self.plain_client(server.port, "alice")
        alice.out.expect("you are in lobby")
        alice.write("/search cake")
        self.assertEqual(alice.out.expect("found for"), '-- 64 found for "cake"')
        alice.out.expect("cake 36")
        alice.out.expect("/search alone goes on")
        alice.write("/search")
        self.assertEqual(alice.out.expect("found for"), '-- 36 found for "cake"')
        alice.out.expect("cake 35")
        alice.out.expect(re.compile("cake 0$"))
        alice.write("/search")
        alice.out.expect("there is nothing older to be found")

    def test_lines_of_a_pipe(self) -> None:
        """Everything that was asked for is answered before the end."""
        server = self.server()
        given = "/join dev\n/topic cake\nhello dev\n/rooms\n/names\n/history\n/search hello\nquit\n"
        who = ("--plain", "--name", "alice", "--accept-new-key", "--data", self.client_data())
        done = self.call(CLIENT, *who, "127.0.0.1", str(server.port), given=given)
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in (
            "[dev] -- you are in dev as alice",
            "[dev] -- alice set the topic: cake",
            "[dev] <alice> hello dev",
            "[dev] -- here: alice",
            "-- 1 found for \"hello\"",
        ):
            self.assertIn(f"\n{line}\n", done.stdout)
        self.assertRegex(done.stdout, r"\n-- dev, 1 here, yours: cake\n")


if __name__ == "__main__":
    main()
