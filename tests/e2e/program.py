# SPDX-License-Identifier: MIT
"""A running program: its lines as they come, its input, its end."""
from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, TypeVar

from waiting import LONG, PATIENCE

T = TypeVar("T")


class Lines:
    """Collects the lines of one stream; expect() walks forward through them and never back."""

    def __init__(self, stream: IO[bytes], title: str) -> None:
        self.title = title
        self.all: list[str] = []
        self.closed = False
        self._stream = stream
        self._next = 0
        self._unfinished = False  # the last line has no end
        self._changed = threading.Condition()
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        rest = b""
        while True:
            ready = select.select([self._stream, self._stop_read], [], [])[0]
            chunk = b"" if self._stop_read in ready else os.read(self._stream.fileno(), 1 << 16)
            *lines, rest = (rest + chunk).split(b"\n")
            if not chunk and rest:
                lines.append(rest)
                self._unfinished = True
            with self._changed:
                self.all.extend(line.decode("utf-8", "backslashreplace") for line in lines)
                self.closed = not chunk
                self._changed.notify_all()
            if not chunk:
                break
        self._stream.close()
        os.close(self._stop_read)

    def close(self) -> None:
        """Closes our end while the program still writes."""
        if self._stop_write >= 0:
            os.close(self._stop_write)
            self._stop_write = -1
        self._thread.join()

    def find(self, pick: Callable[[str], T | None], what: str, seconds: float = LONG) -> T:
        """The first result of pick that is not None, from the line after the last find on."""
        deadline = time.monotonic() + seconds * PATIENCE
        start = self._next
        with self._changed:
            while True:
                while self._next < len(self.all):
                    line = self.all[self._next]
                    self._next += 1
                    found = pick(line)
                    if found is not None:
                        return found
                left = deadline - time.monotonic()
                if self.closed or left <= 0:
                    why = "the stream ended" if self.closed else f"{seconds:g} s passed"
                    lines = "\n  ".join(self.all[start:][-40:])
                    raise AssertionError(
                        f"no {what} on {self.title} ({why}); lines after the last find:\n  {lines}"
                    )
                self._changed.wait(left)

    def expect(self, wanted: str | re.Pattern[str], seconds: float = LONG) -> str:
        """The next line that contains the text, or matches the pattern."""
        pattern = re.compile(re.escape(wanted)) if isinstance(wanted, str) else wanted
        return self.find(
            lambda line: line if pattern.search(line) else None, repr(pattern.pattern), seconds
        )

    def until(self, wanted: str) -> list[str]:
        """The lines from here up to and with the one that contains the text."""
        start = self._next
        self.expect(wanted)
        return self.all[start : self._next]

    def until_end(self, seconds: float = LONG) -> list[str]:
        """All lines not walked over yet, once the stream has ended."""
        start = self._next
        self._thread.join(seconds * PATIENCE)
        if self._thread.is_alive():
            raise AssertionError(f"{self.title} did not end; so far: {self.all[-10:]}")
        self._next = len(self.all)
        return self.all[start:]

    def forget_unfinished(self) -> None:
        """After a kill -9: half of a line may have been written, which is no line."""
        self.until_end()
        if self._unfinished:
            self.all.pop()
            self._unfinished = False


class Program:
    """A child process in a session of its own with its standard streams on pipes."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        stdin: int | IO[bytes] = subprocess.PIPE,
    ) -> None:
        self.popen = subprocess.Popen(
            list(argv),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(env),
            start_new_session=True,
        )
        self.title = f"{argv[0].rpartition('/')[2]}[{self.pid}]"
        assert self.popen.stdout is not None and self.popen.stderr is not None
        self.out = Lines(self.popen.stdout, f"standard output of {self.title}")
        self.err = Lines(self.popen.stderr, f"standard error of {self.title}")

    @property
    def pid(self) -> int:
        return self.popen.pid

    def write(self, text: str) -> None:
        """One line in."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(text.encode() + b"\n")
        self.popen.stdin.flush()

    def end_input(self) -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.close()

    def send_signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def wait(self, seconds: float = LONG) -> int:
        """The exit status; negative is the signal that ended it."""
        try:
            return self.popen.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.title} still runs after {seconds:g} s; it said {self.out.all[-5:]}"
                f" and {self.err.all[-5:]}"
            ) from None

    def dispose(self) -> None:
        """Ends the process, and no more: its children have to notice by themselves."""
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        if self.popen.stdin is not None:
            try:
                self.popen.stdin.close()
            except BrokenPipeError:
                pass

    def release(self) -> None:
        """After the end: gives the descriptors back."""
        self.out.close()
        self.err.close()


class Server(Program):
    """chat-server that can be joined: its first line has been read."""

    BANNER = re.compile(r"^listening on (\S+):(\d+) key (\S+)$")

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], **kw: Any) -> None:
        super().__init__(argv, env, **kw)
        self.data = ""
        self.host, self.port, self.key = "", 0, ""

    def await_banner(self) -> None:
        found = self.out.find(self.BANNER.match, "line 'listening on HOST:PORT key FP'")
        self.host, self.port, self.key = found[1], int(found[2]), found[3]

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)


class JsonClient(Program):
    """chat-client --json: events out, commands in."""

    def tell(self, kind: str, **fields: Any) -> None:
        self.write(json.dumps({"type": kind, **fields}, ensure_ascii=False))

    def say(self, text: str) -> None:
        self.tell("message", text=text)

    def event(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The next event of that type with those fields."""

        def pick(line: str) -> dict[str, Any] | None:
            value = json.loads(line)
            good = value.get("type") == kind and all(value.get(k) == v for k, v in fields.items())
            return value if good else None

        return self.out.find(pick, f"event {kind} {fields or ''}")
