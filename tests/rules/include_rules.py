# SPDX-License-Identifier: MIT
"""include_rules.py ROOT: who may include whom (docs/ARCHITECTURE.md). Arrows point down only.

The rules are the tables below. Unit tests (x_test.cpp, test_support.h) stand beside the code but are
no part of it; tests/ and bench/ may use everything.
"""
from __future__ import annotations

import re
import sys
from pathlib import Path

from sources import CPP, report, source_files

# Folder -> folders whose headers it may include. The longest folder that fits a file counts.
MAY_INCLUDE: dict[str, tuple[str, ...]] = {
    "proto": ("proto",),
    "sys": ("sys", "proto/wire", "proto/session"),
    "chat-server": ("chat-server", "sys", "proto"),
    "chat-server/core": ("chat-server/core", "proto"),
    "chat-server/store": ("chat-server/store", "chat-server/core", "proto"),
    "chat-server/process": ("chat-server", "sys", "proto"),
    "chat-client": ("chat-client", "sys", "proto"),
    "chat-client/core": ("chat-client/core", "proto"),
    "chat-client/terminal": ("chat-client/terminal", "chat-client/core", "proto"),
    "chat-client/process": ("chat-client", "sys", "proto"),
    "manual": ("manual", "chat-client", "chat-server", "proto"),
}
FREE = ("tests", "bench")

# No socket, clock, file, thread, signal or stream in the pure layers.
PURE = ("proto", "chat-server/core", "chat-client/core", "chat-client/terminal")
SYSTEM = re.compile(
    r"(sys|net|netinet|arpa|linux|asm)/.*|(unistd|fcntl|poll|signal|pthread|spawn|termios|dirent"
    r"|netdb|syslog|sched|semaphore|time|stdio|errno|locale)\.h|csignal|ctime|chrono|cstdio|cerrno"
    r"|clocale|locale|thread|stop_token|mutex|shared_mutex|condition_variable|future|semaphore"
    r"|latch|barrier|filesystem|fstream|iostream|istream|ostream|iomanip|sstream|syncstream"
    r"|spdlog/.*|CLI/.*|sqlite3\.h|seccomp\.h"
)
CURSES = re.compile(r"n?cursesw?(/.*)?\.h|curses\.h|(ncursesw?/)?(panel|term|form|menu)\.h")
CURSES_FILES = ("chat-client/terminal/screen.cpp", "chat-client/terminal/screen.h")

# A seeded generator is arithmetic; this one asks the system.
UNSEEDED = "std::random_device"

_INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)


def violations(path: str, text: str) -> list[str]:
    """What is wrong with the includes of one file."""
    found: list[str] = []
    for match in _INCLUDE.finditer(text):
        own, foreign = match.groups()
        problem = _own(path, own) if own else _foreign(path, foreign)
        if problem:
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{path}:{line}: {match[0].strip()}: {problem}")
    if UNSEEDED in text and _fitting(path, PURE) and not _is_test(path):
        found.append(f"{path}: {UNSEEDED}: randomness is handed in")
    return found


def _own(path: str, header: str) -> str:
    layer = _fitting(path, tuple(MAY_INCLUDE))
    if not layer or _is_test(path):
        return ""
    allowed = MAY_INCLUDE[layer]
    if _fitting(header, allowed):
        return ""
    return f"{layer} may include only {', '.join(allowed)}, by path from the top"


def _foreign(path: str, header: str) -> str:
    if CURSES.fullmatch(header):
        return "" if path in CURSES_FILES else "only chat-client/terminal/screen includes curses"
    if _is_test(path) or path in CURSES_FILES or not _fitting(path, PURE):
        return ""
    if SYSTEM.fullmatch(header):
        return "the operating system, clocks and streams stay out here"
    return ""


def _fitting(path: str, folders: tuple[str, ...]) -> str:
    return max((f for f in folders if path.startswith(f"{f}/")), key=len, default="")


def _is_test(path: str) -> bool:
    free = tuple(f"{folder}/" for folder in FREE)
    return path.startswith(free) or path.endswith(("_test.cpp", "test_support.h"))


# One include that must be refused or let pass: the rules above, tested on every run.
EXAMPLES: tuple[tuple[str, str, bool], ...] = (
    ("proto/wire/reader.cpp", '"proto/wire/reader.h"', True),
    ("proto/wire/reader.cpp", '"sys/clock.h"', False),
    ("proto/wire/reader.cpp", '"reader.h"', False),
    ("proto/link/rtt.h", "<chrono>", False),
    ("proto/wire/reader.h", "<span>", True),
    ("proto/wire/reader.h", "<sodium.h>", True),
    ("chat-server/core/rooms.h", '"chat-server/store/memory_log.h"', False),
    ("chat-server/core/rooms.cpp", "<sys/socket.h>", False),
    ("chat-server/core/rooms.cpp", "<iostream>", False),
    ("chat-server/core/rooms_test.cpp", "<iostream>", True),
    ("chat-server/store/memory_log.cpp", '"sys/clock.h"', False),
    ("chat-server/store/memory_log.cpp", '"chat-server/core/log.h"', True),
    ("chat-server/process/network_process.cpp", '"sys/udp_socket.h"', True),
    ("chat-server/process/network_process.cpp", '"chat-client/core/session.h"', False),
    ("chat-client/terminal/editor.cpp", "<ncurses.h>", False),
    ("chat-client/terminal/screen.cpp", "<curses.h>", True),
    ("chat-client/process/terminal_process.cpp", "<curses.h>", False),
    ("chat-client/terminal/view_test.cpp", "<ncursesw/curses.h>", False),
    ("chat-client/terminal/editor.cpp", "<thread>", False),
    ("chat-client/core/session.h", '"chat-server/core/rooms.h"', False),
    ("chat-client/core/session.h", "<random>", True),
    ("sys/udp_socket.cpp", '"proto/wire/endpoint.h"', True),
    ("sys/udp_socket.cpp", '"proto/link/rtt.h"', False),
    ("manual/main.cpp", '"chat-server/process/command_line.h"', True),
    ("chat-server/process/main.cpp", '"manual/program.h"', False),
    ("tests/simulation/world.cpp", '"chat-server/core/rooms.h"', True),
)


def main() -> None:
    root = Path(sys.argv[1])
    problems = [
        f"the rule itself is wrong about {header} in {path}"
        for path, header, fine in EXAMPLES
        if bool(violations(path, f"#include {header}\n")) == fine
    ]
    files = source_files(root, CPP)
    for path in files:
        problems += violations(path.as_posix(), (root / path).read_text(encoding="utf-8"))
    report("include rules", problems, len(files))


if __name__ == "__main__":
    main()
