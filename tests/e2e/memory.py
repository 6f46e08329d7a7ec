# SPDX-License-Identifier: MIT
"""How much a server under attack may grow: coarse, so that only what goes on growing is found."""
from __future__ import annotations

import re
from pathlib import Path

import processes
from program import Server

KIB, MIB = 1 << 10, 1 << 20
GROWTH_MAX_BYTES = MIB
SANITIZED_GROWTH_MAX_BYTES = 32 * MIB  # AddressSanitizer keeps what is freed


def resident_bytes(server: Server) -> int:
    """Exact for who may look at the server's pages, else as the kernel estimates it: its counters
    lag behind by some pages for each processor."""
    try:
        rollup = Path(f"/proc/{server.pid}/smaps_rollup").read_text(encoding="ascii")
    except PermissionError:
        return processes.resident_bytes(server.pid)
    found = re.search(r"^Rss:\s+(\d+) kB$", rollup, re.MULTILINE)
    assert found, rollup
    return int(found[1]) * KIB


def is_sanitized(binary: str) -> bool:
    return b"__asan_init" in Path(binary).read_bytes()


def growth_max_bytes(server_binary: str) -> int:
    return SANITIZED_GROWTH_MAX_BYTES if is_sanitized(server_binary) else GROWTH_MAX_BYTES
