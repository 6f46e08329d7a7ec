# SPDX-License-Identifier: MIT
"""Ports for servers that are killed and started again at the same place.

One that the system chooses is free for any other socket while the server is dead, and clients of
tests that run at the same time take thousands. These lie below the range from which the system
chooses, and a process never gives out one twice.
"""
from __future__ import annotations

import itertools
import os
import socket
from pathlib import Path

_LOWEST = 10_000
_numbers = itertools.count()


def _system_chooses_from() -> int:
    return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])


def lasting_port() -> int:
    """A free UDP port of 127.0.0.1 that the system gives to nobody by itself."""
    ports = _system_chooses_from() - _LOWEST
    for number in itertools.islice(_numbers, 1000):
        # Neighbours in the process table are 16 ports apart: they are the tests beside this one.
        port = _LOWEST + (os.getpid() * 16 + number) % ports
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError("no port is free")
