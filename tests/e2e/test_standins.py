# SPDX-License-Identifier: MIT
"""The tools of these tests, tested: the stand-ins for the original programs understand each other,
and the harness finds what is left over."""
from __future__ import annotations

import os
import sys
import unittest

import processes
from harness import Case, main
from original import EXIT, OK, TAKEN, OriginalClient, OriginalServer, left, said, welcome
from program import Program
from waiting import wait_until

ORPHAN = "import os,time\nos.fork() or print('up', flush=True)\ntime.sleep(600)"


class Originals(unittest.TestCase):
    def test_a_whole_conversation(self) -> None:
        server = OriginalServer()
        self.addCleanup(server.close)
        alice, bob, second = (OriginalClient(server.address) for _ in range(3))
        for client in (alice, bob, second):
            self.addCleanup(client.close)
        self.assertEqual(alice.login("alice"), OK)
        self.assertEqual(bob.login("bob"), OK)
        self.assertEqual(alice.receive(), welcome("bob"))
        self.assertEqual(second.login("bob"), TAKEN)
        self.assertEqual(second.login("管理员"), TAKEN)
        bob.say("two  spaces")
        self.assertEqual(alice.receive(), said("bob", "two  spaces"))
        server.announce("hello")
        self.assertEqual(alice.receive(), said("管理员", "hello"))
        self.assertEqual(bob.receive(), said("管理员", "hello"))
        bob.quit()
        self.assertEqual(bob.receive(), EXIT)
        self.assertEqual(alice.receive(), left("bob"))
        self.assertEqual(alice.pending() + bob.pending(), [])

    def test_silence_fails_loudly(self) -> None:
        server = OriginalServer()
        self.addCleanup(server.close)
        alice = OriginalClient(server.address)
        self.addCleanup(alice.close)
        with self.assertRaisesRegex(AssertionError, "got nothing"):
            alice.receive(0.05)
        with self.assertRaisesRegex(AssertionError, "never got"):
            alice.receive_until(OK, 0.05)


class Harness(Case):
    def test_an_orphan_is_found_and_ended(self) -> None:
        program = Program([sys.executable, "-c", ORPHAN], self.environment())
        program.out.expect("up")
        orphan = processes.children(program.pid)[0].pid
        program.dispose()
        found = {row.pid for row in processes.marked(self.mark, {program.pid})}
        self.assertEqual(found, {orphan})
        self.assertFalse(processes.gone(orphan))
        os.kill(orphan, 9)
        wait_until(lambda: processes.gone(orphan), 5, "the orphan's end")
        program.release()

    def test_output_that_does_not_come_fails_loudly(self) -> None:
        program = self.program(["sh", "-c", "echo one; echo two; read line"])
        self.assertEqual(program.out.expect("one"), "one")
        with self.assertRaisesRegex(AssertionError, "no 'three' .*\n.*two"):
            program.out.expect("three", 0.2)
        program.end_input()
        self.assertEqual(program.wait(), 1)
        with self.assertRaisesRegex(AssertionError, "the stream ended"):
            program.out.expect("three")

    def test_waiting_has_an_end(self) -> None:
        with self.assertRaisesRegex(AssertionError, "for nothing; last: 0"):
            wait_until(lambda: 0, 0.01, "nothing")


if __name__ == "__main__":
    main()
