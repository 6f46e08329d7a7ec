# SPDX-License-Identifier: MIT
"""Our client at an original server: with --classic as one of its own, and without not at all."""
from __future__ import annotations

from harness import Case, main
from original import ADMIN

INIT = 0xF8  # the first byte of what the secure protocol begins with


class Json(Case):
    def test_a_whole_conversation(self) -> None:
        server = self.original_server()
        alice = self.json_client(server.port, "alice", "--classic")
        welcome = alice.event("welcome")
        self.assertEqual((welcome["name"], welcome["room"]), ("alice", "lobby"))
        self.assertNotIn("server_key", welcome)

        bob = self.peer(server, "bob")
        join = alice.event("join", name="bob", room="lobby")
        alice.say("你好 bob,  two spaces")
        server.await_datagram("C alice 你好 bob,  two spaces".encode())
        own = alice.event("message", text="你好 bob,  two spaces")
        self.assertEqual((own["from"], own["own"]), ("alice", True))
        bob.receive_until("\nalice 说: 你好 bob,  two spaces".encode())

        bob.say("早上好 👋")
        heard = alice.event("message", **{"from": "bob"})
        self.assertEqual((heard["text"], heard["own"]), ("早上好 👋", False))
        server.announce("tea at four")
        told = alice.event("announcement", text="tea at four")
        bob.quit()
        leave = alice.event("leave", name="bob")

        entries = [join, own, heard, told, leave]
        numbers = [entry["seq"] for entry in entries]
        self.assertEqual(numbers, list(range(welcome["next"], welcome["next"] + 5)))
        for entry in entries:
            self.assertRegex(entry["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

        alice.tell("quit")
        server.await_datagram(b"Q alice")
        self.assertEqual(alice.wait(), 0)

    def test_a_taken_name_is_refused_with_77(self) -> None:
        server = self.original_server()
        self.peer(server, "alice")
        client = self.json_client(server.port, "alice", "--classic")
        error = client.event("error")
        self.assertTrue(error["code"] and error["text"], error)
        self.assertEqual(client.wait(), 77)

    def test_a_sentence_inside_a_message_stays_a_message(self) -> None:
        server = self.original_server()
        alice = self.json_client(server.port, "alice", "--classic")
        alice.event("welcome")
        bob = self.peer(server, "bob")
        alice.event("join", name="bob")
        bob.say("carol 离开了聊天室")
        alice.event("message", text="carol 离开了聊天室")

    def test_end_of_input_leaves_after_all_was_sent(self) -> None:
        server = self.original_server()
        alice = self.json_client(server.port, "alice", "--classic")
        for number in range(50):
            alice.say(f"line {number}")
        alice.end_input()
        self.assertEqual(alice.wait(), 0)
        said = [datagram for datagram in server.log if datagram.startswith(b"C ")]
        self.assertEqual(said, [f"C alice line {number}".encode() for number in range(50)])
        self.assertEqual(server.log[-1], b"Q alice")


class WithoutTheWord(Case):
    def test_the_plain_text_protocol_is_never_spoken(self) -> None:
        """Given up after the 30 seconds that are promised, for real."""
        server = self.original_server()
        client = self.json_client(server.port, "alice")
        client.say("a secret")
        self.assertEqual(client.wait(45), 69)
        self.assertTrue(server.log)
        self.assertEqual({datagram[0] for datagram in server.log}, {INIT})
        self.assertFalse(any(b"secret" in datagram for datagram in server.log))


class Plain(Case):
    def test_a_whole_conversation(self) -> None:
        server = self.original_server()
        bob = self.peer(server, "bob")
        alice = self.plain_client(server.port, "alice", "--classic")
        server.await_datagram(b"L alice")
        alice.write("hello bob")
        server.await_datagram(b"C alice hello bob")
        bob.receive_until("\nalice 说: hello bob".encode())
        carol = self.peer(server, "carol")
        alice.out.expect("* carol joined")
        bob.say("早上好")
        self.assertEqual(alice.out.expect("<bob>"), "<bob> 早上好")
        server.announce("tea")
        self.assertEqual(alice.out.expect("tea"), "! tea")
        carol.quit()
        self.assertEqual(alice.out.expect("carol"), "* carol left")
        alice.write("quit")
        server.await_datagram(b"Q alice")
        self.assertEqual(alice.wait(), 0)
        self.assertNotIn(ADMIN, "".join(alice.out.all))

    def test_newlines_are_continued_with_two_spaces(self) -> None:
        server = self.original_server()
        alice = self.plain_client(server.port, "alice", "--classic")
        server.await_datagram(b"L alice")
        bob = self.peer(server, "bob")
        bob.say("one\ntwo")
        self.assertEqual(alice.out.expect("<bob>"), "<bob> one")
        self.assertEqual(alice.out.expect("two"), "  two")

    def test_hostile_text_does_not_reach_the_output_raw(self) -> None:
        server = self.original_server()
        alice = self.plain_client(server.port, "alice", "--classic")
        server.await_datagram(b"L alice")
        bob = self.peer(server, "bob")
        bob.say("\x1b]0;owned\x07 \u202edesrever end")
        line = alice.out.expect("end")
        for hostile in ("\x1b", "\x07", "\u202e"):
            self.assertNotIn(hostile, line)


if __name__ == "__main__":
    main()
