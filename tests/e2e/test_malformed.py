# SPDX-License-Identifier: MIT
"""Whatever bytes come: the server stays up, members go on, and strangers get little."""
from __future__ import annotations

from harness import Case, main
from original import INVALID, OK, TAKEN, OriginalClient, said

# What is sent, and what may come back. None: no answer at all.
REFUSED = (INVALID, TAKEN)
NO_ANSWER: tuple[bytes, ...] = ()
TABLE: tuple[tuple[str, bytes, tuple[bytes, ...]], ...] = (
    ("empty", b"", NO_ANSWER),
    ("one byte", b"L", REFUSED),
    ("one byte C", b"C", NO_ANSWER),
    ("one byte Q", b"Q", NO_ANSWER),
    ("login without name", b"L ", REFUSED),
    ("login with spaces only", b"L    ", REFUSED),
    ("newline only", b"\n", NO_ANSWER),
    ("unknown letter", b"X bob hello", NO_ANSWER),
    ("small letter", b"l bob", NO_ANSWER),
    ("no space after the letter", b"Lbob", REFUSED),
    ("name of 33 bytes", b"L " + b"n" * 33, REFUSED),
    ("name of 33 bytes, whole characters", ("L " + "名" * 11).encode(), REFUSED),
    ("name of 1000 bytes", b"L " + b"n" * 1000, REFUSED),
    ("name is not UTF-8", b"L \xff\xfe", REFUSED),
    ("name cut inside a character", "L 名".encode()[:-1], REFUSED),
    ("overlong encoding", b"L \xc0\xaf", REFUSED),
    ("surrogate", b"L \xed\xa0\x80", REFUSED),
    ("NUL in the name", b"L bo\0b", REFUSED),
    ("escape in the name", b"L \x1b[31mbob", REFUSED),
    ("newline in the name", b"L bo\nb", REFUSED),
    ("bidirectional override in the name", "L bob\u202e".encode(), REFUSED),
    ("only an invisible character", "L \u200b".encode(), REFUSED),
    ("talk before login", b"C bob hello", NO_ANSWER),
    ("talk without text", b"C bob", NO_ANSWER),
    ("talk of nobody", b"C  hello", NO_ANSWER),
    ("text is not UTF-8", b"C bob \xff\xfe\x80", NO_ANSWER),
    ("quit before login", b"Q bob", NO_ANSWER),
    ("quit without name", b"Q ", NO_ANSWER),
    ("NULs", b"\0" * 512, NO_ANSWER),
    ("all bytes", bytes(range(256)), NO_ANSWER),
    ("the longest login", b"L " + b"n" * 65505, REFUSED),
    ("the longest talk", b"C bob " + b"x" * 65501, NO_ANSWER),
    ("the longest noise", b"\xff" * 65507, NO_ANSWER),
    ("our own answer", OK, NO_ANSWER),
    ("our own refusal", TAKEN, NO_ANSWER),
    ("a notice", said("bob", "hello"), NO_ANSWER),
)


class Malformed(Case):
    def test_from_a_stranger(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        alice.heard()
        for title, datagram, allowed in TABLE:
            with self.subTest(title):
                stranger = self.peer(server)
                stranger.send(datagram)
                self.assertEqual(bob.heard(), [], "members are told of nothing")
                for answer in stranger.pending():
                    self.assertIn(answer, allowed)
        self.still_chats(alice, bob)
        self.assertIsNone(server.popen.poll())

    def test_from_a_member(self) -> None:
        """Members may speak, so only what is no message at all must stay unheard."""
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        silent = [row for row in TABLE if not row[1].startswith((b"C bob", b"L", b"Q bob"))]
        for _, datagram, _ in silent:
            bob.send(datagram)
        self.assertEqual(bob.pending(), [])
        self.still_chats(alice, bob)

    def test_text_that_is_not_utf8_is_never_passed_on_raw(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        for text in (b"\xff\xfe", b"ok \xe5\x90", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"):
            bob.send(b"C bob " + text)
        for datagram in alice.heard():
            datagram.decode("utf-8")  # raises when it is not
        self.still_chats(alice, bob)

    def test_text_beyond_the_limit(self) -> None:
        server = self.server()
        alice, bob = (self.peer(server, name) for name in ("alice", "bob"))
        alice.heard()
        bob.send(b"C bob " + b"y" * 8192)
        whole = b"".join(part.removeprefix(said("bob", "")) for part in alice.heard())
        self.assertEqual(whole, b"y" * 8192)
        bob.send(b"C bob " + b"z" * 65000)
        whole = b"".join(part.removeprefix(said("bob", "")) for part in alice.heard())
        self.assertLessEqual(len(whole), 8192)
        self.still_chats(alice, bob)

    def still_chats(self, alice: OriginalClient, bob: OriginalClient) -> None:
        bob.say("still here")
        alice.receive_until(said("bob", "still here"))
        alice.say("me too")
        bob.receive_until(said("alice", "me too"))


if __name__ == "__main__":
    main()
