# SPDX-License-Identifier: MIT
"""The full-screen client's way in: asking for a name, poor terminals, servers that come and go."""
from __future__ import annotations

import re
import signal

from harness import main
from original import OriginalServer, said, welcome
from screen import ScreenCase
from waiting import LONG, wait_until


class Start(ScreenCase):
    def test_a_name_is_asked_for_and_asked_again_while_it_is_taken(self) -> None:
        server = self.server()
        bob = self.peer(server, "bob")
        tmux = self.terminal()
        modes = tmux.modes()
        tmux.enter(self.command(server))
        tmux.wait_text("ame")
        tmux.enter("bob")
        tmux.wait_text("already")
        tmux.enter("管理员")
        wait_until(lambda: tmux.text().count("already") == 2, LONG, "the second refusal")
        tmux.enter("alice")
        self.assertEqual(bob.receive(), welcome("alice"))
        tmux.enter("hello bob")
        self.assertEqual(bob.receive(), said("alice", "hello bob"))
        tmux.enter("/quit")
        self.assert_sane(tmux, modes)

    def test_a_name_given_and_taken_is_asked_for_again(self) -> None:
        server = self.server()
        bob = self.peer(server, "bob")
        tmux = self.terminal()
        tmux.enter(self.command(server, "bob"))
        tmux.wait_text("already")
        tmux.enter("carol")
        self.assertEqual(bob.receive(), welcome("carol"))

    def test_asking_can_be_broken_off(self) -> None:
        server = self.server()
        for key in ("C-c", "C-d"):
            with self.subTest(key):
                tmux = self.terminal()
                modes = tmux.modes()
                tmux.enter(self.command(server))
                tmux.wait_text("ame")
                tmux.keys(key)
                self.assert_sane(tmux, modes)

    def test_a_poor_terminal_gets_the_plain_form(self) -> None:
        for term in ("dumb", "no-such-terminal"):
            with self.subTest(term):
                server = self.server()
                bob = self.peer(server, "bob")
                tmux = self.terminal()
                tmux.enter(f"TERM={term} {self.command(server, 'alice')}")
                self.assertEqual(bob.receive(), welcome("alice"))
                tmux.wait_text("-- ")
                bob.say("hello")
                tmux.wait_text("<~bob> hello")
                self.assertRegex(tmux.text(), re.compile(r"^\d\d:\d\d <~bob> hello$", re.M))
                self.assertFalse(tmux.full_screen)
                tmux.enter("quit")
                tmux.wait_shell()

    def test_output_into_a_pipe_gets_the_plain_form(self) -> None:
        server = self.server()
        bob = self.peer(server, "bob")
        tmux = self.terminal()
        tmux.enter(f"{self.command(server, 'alice')} | sed s/bob/BOB/")
        self.assertEqual(bob.receive(), welcome("alice"))
        bob.say("hello")
        tmux.wait_text("<~BOB> hello")
        tmux.enter("quit")
        tmux.wait_shell()

    def test_a_server_that_goes_and_comes_back(self) -> None:
        server = self.server()
        bob = self.peer(server, "bob")
        tmux = self.terminal()
        self.start(tmux, server, "alice")
        bob.say("before")
        tmux.wait_text("before")
        server.send_signal(signal.SIGKILL)
        server.wait()
        tmux.type("are you there?")  # a word into the void shows that nobody is
        tmux.keys("Enter")
        tmux.wait_text("reconnecting", seconds=60)
        again = self.server(port=server.port, data=server.data)
        carol = self.peer(again)
        wait_until(lambda: "alice" in self.control(again, "who"), 60, "alice to be back")
        carol.login("carol")
        carol.say("after")
        tmux.wait_text("after")
        tmux.wait_no_text("reconnecting")
        tmux.enter("I am back")
        carol.receive_until(said("alice", "I am back"))

    def test_nobody_there_is_said_on_the_normal_screen(self) -> None:
        """After the 30 seconds that are promised; or at once when the user has had enough."""
        gone = OriginalServer()
        gone.close()
        for impatient in (True, False):
            with self.subTest(impatient=impatient):
                tmux = self.terminal()
                modes = tmux.modes()
                tmux.enter(f"clear; {self.command(gone, 'alice')} || echo status=$?")
                tmux.wait_full_screen(True)
                tmux.wait_text(str(gone.port))
                if impatient:
                    tmux.keys("C-c")
                else:
                    tmux.wait_full_screen(False, 45)
                self.assert_sane(tmux, modes)
                if not impatient:
                    tmux.wait_text("status=69")
                    said_line = next(r for r in tmux.rows() if r.startswith("chat-client:"))
                    self.assertIn(str(gone.port), said_line)


if __name__ == "__main__":
    main()
