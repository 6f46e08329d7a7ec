# SPDX-License-Identifier: MIT
"""The process table as /proc shows it: who is whose child, who is a zombie, who carries a mark.

Every process a test starts carries a unique variable in its environment and lives in a session of
its own, so that whatever a program leaves behind can be found, orphans included. The test process
is the reaper of its descendants (PR_SET_CHILD_SUBREAPER): orphans do not depend on what runs as
process 1 of a container.
"""
from __future__ import annotations

import ctypes
import os
import signal
from dataclasses import dataclass

MARK_VARIABLE = "CHAT_E2E_MARK"
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Entry:
    """One row of the process table."""

    pid: int
    comm: str
    state: str
    parent: int
    session: int

    @property
    def zombie(self) -> bool:
        return self.state in "ZX"


def become_reaper() -> None:
    """Makes orphaned descendants children of this process instead of process 1."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def entry(pid: int) -> Entry | None:
    """The row of one process, None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            text = stat.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    head, _, tail = text.rpartition(")")  # the name may hold spaces and brackets itself
    comm = head.partition("(")[2]
    state, parent, _group, session = tail.split()[:4]
    return Entry(pid, comm, state, int(parent), int(session))


def table() -> list[Entry]:
    rows = (entry(int(name)) for name in os.listdir("/proc") if name.isdecimal())
    return [row for row in rows if row is not None]


def children(pid: int) -> list[Entry]:
    """Direct children, zombies included, oldest first."""
    return sorted((row for row in table() if row.parent == pid), key=lambda row: row.pid)


def gone(pid: int) -> bool:
    """True when the process runs no more. An orphan that ended and waits for us counts as gone."""
    row = entry(pid)
    return row is None or (row.zombie and row.parent == os.getpid())


def carries(pid: int, mark: str) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as environ:
            return f"{MARK_VARIABLE}={mark}".encode() in environ.read().split(b"\0")
    except OSError:
        return False


def marked(mark: str, sessions: set[int]) -> list[Entry]:
    """All processes of one test: by the mark they carry, or by the session they were started in."""
    return [row for row in table() if row.session in sessions or carries(row.pid, mark)]


def reap_orphans(known: set[int]) -> None:
    """Collects ended orphans, and only them: `known` are children that somebody else waits for."""
    for row in children(os.getpid()):
        if row.zombie and row.pid not in known:
            os.waitpid(row.pid, os.WNOHANG)


def kill_all(rows: list[Entry]) -> None:
    for row in rows:
        try:
            os.kill(row.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
