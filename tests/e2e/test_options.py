# SPDX-License-Identifier: MIT
"""--help, --version, and the configuration file."""
from __future__ import annotations

from errors import Errors
from harness import CLIENT, SERVER, main

SERVER_OPTIONS = ("--data", "--memory", "--classic", "--config", "--check-config", "--log-level",
                  "--log-format", "--version", "--help")
CLIENT_OPTIONS = ("--name", "--room", "--plain", "--json", "--classic", "--data", "--accept-key",
                  "--accept-new-key", "--password-file", "--version", "--help")

GOOD = 'classic = "any"\nlog-level = "debug"\nlog-format = "json"\nmemory = true\n'
# The text of a bad file and what the sentence has to name besides the file.
BAD = (
    ('classic = "any', "1"),
    ('classic = "maybe"\n', "classic"),
    ("colour = true\n", "colour"),
    ("memory = 7\n", "memory"),
    ('memory = "yes"\n', "memory"),
    ("data = 7\n", "data"),
    ("port = 70000\n", "port"),
    ("check-config = true\n", "check-config"),
)
CONFIG_STATUS = (66, 78)


class Help(Errors):
    def test_help_names_every_option(self) -> None:
        for program, options in ((SERVER, SERVER_OPTIONS), (CLIENT, CLIENT_OPTIONS)):
            done = self.call(program, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for option in options:
                self.assertIn(option, done.stdout)
            for line in done.stdout.splitlines():
                self.assertLessEqual(len(line), 120, line)

    def test_version(self) -> None:
        for program, name in ((SERVER, "chat-server"), (CLIENT, "chat-client")):
            done = self.call(program, "--version")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, rf"^{name} \d+\.\d+\.\d+\n$")


class Config(Errors):
    def file(self, text: str) -> str:
        path = self.folder / "chat.toml"
        path.write_text(text)
        return str(path)

    def test_good(self) -> None:
        done = self.call(SERVER, "--config", self.file(GOOD), "--check-config")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_is_used_and_the_command_line_wins(self) -> None:
        server = self.server("--config", self.file('data = "/proc/nowhere"\nlog-format = "json"\n'))
        self.announce(server, "hello")

    def test_bad(self) -> None:
        for text, named in BAD:
            for more in (("--check-config",), ()):
                with self.subTest(text=text, more=more):
                    path = self.file(text)
                    done = self.start_server("127.0.0.1", "0", "--config", path, *more)
                    self.assert_clear(done, CONFIG_STATUS, path, named)

    def test_missing(self) -> None:
        path = str(self.folder / "nothing.toml")
        done = self.call(SERVER, "127.0.0.1", "0", "--config", path, "--check-config")
        self.assert_clear(done, CONFIG_STATUS, path)


if __name__ == "__main__":
    main()
