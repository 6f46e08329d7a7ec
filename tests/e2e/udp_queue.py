# SPDX-License-Identifier: MIT
"""What the kernel holds for a UDP port: bytes waiting, datagrams dropped (/proc/net/udp)."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Queue:
    waiting: int
    dropped: int


def queue(port: int) -> Queue:
    wanted = f":{port:04X}"
    waiting = dropped = 0
    with open("/proc/net/udp", encoding="ascii") as table:
        next(table)
        for line in table:
            fields = line.split()
            if fields[1].endswith(wanted):
                waiting += int(fields[4].partition(":")[2], 16)
                dropped += int(fields[12])
    return Queue(waiting, dropped)
