# SPDX-License-Identifier: MIT
"""The server's two processes under every kind of death."""
from __future__ import annotations

import os
import signal
import sys
import time

import processes
from harness import SERVER, Case, main
from original import OriginalClient, said
from program import Server
from waiting import LONG, wait_until


def hear_the_administrator(peer: OriginalClient) -> None:
    deadline = time.monotonic() + 5
    while not peer.receive(max(0.1, deadline - time.monotonic())).startswith(said("管理员", "")):
        pass


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
                    hear_the_administrator(peer)
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
        hear_the_administrator(alice)

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

    def await_state(self, pid: int, state: str) -> None:
        def row() -> processes.Entry | None:
            return processes.entry(pid)

        wait_until(lambda: (e := row()) is not None and e.state == state, 5, f"state {state}")


# Makes standard input the controlling terminal of the session, and becomes the program.
ON_TERMINAL = (
    "import fcntl, os, sys, termios;"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
# What an interactive shell does when its terminal goes: the hang-up is passed on to its jobs.
PASSES_ON = ("sh", "-c", 'exec 3<&0; trap "kill -HUP \\$!" HUP; "$@" <&3 & wait; wait', "sh")


class Terminal(Case):
    """The console is a terminal, and somebody closes its window."""

    def test_closing_the_terminal_ends_the_server(self) -> None:
        for before in ((), PASSES_ON):
            with self.subTest(" ".join(before)):
                server, window = self.on_terminal(*before)
                alice = self.peer(server, "alice")
                os.close(window)
                hear_the_administrator(alice)
                server.wait(LONG)
                server.err.expect("stopped")

    def test_a_hang_up_by_hand_is_for_the_configuration(self) -> None:
        server, window = self.on_terminal()
        alice = self.peer(server, "alice")
        server.send_signal(signal.SIGHUP)
        server.err.expect("configuration read again")
        os.write(window, b"still here\n")
        self.assertEqual(alice.receive(), said("管理员", "still here"))
        os.close(window)
        self.assertEqual(server.wait(LONG), 0)

    def test_under_nohup_it_stays(self) -> None:
        server, window = self.on_terminal("nohup")
        os.close(window)
        server.err.expect("configuration read again")  # it was told, and ends not
        self.peer(server, "alice")

    def on_terminal(self, *before: str) -> tuple[Server, int]:
        window, inside = os.openpty()
        data = str(self.folder / f"server-{len(self.programs)}")
        words = (*before, SERVER, "127.0.0.1", "0", "--data", data)
        server = Server(
            [sys.executable, "-c", ON_TERMINAL, *words], self.environment(), stdin=inside
        )
        os.close(inside)
        self._keep(server)
        server.data = data
        server.await_banner()
        return server, window


if __name__ == "__main__":
    main()
