# SPDX-License-Identifier: MIT
"""Whom the client trusts, and what it does when it can not: keys, the files that remember them, and
passwords."""
from __future__ import annotations

import base64
import subprocess
from pathlib import Path

from errors import Errors
from harness import CLIENT, main
from program import Server
from screen import ScreenCase

UNAVAILABLE, REFUSED = 69, 77
DATA_ERROR, NO_INPUT, CANT_CREATE = 65, 66, 73
OTHER_KEY = "abcdefghijklmnopqrst"


class Keys(Errors):
    def setUp(self) -> None:
        super().setUp()
        self.data = self.folder / "alice"
        self.known = self.data / "known_servers"

    def visit(self, server: Server, *options: str) -> subprocess.CompletedProcess[str]:
        """In, and out again at the end of the input, which is empty."""
        who = ("--plain", "--name", "alice", "--data", str(self.data))
        return self.call(CLIENT, *who, *options, "127.0.0.1", str(server.port))

    def assert_in(self, done: subprocess.CompletedProcess[str]) -> None:
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("-- you are in lobby as alice", done.stdout)

    def assert_refused(self, done: subprocess.CompletedProcess[str], *mentioned: str) -> None:
        self.assert_clear(done, (REFUSED,), *mentioned)
        self.assertNotIn("you are in", done.stdout)

    def other_key(self) -> str:
        """The line of known_servers for this server, as of a server before it."""
        host, _, seen = self.known.read_text().split()
        return f"{host} {base64.b64encode(bytes(range(32))).decode()} {seen}\n"

    def test_a_new_server_is_accepted_when_told_so_and_remembered(self) -> None:
        server = self.server()
        done = self.visit(server, "--accept-new-key")
        self.assert_in(done)
        self.assertIn(server.key, done.stdout)
        remembered = self.known.read_text()
        self.assertRegex(
            remembered,
            rf"^127\.0\.0\.1:{server.port} [A-Za-z0-9+/]{{43}}= \d{{4}}-\d\d-\d\dT\S+Z\n$",
        )
        self.assertEqual(self.known.stat().st_mode & 0o777, 0o600)
        self.assert_in(self.visit(server))
        self.assertEqual(self.known.read_text(), remembered)

    def test_a_new_server_is_refused_where_nobody_can_be_asked(self) -> None:
        server = self.server()
        self.assert_refused(self.visit(server), server.key, "--accept-key")
        self.assertFalse(self.known.exists())
        self.assertEqual(self.control(server, "who").count("alice"), 0)

    def test_exactly_this_key_or_none(self) -> None:
        server = self.server()
        self.assert_refused(self.visit(server, "--accept-key", OTHER_KEY), server.key)
        self.assert_refused(self.visit(server, "--accept-key", OTHER_KEY, "--accept-new-key"))
        self.assert_in(self.visit(server, "--accept-key", server.key))

    def test_a_changed_key_stops_everything_whatever_is_accepted(self) -> None:
        server = self.server()
        self.assert_in(self.visit(server, "--accept-new-key"))
        self.known.write_text(self.other_key())
        for options in ((), ("--accept-new-key",), ("--accept-key", server.key)):
            with self.subTest(options):
                done = self.visit(server, *options)
                self.assert_refused(done, f"line 1 of {self.known}", str(server.port))
        self.assertNotIn("alice", self.control(server, "who"))

    def test_damaged_lines_of_others_are_told_and_ignored(self) -> None:
        server = self.server()
        self.assert_in(self.visit(server, "--accept-new-key"))
        self.known.write_text("example.org:8888 rubbish\n" + self.known.read_text())
        done = self.visit(server)
        self.assert_in(done)
        self.assertIn(f"line 1 of {self.known}", done.stdout)

    def test_a_damaged_line_of_this_server_is_no_first_contact(self) -> None:
        server = self.server()
        self.data.mkdir()
        self.known.write_text(f"127.0.0.1:{server.port} rubbish\n")
        done = self.visit(server, "--accept-new-key")
        self.assert_clear(done, (DATA_ERROR,), f"line 1 of {self.known}")

    def test_the_own_key_is_kept_and_must_be_whole(self) -> None:
        server = self.server()
        self.assert_in(self.visit(server, "--accept-new-key"))
        key = self.data / "identity.key"
        self.assertEqual((key.stat().st_mode & 0o777, key.stat().st_size), (0o600, 32))
        before = key.read_bytes()
        self.assert_in(self.visit(server))
        self.assertEqual(key.read_bytes(), before)
        key.write_bytes(before[:31])
        self.assert_clear(self.visit(server), (DATA_ERROR,), str(key))
        self.assertEqual(key.read_bytes(), before[:31])

    def test_a_data_folder_that_can_not_be(self) -> None:
        server = self.server()
        file = self.folder / "file"
        file.write_text("")
        for folder in (file, file / "below", Path("/proc/chat")):
            with self.subTest(folder):
                self.data = folder
                done = self.visit(server, "--accept-new-key")
                self.assert_clear(done, (CANT_CREATE,), str(folder), "--data")

    def test_a_name_that_belongs_to_another_key(self) -> None:
        server = self.server()
        self.assert_in(self.visit(server, "--accept-new-key"))
        self.data = self.folder / "somebody else"
        self.assert_refused(self.visit(server, "--accept-new-key"), "alice")

    def test_nothing_secret_is_in_a_classic_visit(self) -> None:
        server = self.server()
        for options in (("--accept-key", server.key), ("--password-file", "/dev/null")):
            with self.subTest(options):
                self.assert_clear(self.visit(server, "--classic", *options), (REFUSED,), options[0])
        self.assert_in(self.visit(server, "--classic"))
        self.assertFalse(self.data.exists())

    def test_malformed_fingerprints(self) -> None:
        server = self.server()
        for given in ("", server.key[:-1], server.key + "a", "1" * 20):
            with self.subTest(given):
                self.assert_clear(self.visit(server, "--accept-key", given), (2,))

    # -- passwords

    def password(self, text: str, mode: int = 0o600) -> str:
        file = self.folder / "password"
        file.write_text(text)
        file.chmod(mode)
        return str(file)

    def test_a_password(self) -> None:
        right = self.password("open sesame\n")
        server = self.server("--password-file", right)
        self.assert_refused(self.visit(server, "--accept-new-key"), "password")
        self.assert_in(self.visit(server, "--accept-new-key", "--password-file", right))
        again = self.visit(server, "--password-file", self.password("open sesame\nmore"))
        self.assert_in(again)
        wrong = self.visit(server, "--password-file", self.password("open barley\n"))
        self.assert_refused(wrong, "password")

    def test_a_password_that_nobody_asks_for(self) -> None:
        server = self.server()
        done = self.visit(server, "--accept-new-key", "--password-file", self.password("x\n"))
        self.assert_in(done)

    def test_a_password_that_others_can_read_is_warned_about(self) -> None:
        server = self.server()
        file = self.password("x\n", 0o644)
        done = self.visit(server, "--accept-new-key", "--password-file", file)
        self.assert_in(done)
        self.assertIn(file, done.stdout)

    def test_no_password_in_the_file(self) -> None:
        server = self.server()
        for file in (self.password("\n"), str(self.folder / "nothing"), str(self.folder)):
            with self.subTest(file):
                done = self.visit(server, "--accept-new-key", "--password-file", file)
                self.assert_clear(done, (NO_INPUT,), file)


class Question(ScreenCase):
    """A person is asked, in both forms."""

    FORMS = ((), ("--plain",))

    def ask(self, server: Server, *options: str) -> str:
        """The command of a client that has to ask; each has a folder of its own."""
        name = f"alice{len(list(self.folder.glob('tmux-*.conf')))}"
        trusting = self.command(server, name, *options)
        return trusting.replace(" --accept-new-key", "")

    def test_yes_lets_one_in_and_is_remembered(self) -> None:
        for form in self.FORMS:
            with self.subTest(form):
                server = self.server()
                tmux = self.terminal()
                command = self.ask(server, *form)
                tmux.enter(command)
                tmux.wait_text(server.key, "(yes/no)")
                tmux.enter("maybe")
                tmux.wait_text("please answer yes or no")
                tmux.enter("yes")
                tmux.wait_text("you are in lobby")
                tmux.enter("/quit")
                tmux.wait_shell()
                tmux.enter("clear")
                tmux.wait_no_text("yes")
                tmux.enter(command)
                tmux.wait_text("you are in lobby")
                self.assertNotIn("(yes/no)", tmux.text())
                tmux.enter("/quit")
                tmux.wait_shell()

    def test_no_and_going_away_are_both_no(self) -> None:
        for form in self.FORMS:
            for answer in ("no", "C-d"):
                with self.subTest(form=form, answer=answer):
                    server = self.server()
                    tmux = self.terminal()
                    modes = tmux.modes()
                    tmux.enter(f"{self.ask(server, *form)}; echo status=$?")
                    tmux.wait_text(server.key, "(yes/no)")
                    tmux.keys(*(("no", "Enter") if answer == "no" else (answer,)))
                    tmux.wait_text(f"status={REFUSED}")
                    self.assert_sane(tmux, modes)
                    self.assertNotIn("alice", self.control(server, "who"))


if __name__ == "__main__":
    main()
