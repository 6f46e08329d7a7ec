# SPDX-License-Identifier: MIT
"""The operator's voice: standard input, `announce`, `ctl`."""
from __future__ import annotations

import os
import stat
import subprocess

from harness import SERVER, Case, main
from original import EXIT, left, said


class Console(Case):
    def test_a_line_is_said_by_the_administrator(self) -> None:
        server = self.server()
        alice = self.peer(server, "alice")
        for text in ("hello all", "大家好 👋", "  leading spaces"):
            server.write(text)
            self.assertEqual(alice.receive(), said("管理员", text))
        server.write("")  # an empty line is nothing to say
        server.write("after the empty line")
        self.assertEqual(alice.receive(), said("管理员", "after the empty line"))

    def test_the_commands(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        alice.heard()
        server.write("/who")
        server.out.expect("alice")
        server.write("/stats")
        server.out.expect("member")
        server.write("/help")
        server.write("/no-such-command")
        text = "\n".join(server.out.until("no-such-command"))
        for command in ("/who", "/kick", "/stats", "/help"):
            self.assertIn(command, text)
        server.write("/kick bob")
        self.assertEqual(bob.receive(), EXIT)
        self.assertEqual(alice.receive(), left("bob"))
        server.out.expect("bob")
        server.write("/kick nobody")
        server.out.expect("nobody")
        server.write("/dance now")
        server.out.expect("dance")
        self.assertEqual(alice.heard(), [], "commands are not broadcast")

    def test_end_of_input_ends_the_console_and_not_the_server(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        server.write("the last line")
        server.end_input()
        alice.receive_until(said("管理员", "the last line"))
        self.announce(server, "by the socket")
        alice.receive_until(said("管理员", "by the socket"))
        bob.say("hello")
        alice.receive_until(said("bob", "hello"))
        self.assertIsNone(server.popen.poll())

    def test_without_standard_input(self) -> None:
        server = self.server(stdin=subprocess.DEVNULL)
        alice = self.peer(server, "alice")
        self.announce(server, "hello")
        alice.receive_until(said("管理员", "hello"))
        self.assertIsNone(server.popen.poll())


class Socket(Case):
    def test_announce_and_ctl(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "小明"))
        alice.heard()
        self.announce(server, "大家好  everybody")
        self.assertEqual(alice.receive(), said("管理员", "大家好  everybody"))
        who = self.control(server, "who")
        self.assertIn("alice", who)
        self.assertIn("小明", who)
        self.assertIn("member", self.control(server, "stats"))
        self.assertIn("kick", self.control(server, "help"))
        self.control(server, "kick", "小明")
        bob.receive_until(EXIT)
        self.assertEqual(alice.receive(), left("小明"))
        self.assertNotIn("小明", self.control(server, "who"))

    def test_what_can_not_be_done_is_said(self) -> None:
        server = self.server()
        for command in (("kick", "nobody"), ("kick",), ("dance",)):
            with self.subTest(command):
                done = self.call(SERVER, "ctl", "--data", server.data, *command)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(command[-1], done.stderr + done.stdout)

    def test_is_the_owners_alone(self) -> None:
        server = self.server()
        mode = os.stat(f"{server.data}/control.sock").st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)

    def test_without_a_server(self) -> None:
        folder = str(self.folder / "nothing")
        for words in (("announce", "hello"), ("ctl", "who")):
            with self.subTest(words):
                done = self.call(SERVER, words[0], "--data", folder, words[1])
                self.assertEqual(done.returncode, 69, done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertIn(folder, done.stderr)

    def test_is_there_again_after_a_server_was_killed(self) -> None:
        first = self.server()
        first.popen.kill()
        first.wait()
        second = self.server(data=first.data)
        alice = self.peer(second, "alice")
        self.announce(second, "new")
        self.assertEqual(alice.receive(), said("管理员", "new"))


if __name__ == "__main__":
    main()
