# SPDX-License-Identifier: MIT
"""Original clients at our server, byte for byte."""
from __future__ import annotations

import shutil

from harness import Case, main
from original import EXIT, OK, TAKEN, left, said, welcome


class Login(Case):
    def test_is_answered_ok_and_told_to_the_others_only(self) -> None:
        server = self.server()
        alice = self.peer(server, "alice")
        bob = self.peer(server, "bob")
        self.assertEqual(alice.heard(), [welcome("bob")])
        self.assertEqual(bob.heard(), [])

    def test_of_a_taken_name_is_refused_and_can_be_retried(self) -> None:
        server = self.server()
        alice = self.peer(server, "alice")
        second = self.peer(server)
        for name in ("alice", "ALICE", "ａｌｉｃｅ", "аlice"):  # the last starts with a Cyrillic letter
            with self.subTest(name=name):
                self.assertEqual(second.login(name), TAKEN)
        self.assertEqual(second.login("bob"), OK)
        self.assertEqual(alice.heard(), [welcome("bob")])

    def test_of_a_reserved_name_is_refused(self) -> None:
        server = self.server()
        peer = self.peer(server)
        for name in ("管理员", "admin", "Admin", "ＡＤＭＩＮ", "аdmin", "server", "SYSTEM"):
            with self.subTest(name=name):
                self.assertEqual(peer.login(name), TAKEN)
        self.assertEqual(peer.login("小明"), OK)

    def test_repeated_from_the_same_address_changes_nothing(self) -> None:
        server = self.server()
        alice = self.peer(server, "alice")
        bob = self.peer(server, "bob")
        for _ in range(3):
            self.assertEqual(bob.login("bob"), OK)
        self.assertEqual(alice.heard(), [welcome("bob")])

    def test_with_another_name_from_the_same_address_is_a_quit_and_a_login(self) -> None:
        server = self.server()
        alice = self.peer(server, "alice")
        bob = self.peer(server, "bob")
        bob.send(b"L carol")
        bob.receive_until(OK)
        self.assertEqual(alice.heard(), [welcome("bob"), left("bob"), welcome("carol")])
        self.assertEqual(self.peer(server).login("bob"), OK)

    def test_from_netcat(self) -> None:
        self.assertIsNotNone(shutil.which("nc"), "nc is not installed; run scripts/install-deps")
        server = self.server()
        alice = self.peer(server, "alice")
        for given in ("L bob", "L carol\n"):
            done = self.call("nc", "-u", "-w1", "127.0.0.1", str(server.port), given=given)
            self.assertEqual(done.stdout, "OK", done.stderr)
            name = given.split()[1]
            self.assertEqual(alice.receive(), welcome(name))
            alice.say("are you there?")  # nobody is: the port is unreachable, and that is noticed
            self.assertEqual(alice.receive(), left(name))


class Talk(Case):
    def test_goes_to_the_others_and_keeps_its_spaces(self) -> None:
        server = self.server()
        alice, bob, carol = (self.peer(server, name) for name in ("alice", "bob", "carol"))
        bob.say("hello  all of   you ")
        bob.say("你好，世界 👋")
        expected = [said("bob", "hello  all of   you "), said("bob", "你好，世界 👋")]
        self.assertEqual(alice.heard()[2:], expected)
        self.assertEqual(carol.heard(), expected)
        self.assertEqual(bob.heard(), [welcome("carol")])

    def test_of_the_administrator_goes_to_all(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        server.write("维护 at noon")
        for peer in (alice, bob):
            peer.receive_until(said("管理员", "维护 at noon"))

    def test_nobody_on_the_network_is_the_administrator(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        stranger = self.peer(server)
        for peer in (bob, stranger):
            for words in ("C 管理员 x", "C admin x", "Q 管理员", "L 管理员", "C  管理员 x"):
                peer.send(words.encode())
        self.assertEqual(alice.heard(), [welcome("bob")])

    def test_only_the_address_that_logged_in_speaks_and_quits(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        mallory = self.peer(server)
        mallory.send(b"C bob forged")
        mallory.send(b"Q bob")
        alice.send(b"C bob forged too")
        alice.send(b"Q bob")
        bob.say("it is me")
        self.assertEqual(alice.heard(), [welcome("bob"), said("bob", "it is me")])
        self.assertEqual(bob.heard(), [])

    def test_control_characters_do_not_pass(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        bob.send(b"C bob a\x1b[31mb\x07c\x00d\x7fe")
        bob.send(b"C bob one\ttwo\nthree\n")
        self.assertEqual(
            alice.heard()[1:], [said("bob", "a[31mbcde"), said("bob", "one two three")]
        )

    def test_longer_than_a_datagram_is_split_between_characters(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        text = "聊天室里的长消息" * 120 + "👋" * 30
        bob.say(text)
        parts = alice.heard()[1:]
        self.assertGreater(len(parts), 2)
        prefix = said("bob", "")
        for part in parts:
            self.assertLessEqual(len(part), 1024)
            self.assertTrue(part.startswith(prefix), part)
        self.assertEqual("".join(part[len(prefix) :].decode() for part in parts), text)


class Quit(Case):
    def test_is_answered_exit_and_told_to_the_others(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        bob.quit()
        self.assertEqual(bob.receive(), EXIT)
        self.assertEqual(alice.heard(), [welcome("bob"), left("bob")])
        self.assertEqual(bob.login("bob"), OK)

    def test_the_kicked_hears_exit_and_the_others_that_he_left(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        server.write("/kick bob")
        self.assertEqual(bob.receive(), EXIT)
        self.assertEqual(alice.receive(), welcome("bob"))
        self.assertEqual(alice.receive(), left("bob"))
        bob.say("still here?")
        self.assertEqual(alice.heard(), [])


if __name__ == "__main__":
    main()
