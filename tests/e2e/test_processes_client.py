# SPDX-License-Identifier: MIT
"""The client's two processes (--plain) under every kind of death."""
from __future__ import annotations

import os
import signal

import processes
from harness import Case, main
from original import OriginalClient, left, said, welcome
from program import Program, Server
from waiting import wait_until


class Client(Case):
    """alice uses our client, bob is an original one who watches."""

    def scene(self) -> tuple[Server, OriginalClient, Program]:
        server = self.server()
        bob = self.peer(server, "bob")
        alice = self.plain_client(server.port, "alice")
        self.assertEqual(bob.receive(), welcome("alice"))
        bob.say("hello alice")
        alice.out.expect("<~bob> hello alice")
        return server, bob, alice

    def receiver(self, alice: Program) -> int:
        rows = self.living_children(alice)
        self.assertEqual(len(rows), 1, rows)
        return rows[0].pid

    def test_receiver_killed_is_said_and_replaced(self) -> None:
        _, bob, alice = self.scene()
        for number in range(3):
            old = self.receiver(alice)
            os.kill(old, signal.SIGKILL)
            alice.out.expect("-- ")

            def replaced(old: int = old) -> bool:
                return [row.pid for row in self.living_children(alice)] not in ([], [old])

            wait_until(replaced, 30, "a new receiver")
            bob.say(f"can you hear me? {number}")
            alice.out.expect(f"<~bob> can you hear me? {number}")
            alice.write(f"yes {number}")
            bob.receive_until(said("alice", f"yes {number}"))
            self.assert_no_zombies(alice)

    def test_killed_takes_the_receiver_along(self) -> None:
        _, _, alice = self.scene()
        receiver = self.receiver(alice)
        alice.send_signal(signal.SIGKILL)
        alice.wait()
        self.wait_gone(receiver, 1)

    def test_asked_to_end_leaves_politely(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number.name):
                _, bob, alice = self.scene()
                receiver = self.receiver(alice)
                alice.send_signal(number)
                alice.wait(5)
                self.assertEqual(bob.receive(), left("alice"))
                self.wait_gone(receiver, 1)

    def test_a_signal_to_both_processes_at_once(self) -> None:
        """Ctrl-C sends one, and so do timeout(1) and a container's end: still a polite leave."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number.name):
                _, bob, alice = self.scene()
                os.killpg(alice.pid, number)
                alice.wait(5)
                self.assertEqual(bob.receive(), left("alice"))
                last_words = alice.out.until_end() + alice.err.until_end()
                self.assertNotIn("receiv", "\n".join(last_words))

    def test_nobody_reads_its_output(self) -> None:
        _, bob, alice = self.scene()
        alice.out.close()
        bob.say("into a broken pipe")
        alice.wait(5)
        self.assertEqual(bob.receive(), left("alice"))

    def test_stopped_and_continued_goes_on(self) -> None:
        """SIGSTOP, since the kernel ignores SIGTSTP for a session without a terminal; Ctrl-Z is
        in test_screen_end.py."""
        _, bob, alice = self.scene()
        os.killpg(alice.pid, signal.SIGSTOP)
        wait_until(lambda: self.state(alice.pid) == "T", 5, "alice to stop")
        bob.say("while you slept")
        os.killpg(alice.pid, signal.SIGCONT)
        alice.out.expect("<~bob> while you slept")
        alice.write("awake")
        self.assertEqual(bob.receive(), said("alice", "awake"))

    def test_end_of_input_and_the_words_of_parting(self) -> None:
        for ending in ("quit", "/quit", ""):
            with self.subTest(ending or "end of input"):
                _, bob, alice = self.scene()
                receiver = self.receiver(alice)
                alice.write("goodbye")
                if ending:
                    alice.write(ending)
                else:
                    alice.end_input()
                self.assertEqual(alice.wait(), 0)
                self.assertEqual(bob.receive(), said("alice", "goodbye"))
                self.assertEqual(bob.receive(), left("alice"))
                self.wait_gone(receiver, 1)

    def test_kicked(self) -> None:
        server, bob, alice = self.scene()
        self.control(server, "kick", "alice")
        self.assertEqual(bob.receive(), left("alice"))
        alice.out.expect("-- ")

    def state(self, pid: int) -> str:
        row = processes.entry(pid)
        return row.state if row else "gone"


if __name__ == "__main__":
    main()
