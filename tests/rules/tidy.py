# SPDX-License-Identifier: MIT
"""tidy.py ROOT BUILD: clang-tidy over every file of ours that BUILD/compile_commands.json knows.

The commands are g++'s: what only g++ understands (its precompiled header) is taken out first. It
computes for minutes and gives way to everything else.
"""
from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import report, require_tool

TOOL = "clang-tidy-19"
LAUNCHERS = ("ccache", "sccache")
GCC_ONLY = ("-Winvalid-pch", "-Winvalid-pch=", "-fpch-preprocess")
# The two dearest checks, for the programs only: a test that loses a value fails, and may be slow.
NOT_IN_TESTS = "--checks=-bugprone-use-after-move,-performance-unnecessary-value-param"


def clang_command(words: list[str]) -> list[str]:
    """The same compilation for clang."""
    if Path(words[0]).name in LAUNCHERS:
        words = words[1:]
    kept: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        following = words[position + 1] if position + 1 < len(words) else ""
        if word == "-include" and "cmake_pch" in following:
            position += 2
            continue
        if word not in GCC_ONLY:
            kept.append(word)
        position += 1
    return [kept[0], "-Wno-unknown-warning-option", *kept[1:]]


def is_test(file: Path) -> bool:
    return file.name.endswith("_test.cpp") or file.parts[0] == "tests"


def our_commands(root: Path, build: Path) -> list[dict[str, object]]:
    """The entries for files of the source tree, ready for clang, one per file."""
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    commands: dict[str, dict[str, object]] = {}
    for entry in entries:
        file = Path(entry["directory"], entry["file"]).resolve()
        if not file.is_relative_to(root) or file.is_relative_to(build):
            continue
        words = entry["arguments"] if "arguments" in entry else shlex.split(entry["command"])
        commands[str(file)] = {
            "directory": entry["directory"],
            "file": str(file),
            "arguments": clang_command(words),
        }
    return [commands[name] for name in sorted(commands)]


def main() -> None:
    root, build = (Path(argument).resolve() for argument in sys.argv[1:3])
    tool = require_tool(TOOL)
    commands = our_commands(root, build)
    os.nice(19)
    headers = f"--header-filter={root}/.*"
    with tempfile.TemporaryDirectory(prefix="chat-tidy-") as folder:
        Path(folder, "compile_commands.json").write_text(json.dumps(commands), encoding="utf-8")

        def check(command: dict[str, object]) -> str:
            file = str(command["file"])
            fewer = [NOT_IN_TESTS] if is_test(Path(file).relative_to(root)) else []
            done = subprocess.run(
                [tool, "-p", folder, "--quiet", headers, *fewer, file],
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
            return "" if done.returncode == 0 else f"{file}:\n{done.stdout}{done.stderr}"

        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as workers:
            problems = [text for text in workers.map(check, commands) if text]
    report("tidy", problems, len(commands))


if __name__ == "__main__":
    main()
