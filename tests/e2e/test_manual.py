# SPDX-License-Identifier: MIT
"""The manual pages and the completions have all that the programs have, and are good ones."""
from __future__ import annotations

import re
import shutil
import subprocess

from completion import SHELLS
from errors import Errors
from harness import BINARIES, CLIENT, SERVER, main

WRITTEN = BINARIES.parent / "manual"
PAGES = {"chat-client": WRITTEN / "chat-client.1", "chat-server": WRITTEN / "chat-server.8"}
PROGRAMS = {"chat-client": CLIENT, "chat-server": SERVER}
TOOLS = ("mandoc", "groff", "bash", "zsh", "fish", "shellcheck", "cmake")
SUBCOMMANDS = ("announce", "ctl", "check", "export", "import", "reindex", "backup")
# What is typed behind the first Tab of a line, and what has to be offered.
OFFERED = (
    ("chat-server --durability ", {"process", "power"}),
    ("chat-server --durability po", {"power"}),
    ("chat-server --data x --classic ", {"off", "loopback", "any"}),
    ("chat-server --log-level w", {"warn"}),
    ("chat-server ex", {"export"}),
    ("chat-server --data x ctl k", {"kick"}),
    ("chat-server --port ", set[str]()),
    ("chat-client --accept-n", {"--accept-new-key"}),
)
# zsh offers the word behind the sign by itself, bash sees three words, fish offers the whole.
EQUALS = {"bash": "power", "zsh": "power", "fish": "--durability=power"}


class Manual(Errors):
    def setUp(self) -> None:
        super().setUp()
        for tool in TOOLS:
            self.assertTrue(shutil.which(tool), f"{tool} is missing; run scripts/install-deps")

    def rendered(self, name: str) -> str:
        done = self.call("mandoc", "-T", "utf8", "-O", "width=80", str(PAGES[name]))
        self.assertEqual(done.returncode, 0, done.stderr)
        return re.sub(".\b", "", done.stdout)

    def options(self, name: str, *subcommand: str) -> set[str]:
        """As --help has them, in both forms."""
        done = self.call(PROGRAMS[name], *subcommand, "--help")
        # "-n,--name NAME", or with blanks between the two.
        found = re.findall(r"^ +(?=-)(-\w)?,? *(--[\w-]+)?", done.stdout, re.MULTILINE)
        self.assertGreaterEqual(len(found), 2)
        return {option for pair in found for option in pair if option}

    # -- pages

    def test_pages_have_every_option(self) -> None:
        for name in PROGRAMS:
            page = self.rendered(name)
            items = "\n".join(re.findall(r"^ {7}(?! ).*", page, re.MULTILINE))
            for option in self.options(name):
                self.assertRegex(items, rf"(?m)(^|[ ,]){option}(,| |$)")
        server = self.rendered("chat-server")
        for subcommand in SUBCOMMANDS:
            self.assertRegex(server, rf"(?m)^ {{7}}{subcommand}( |$)")
            self.assertRegex(server, rf"(?m)^ {{7}}chat-server {subcommand} \[--data DIR\]")

    def test_pages_have_what_help_says(self) -> None:
        server = self.server()
        client = self.plain_client(server.port, "alice")
        client.write("/help")
        client.out.find(lambda line: "//TEXT" in line or None, "end of the help")
        done = self.call(SERVER, "ctl", "--data", server.data, "help")
        answers = {"chat-client": client.out.all, "chat-server": done.stdout.splitlines()}
        for name, help_lines in answers.items():
            page = " ".join(self.rendered(name).split()).lower()
            commands = [text for line in help_lines for text in re.findall(r"^[- ]*(/.*)", line)]
            self.assertGreaterEqual(len(commands), 8)
            for command in commands:
                self.assertIn(" ".join(command.split()).lower(), page)

    def test_pages_know_nothing_of_who_builds(self) -> None:
        self.assertIn("~/.local/share/chat-client", self.rendered("chat-client"))
        self.assertIn("~/.local/state/chat-server", self.rendered("chat-server"))

    def test_pages_are_good(self) -> None:
        for page in PAGES.values():
            for tool in (("mandoc", "-T", "lint", "-W", "warning"),
                         ("groff", "-ww", "-k", "-man", "-T", "utf8", "-z")):
                done = self.call(*tool, str(page))
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    # -- completions

    def test_completions_are_good(self) -> None:
        for name in PROGRAMS:
            for *tool, shell in (("bash", "-n", "bash"), ("zsh", "-n", "zsh"),
                                 ("fish", "-n", "fish"), ("shellcheck", "-s", "bash", "bash")):
                done = self.call(*tool, str(WRITTEN / f"{name}.{shell}"))
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_completions_have_every_option(self) -> None:
        calls = [("chat-client",), ("chat-server",)]
        calls += [("chat-server", subcommand) for subcommand in SUBCOMMANDS]
        for call in calls:
            wanted = {option for option in self.options(*call) if option.startswith("--")}
            for shell, complete in SHELLS.items():
                with self.subTest(call=call, shell=shell):
                    offered = complete(WRITTEN, " ".join((*call, "--")), self.environment())
                    self.assertEqual(offered, wanted)

    def test_completions_have_every_command(self) -> None:
        server = self.server()
        done = self.call(SERVER, "ctl", "--data", server.data, "help")
        typed = set(re.findall(r"^/(\S+)", done.stdout, re.MULTILINE))
        listed = re.split("(?i)subcommands:", self.call(SERVER, "--help").stdout)[1]
        subcommands = set(re.findall(r"^  (\w+)", listed, re.MULTILINE))
        self.assertEqual(subcommands, set(SUBCOMMANDS))
        for shell, complete in SHELLS.items():
            with self.subTest(shell=shell):
                self.assertEqual(complete(WRITTEN, "chat-server ctl ", self.environment()), typed)
                self.assertEqual(
                    complete(WRITTEN, "chat-server ", self.environment()), subcommands
                )

    def test_completions_have_what_may_follow(self) -> None:
        for line, wanted in OFFERED:
            for shell, complete in SHELLS.items():
                with self.subTest(line=line, shell=shell):
                    self.assertEqual(complete(WRITTEN, line, self.environment()), wanted)
        for shell, complete in SHELLS.items():
            with self.subTest(shell=shell):
                offered = complete(WRITTEN, "chat-server --durability=po", self.environment())
                self.assertEqual(offered, {EQUALS[shell]})

    def test_completions_find_files(self) -> None:
        (self.folder / "only-folder").mkdir()
        (self.folder / "only-file").write_text("")
        for shell, complete in SHELLS.items():
            for line, wanted in (("backup", {"only-file", "only-folder"}),
                                 ("check --data", {"only-folder"})):
                with self.subTest(line=line, shell=shell):
                    asked = f"chat-server {line} {self.folder}/only-f"
                    offered = complete(WRITTEN, asked, self.environment())
                    self.assertEqual({one.rstrip("/").split("/")[-1] for one in offered}, wanted)

    # -- what is installed

    def test_install(self) -> None:
        done = subprocess.run(
            ["cmake", "--install", str(BINARIES.parent), "--prefix", str(self.folder / "usr")],
            capture_output=True, encoding="utf-8", check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        share = self.folder / "usr/share"
        files = {path.relative_to(share).as_posix() for path in share.rglob("*") if path.is_file()}
        self.assertEqual(files, {
            "man/man1/chat-client.1", "man/man8/chat-server.8",
            *(f"bash-completion/completions/{name}" for name in PROGRAMS),
            *(f"zsh/site-functions/_{name}" for name in PROGRAMS),
            *(f"fish/vendor_completions.d/{name}.fish" for name in PROGRAMS),
        })


if __name__ == "__main__":
    main()
