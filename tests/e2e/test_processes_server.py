# SPDX-License-Identifier: MIT
"""The server's two processes under every kind of death."""
from __future__ import annotations

import os
import signal
import time

import processes
from harness import SERVER, Case, main
from original import OriginalClient, said
from program import Server
from waiting import wait_until


class Admin(Case):
    def test_killed_is_replaced_and_members_notice_nothing(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        alice.heard()
        first = self.admin(server)
        os.kill(first, signal.SIGKILL)
        bob.say("one")
        self.assertEqual(alice.receive(), said("bob", "one"))

        def announced() -> bool:
            words = (SERVER, "announce", "--data", server.data, "back")
            return self.call(*words).returncode == 0

        wait_until(announced, 2, "announce to work again")
        self.assertEqual(alice.receive(), said("管理员", "back"))
        bob.say("two")
        self.assertEqual(alice.heard(), [said("bob", "two")])
        self.assertNotEqual(self.admin(server), first)
        self.assert_no_zombies(server)

    def test_reads_the_console_again_after_it_was_replaced(self) -> None:
        server = self.server()
        alice = self.peer(server, "alice")
        first = self.admin(server)
        os.kill(first, signal.SIGKILL)
        self.await_other_admin(server, first)
        server.write("by the console")
        self.assertEqual(alice.receive(), said("管理员", "by the console"))

    def test_killed_again_and_again(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        alice.heard()
        last = self.admin(server)
        for number in range(6):
            os.kill(last, signal.SIGKILL)
            bob.say(f"round {number}")
            self.assertEqual(alice.receive(), said("bob", f"round {number}"))
            self.assert_no_zombies(server)
            last = self.await_other_admin(server, last)
        self.assertEqual(alice.heard(), [])
        self.assertEqual(len(processes.children(server.pid)), 1)

    def admin(self, server: Server) -> int:
        rows = self.living_children(server)
        self.assertEqual(len(rows), 1, rows)
        return rows[0].pid

    def await_other_admin(self, server: Server, old: int) -> int:
        """Restarts are spaced out more and more, so the limit is long."""

        def other() -> int:
            return next((row.pid for row in self.living_children(server) if row.pid != old), 0)

        return wait_until(other, 60, "another admin process")


class Parent(Case):
    def test_killed_takes_its_child_along(self) -> None:
        server = self.server()
        children = self.living_children(server)
        self.assertEqual(len(children), 1, children)
        server.send_signal(signal.SIGKILL)
        server.wait()
        self.wait_gone(children[0].pid, 1)

    def test_is_asked_to_end(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name):
                server = self.server()
                alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
                alice.heard()
                children = self.living_children(server)
                server.send_signal(number)
                self.assertEqual(server.wait(3), 0)
                for peer in (alice, bob):
                    self.hears_the_administrator(peer)
                for row in children:
                    self.wait_gone(row.pid, 1)
                self.assertFalse(os.path.exists(f"{server.data}/control.sock"))

    def test_stopping_ends_even_if_the_admin_process_hangs(self) -> None:
        server = self.server()
        os.kill(self.living_children(server)[0].pid, signal.SIGSTOP)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(3), 0)

    def test_interrupt_from_the_keyboard_reaches_both_processes(self) -> None:
        server = self.server()
        alice = self.peer(server, "alice")
        os.killpg(server.pid, signal.SIGINT)
        self.assertEqual(server.wait(3), 0)
        self.hears_the_administrator(alice)

    def test_survives_hangup_and_a_closed_standard_output(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        server.send_signal(signal.SIGHUP)
        bob.say("after the hangup")
        alice.receive_until(said("bob", "after the hangup"))
        server.out.close()
        server.write("/who")  # the answer goes into a broken pipe
        server.write("read on?")
        alice.receive_until(said("管理员", "read on?"))
        bob.say("still here")
        alice.receive_until(said("bob", "still here"))
        self.assertIsNone(server.popen.poll())

    def test_stopped_and_continued_serves_on(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        alice.heard()
        server.send_signal(signal.SIGSTOP)
        self.await_state(server.pid, "T")
        bob.say("into a sleeping server")
        server.send_signal(signal.SIGCONT)
        self.assertEqual(alice.receive(), said("bob", "into a sleeping server"))

    def hears_the_administrator(self, peer: OriginalClient) -> None:
        deadline = time.monotonic() + 5
        while not peer.receive(max(0.1, deadline - time.monotonic())).startswith(said("管理员", "")):
            pass

    def await_state(self, pid: int, state: str) -> None:
        def row() -> processes.Entry | None:
            return processes.entry(pid)

        wait_until(lambda: (e := row()) is not None and e.state == state, 5, f"state {state}")


if __name__ == "__main__":
    main()
