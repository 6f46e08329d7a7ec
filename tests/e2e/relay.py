# SPDX-License-Identifier: MIT
"""udp-relay under a test's control: a bad network between clients and a server.

The language is described in tests/relay/script.h, the recording in tests/relay/recording.h. Every
call returns once its command holds; it holds for all that is sent afterwards and for nothing that
was sent before.
"""
from __future__ import annotations

import json
import re
import signal
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import BINARIES, Case
from ports import lasting_port
from program import Program
from waiting import LONG, wait_until

RELAY = str(BINARIES / "udp-relay")
CLIENTS_MAX = 256

Stats = dict[str, Any]

_MAGIC = b"relayrec"
_HEADER = struct.Struct("<BxxxIIQ")
_KINDS = ("up", "down", "stray")


@dataclass(frozen=True)
class Datagram:
    """As the relay received it, before anything was done to it."""

    kind: str  # up: from a client; down: to one; stray: to an address given up or inject_new's
    client: int  # numbered from 1 as they come; 0 for inject_new's
    at_us: int  # since the relay's start
    data: bytes


class Relay(Program):
    """A relay that is ready; clients send to `address` instead of to the server."""

    BANNER = re.compile(r"^relaying on (\S+):(\d+)$")

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], record: Path | None) -> None:
        super().__init__(argv, env)
        self._record = record
        self.port = 0

    def await_banner(self) -> None:
        found = self.out.find(self.BANNER.match, "line 'relaying on HOST:PORT'")
        self.port = int(found[2])

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    # -- commands

    def refusal(self, line: str) -> str:
        """Gives one command; empty if it was obeyed, else what the relay has against it."""
        self.write(line)
        answer = re.compile(r"^(?:ok|error: (.*))$")
        return self.out.find(answer.match, f"answer to '{line[:80]}'")[1] or ""

    def command(self, line: str) -> None:
        problem = self.refusal(line)
        if problem:
            raise AssertionError(f"the relay refuses '{line[:80]}': {problem}")

    def set(self, way: str = "both", **settings: int | str) -> None:
        """set("up", loss=300, delay_ms=50): adds to what holds."""
        words = (f"{name}={value}" for name, value in settings.items())
        self.command(" ".join((way, *words)))

    def clear(self, way: str = "both") -> None:
        """A perfect link again."""
        self.command(f"{way} clear")

    def rebind(self, what: str, client: int | None = None) -> None:
        """what: port or address; of one client or of all."""
        self.command(f"rebind {what} {client or ''}")

    def inject(self, way: str, client: int, data: bytes) -> None:
        """up: to the server, from where it knows that client; down: to the client."""
        self.command(f"inject {way} {client} {data.hex()}")

    def inject_new(self, data: bytes) -> None:
        """To the server from an address it has never seen; what it answers is stray."""
        self.command(f"inject new {data.hex()}")

    # -- what happened

    def stats(self) -> Stats:
        """Counts up to now; all that was sent to the relay before is among them."""
        self.write("stats")
        return self.next_stats()

    def settle(self, seconds: float = LONG) -> Stats:
        """Waits until nothing is on its way any more."""

        def at_rest() -> Stats | None:
            stats = self.stats()
            return None if stats["up"]["waiting"] or stats["down"]["waiting"] else stats

        settled = wait_until(at_rest, seconds, "the relay to have delivered everything")
        assert settled is not None
        return settled

    def printed_stats(self) -> list[Stats]:
        """Every statistics line so far, in order; those of a script's stats too."""
        return [json.loads(line) for line in list(self.out.all) if line.startswith("{")]

    def stop(self) -> Stats:
        """Ends the relay in good order; the statistics it leaves behind."""
        self.send_signal(signal.SIGTERM)
        status = self.wait()
        assert status == 0, f"{self.title} ended with status {status}"
        self.out.until_end()
        return self.printed_stats()[-1]

    def recording(self) -> list[Datagram]:
        """All received up to now; only if it was started with record=True."""
        assert self._record is not None, "started without record=True"
        return read_recording(self._record)

    def next_stats(self) -> Stats:
        """The next line of them, also if a script or an earlier command brings it."""
        return self.out.find(
            lambda line: json.loads(line) if line.startswith("{") else None, "statistics"
        )


def read_recording(path: Path) -> list[Datagram]:
    """The whole datagrams in a recording; the last may still be being written."""
    content = path.read_bytes()
    assert content.startswith(_MAGIC), f"{path} is no recording"
    datagrams: list[Datagram] = []
    position = len(_MAGIC)
    while position + _HEADER.size <= len(content):
        kind, client, length, at_us = _HEADER.unpack_from(content, position)
        begin = position + _HEADER.size
        position = begin + length
        if position <= len(content):
            datagrams.append(Datagram(_KINDS[kind], client, at_us, content[begin:position]))
    return datagrams


def start_relay(
    case: Case, server: tuple[str, int], *, seed: int = 1, script: str = "", record: bool = False
) -> Relay:
    """A relay to that server, which ends with the test."""
    name = f"relay-{len(case.programs)}"
    argv = [RELAY, "--listen", f"127.0.0.1:{lasting_port()}", "--to", f"{server[0]}:{server[1]}"]
    argv += ["--seed", str(seed)]
    if script:
        (case.folder / f"{name}.script").write_text(script, encoding="utf-8")
        argv += ["--script", str(case.folder / f"{name}.script")]
    recording = case.folder / f"{name}.recording" if record else None
    if recording:
        argv += ["--record", str(recording)]
    relay = Relay(argv, case.environment(), recording)
    case.programs.append(relay)
    relay.await_banner()
    return relay
