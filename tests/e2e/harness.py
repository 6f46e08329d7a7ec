# SPDX-License-Identifier: MIT
"""The base of all end-to-end tests: starts programs, and sees to it that nothing is left of them.

CHAT_BIN names the folder of the binaries. Each test has a temporary folder of its own; servers
listen on 127.0.0.1 with a port of their own (ports.py). At the end of a test the programs it started
are killed; their children must then end by themselves, and nothing may have been reported by a
sanitizer or an assertion.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TypeVar

import processes
from original import OriginalClient, OriginalServer
from ports import lasting_port
from program import JsonClient, Program, Server
from waiting import LONG, PATIENCE, wait_until

TOP = Path(__file__).resolve().parents[2]
BINARIES = Path(os.environ.get("CHAT_BIN", TOP / "build/dev/bin")).resolve()
SERVER = str(BINARIES / "chat-server")
CLIENT = str(BINARIES / "chat-client")

P = TypeVar("P", bound=Program)

SANITIZER_REPORT = "sanitizer"
_BUGS = re.compile(r"Assertion .* failed|terminate called|[Ss]anitizer|runtime error:")


class Case(unittest.TestCase):
    """One end-to-end test."""

    maxDiff = None
    server_binary = SERVER

    def setUp(self) -> None:
        if not os.access(self.server_binary, os.X_OK):
            self.fail(f"{self.server_binary} is not there; build first, or set CHAT_BIN")
        processes.become_reaper()
        self.mark = uuid.uuid4().hex
        self.folder = Path(tempfile.mkdtemp(prefix="chat-e2e-"))
        self.programs: list[Program] = []
        self.addCleanup(self._clean_up)

    def environment(self) -> dict[str, str]:
        """The same for everybody, whoever runs the tests; an odd time zone on purpose."""
        folder = str(self.folder)
        return {
            **{name: self._sanitizer_options(name) for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS")},
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "XDG_STATE_HOME": f"{folder}/state",
            "XDG_DATA_HOME": f"{folder}/share",
            "TMPDIR": folder,
            "LC_ALL": "C.UTF-8",
            "TZ": "Asia/Kathmandu",
            "TERM": "xterm-256color",
            processes.MARK_VARIABLE: self.mark,
        }

    def _sanitizer_options(self, variable: str) -> str:
        """Reports go to files, so that none is lost with a child's or a terminal's output."""
        given = os.environ.get(variable, "")
        return ":".join(filter(None, (given, f"log_path={self.folder}/{SANITIZER_REPORT}")))

    # -- programs

    def program(
        self,
        argv: Sequence[str],
        stdin: int | IO[bytes] = subprocess.PIPE,
        env: Mapping[str, str] | None = None,
    ) -> Program:
        return self._keep(Program(argv, env or self.environment(), stdin))

    def server(
        self, *options: str, data: str | None = None, port: int = 0, stdin: int = subprocess.PIPE
    ) -> Server:
        """A server that can be joined; it can be started again at its port."""
        where = data or str(self.folder / f"server-{len(self.programs)}")
        place = ("127.0.0.1", str(port or lasting_port()))
        argv = [self.server_binary, *place, "--data", where, *options]
        server = Server(argv, self.environment(), stdin=stdin)
        self._keep(server)
        server.data = where
        server.await_banner()
        return server

    def plain_client(self, port: int, name: str, *options: str) -> Program:
        return self.program(self._client(port, name, "--plain", *options))

    def json_client(self, port: int, name: str, *options: str) -> JsonClient:
        argv = self._client(port, name, "--json", *options)
        return self._keep(JsonClient(argv, self.environment()))

    def _client(self, port: int, name: str, *options: str) -> list[str]:
        data = () if "--data" in options else ("--data", self.client_data())
        return [CLIENT, "127.0.0.1", str(port), "--name", name, *data, *trust(options), *options]

    def client_data(self) -> str:
        """A fresh data folder: another person, who knows no server."""
        return str(self.folder / f"client-{len(self.programs)}")

    def _keep(self, program: P) -> P:
        self.programs.append(program)
        return program

    def call(
        self, *argv: str, given: str = "", seconds: float = LONG
    ) -> subprocess.CompletedProcess[str]:
        """A program that runs to its end by itself."""
        return subprocess.run(
            argv,
            input=given,
            capture_output=True,
            encoding="utf-8",
            timeout=seconds * PATIENCE,
            env=self.environment(),
            start_new_session=True,
            check=False,
        )

    def announce(self, server: Server, text: str) -> None:
        done = self.call(SERVER, "announce", "--data", server.data, text)
        self.assertEqual(done.returncode, 0, done.stderr)

    def control(self, server: Server, *command: str) -> str:
        """The answer of a running server to `chat-server ctl`."""
        done = self.call(SERVER, "ctl", "--data", server.data, *command)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    # -- people

    def peer(self, server: Server | OriginalServer, name: str = "") -> OriginalClient:
        """An original client; logged in if a name is given."""
        peer = OriginalClient(server.address)
        self.addCleanup(peer.close)
        if name:
            self.assertEqual(peer.login(name), b"OK")
        return peer

    def original_server(self) -> OriginalServer:
        server = OriginalServer()
        self.addCleanup(server.close)
        return server

    # -- the process table

    def assert_no_zombies(self, program: Program) -> None:
        """Ended children have to be collected soon."""

        def clean() -> bool:
            return not any(row.zombie for row in processes.children(program.pid))

        wait_until(clean, 2, lambda: f"no zombies: {processes.children(program.pid)}")

    def living_children(self, program: Program) -> list[processes.Entry]:
        return [row for row in processes.children(program.pid) if not row.zombie]

    def wait_gone(self, pid: int, seconds: float) -> None:
        what = f"the end of {processes.entry(pid)}"
        wait_until(lambda: processes.gone(pid), seconds, what)

    # -- the end

    def _clean_up(self) -> None:
        for program in self.programs:
            program.dispose()
        known = {program.pid for program in self.programs}

        def left() -> list[processes.Entry]:
            processes.reap_orphans(known)
            return processes.marked(self.mark, known)

        try:
            wait_until(lambda: not left(), 5, lambda: f"the end of {left()}")
        finally:
            processes.kill_all(left())
            reports = [file.read_text() for file in self.folder.glob(f"{SANITIZER_REPORT}.*")]
            shutil.rmtree(self.folder, ignore_errors=True)
        self.assertEqual(reports, [])
        for program in self.programs:
            program.release()
            said = [line for line in program.err.all if _BUGS.search(line)]
            self.assertEqual(said, [], f"{program.title} has a bug")

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """As always, and after a failure with the last words of every program."""
        before = _troubles(result)
        result = super().run(result)
        if _troubles(result) > before:
            for program in getattr(self, "programs", []):
                for lines in (program.out, program.err):
                    for line in lines.all[-15:]:
                        print(f"  {lines.title}: {line[:500]}", file=sys.stderr)
        return result


def trust(options: Sequence[str]) -> tuple[str, ...]:
    """A client trusts the server it meets for the first time, unless its options say more."""
    chosen = any(option == "--classic" or option.startswith("--accept") for option in options)
    return () if chosen else ("--accept-new-key",)


def _troubles(result: unittest.TestResult | None) -> int:
    return 0 if result is None else len(result.failures) + len(result.errors)


def main() -> None:
    unittest.main(verbosity=2)
