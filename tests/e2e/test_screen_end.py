# SPDX-License-Identifier: MIT
"""However the full-screen client ends, the terminal is as it was and no process is left."""
from __future__ import annotations

import os
import signal

import processes
from harness import main
from original import OriginalClient, left, said
from program import Server
from screen import ScreenCase
from tmux import Tmux
from waiting import wait_until


class End(ScreenCase):
    def scene(self) -> tuple[Server, OriginalClient, Tmux, str]:
        server = self.server()
        bob = self.peer(server, "bob")
        tmux = self.terminal()
        modes = tmux.modes()
        self.start(tmux, server, "alice")
        bob.say("hello alice")
        tmux.wait_text("hello alice")
        self.assertNotEqual(tmux.modes(), modes, "the full screen has modes of its own")
        return server, bob, tmux, modes

    def test_by_the_user(self) -> None:
        for keys in (("C-c",), ("C-d",), ("quit", "Enter"), ("/quit", "Enter")):
            with self.subTest(keys):
                server, bob, tmux, modes = self.scene()
                family = self.wait_family(tmux)
                tmux.keys(*keys)
                self.assert_sane(tmux, modes)
                self.assert_none_left(family)
                bob.receive_until(left("alice"))
                tmux.enter("echo status=$?")
                tmux.wait_text("status=0")

    def test_by_a_signal(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name):
                _, bob, tmux, modes = self.scene()
                family = self.wait_family(tmux)
                os.kill(family["terminal"].pid, number)
                self.assert_sane(tmux, modes)
                self.assert_none_left(family)
                bob.receive_until(left("alice"))

    def test_twice_in_a_hurry(self) -> None:
        """Nobody is kept waiting, and the others are told all the same."""
        _, bob, tmux, modes = self.scene()
        tmux.keys("C-c", "C-c", "C-c")
        self.assert_sane(tmux, modes)
        bob.receive_until(left("alice"))

    def test_terminal_process_killed(self) -> None:
        _, _, tmux, modes = self.scene()
        family = self.wait_family(tmux)
        os.kill(family["terminal"].pid, signal.SIGKILL)
        self.assert_none_left(family)
        wait_until(lambda: not tmux.full_screen, 5, "the alternate screen to be left")
        # The shell may have been quicker than the keeper; then its prompt went with the screen.
        tmux.keys("Enter")
        self.assert_sane(tmux, modes)

    def test_receiver_killed(self) -> None:
        """It is replaced, or all end; both leave the terminal sane in the end."""
        _, bob, tmux, modes = self.scene()
        old = self.wait_family(tmux)["receiver"].pid
        os.kill(old, signal.SIGKILL)

        def replaced() -> bool:
            family = self.family(tmux)
            return len(family) == 3 and family["receiver"].pid != old

        wait_until(replaced, 30, lambda: f"a new receiver: {self.family(tmux)}\n{tmux.text()}")
        bob.say("can you hear me?")
        tmux.wait_text("can you hear me?")
        self.leave(tmux, modes)

    def test_keeper_killed(self) -> None:
        _, bob, tmux, modes = self.scene()
        old = self.wait_family(tmux)["keeper"].pid
        os.kill(old, signal.SIGKILL)
        bob.say("do you mind?")
        tmux.wait_text("do you mind?")
        tmux.enter("not at all")
        bob.receive_until(said("alice", "not at all"))
        wait_until(
            lambda: not any(row.zombie for row in self.family(tmux).values()), 2, "no zombies"
        )
        self.leave(tmux, modes)

    def test_all_killed_but_the_keeper(self) -> None:
        _, _, tmux, modes = self.scene()
        family = self.wait_family(tmux)
        os.kill(family["receiver"].pid, signal.SIGKILL)
        os.kill(family["terminal"].pid, signal.SIGKILL)
        self.ask_for_a_prompt(tmux)
        self.assert_sane(tmux, modes)
        self.assert_none_left(family)

    def test_terminal_hangs_up(self) -> None:
        _, bob, tmux, _ = self.scene()
        family = self.wait_family(tmux)
        tmux.close()
        bob.receive_until(left("alice"))
        self.assert_none_left(family)

    def test_stopped_and_in_the_foreground_again(self) -> None:
        _, bob, tmux, modes = self.scene()
        tmux.type("draft")
        tmux.wait_text("draft")
        tmux.keys("C-z")
        self.assert_sane_but_for_jobs(tmux, modes)
        bob.say("while you were away")
        tmux.enter("fg")
        tmux.wait_text("hello alice", "while you were away", "draft")
        self.assertTrue(tmux.full_screen)
        tmux.keys("Enter")
        bob.receive_until(said("alice", "draft"))
        self.leave(tmux, modes)

    def test_the_plain_form_can_be_stopped_too(self) -> None:
        server = self.server()
        bob = self.peer(server, "bob")
        tmux = self.terminal()
        modes = tmux.modes()
        tmux.enter(self.command(server, "alice", "--plain"))
        bob.receive()
        tmux.keys("C-z")
        self.assert_sane_but_for_jobs(tmux, modes)
        bob.say("while you were away")
        tmux.enter("fg")
        tmux.wait_text("<~bob> while you were away")
        tmux.enter("I am back")
        bob.receive_until(said("alice", "I am back"))
        tmux.keys("C-d")
        self.assert_sane(tmux, modes)

    def ask_for_a_prompt(self, tmux: Tmux) -> None:
        """The shell sees the death as soon as the keeper does. Its prompt may have gone to the
        alternate screen, and with it; as everybody does then, one presses Enter."""
        tmux.wait_full_screen(False)
        tmux.keys("Enter")

    def assert_sane_but_for_jobs(self, tmux: Tmux, modes: str) -> None:
        tmux.wait_shell()
        self.assertEqual(tmux.modes(), modes)
        states = {row.state for row in processes.children(tmux.shell_pid())}
        self.assertEqual(states, {"T"}, "the client is stopped")

    def leave(self, tmux: Tmux, modes: str) -> None:
        family = self.family(tmux)
        tmux.enter("/quit")
        self.assert_sane(tmux, modes)
        self.assert_none_left(family)


if __name__ == "__main__":
    main()
