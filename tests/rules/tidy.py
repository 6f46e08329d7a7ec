# SPDX-License-Identifier: MIT
"""tidy.py ROOT BUILD: clang-tidy over every file of ours that BUILD/compile_commands.json knows.

Where sources are compiled several in one piece they are looked at in one piece: their headers are
the most of it. The commands are g++'s: what only g++ understands (its precompiled header) is taken
out first. It computes for minutes and gives way to everything else.
"""
from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
    # Of two sources in one piece clang says that what one has for itself hides the other's: g++,
    # which is asked too, does not.
    return [kept[0], "-Wno-unknown-warning-option", *kept[1:], "-Wno-shadow"]


def is_test(file: Path) -> bool:
    return file.name.endswith("_test.cpp") or file.parts[0] == "tests"


def sources_of(file: Path, build: Path) -> list[Path]:
    """What is compiled with it: several sources where CMake made the piece, or the file itself."""
    if not file.is_relative_to(build):
        return [file]
    if file.parent.name != "Unity":
        return []
    included = re.findall(r'^#include "(.+)"$', file.read_text(encoding="utf-8"), re.MULTILINE)
    return [Path(name) for name in included]


@dataclass(frozen=True)
class Piece:
    file: Path
    sources: list[Path]  # of ours, by their place in the tree
    command: dict[str, object]


def pieces_of(root: Path, build: Path) -> list[Piece]:
    """What is compiled of the source tree, ready for clang, each piece once."""
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    pieces: dict[Path, Piece] = {}
    for entry in entries:
        file = Path(entry["directory"], entry["file"]).resolve()
        sources = sources_of(file, build)
        if not sources or not all(source.is_relative_to(root) for source in sources):
            continue
        words = entry["arguments"] if "arguments" in entry else shlex.split(entry["command"])
        command = {
            "directory": entry["directory"],
            "file": str(file),
            "arguments": clang_command(words),
        }
        pieces[file] = Piece(file, [source.relative_to(root) for source in sources], command)
    # The longest first, so that no processor is left with one of them at the end.
    return sorted(pieces.values(), key=lambda piece: (-len(piece.sources), piece.file))


def main() -> None:
    root, build = (Path(argument).resolve() for argument in sys.argv[1:3])
    tool = require_tool(TOOL)
    pieces = pieces_of(root, build)
    os.nice(19)
    headers = f"--header-filter={root}/.*"
    # Not for a build folder in the tree: without it the rules end where the tree ends, and what
    # the system's headers are called costs nothing.
    config = [] if build.is_relative_to(root) else [f"--config-file={root}/.clang-tidy"]
    with tempfile.TemporaryDirectory(prefix="chat-tidy-") as folder:
        Path(folder, "compile_commands.json").write_text(
            json.dumps([piece.command for piece in pieces]), encoding="utf-8"
        )

        def check(piece: Piece) -> str:
            fewer = [NOT_IN_TESTS] if all(map(is_test, piece.sources)) else []
            done = subprocess.run(
                [tool, "-p", folder, "--quiet", headers, *config, *fewer, str(piece.file)],
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
            return "" if done.returncode == 0 else f"{piece.file}:\n{done.stdout}{done.stderr}"

        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as workers:
            problems = [text for text in workers.map(check, pieces) if text]
    report("tidy", problems, sum(len(piece.sources) for piece in pieces))


if __name__ == "__main__":
    main()
