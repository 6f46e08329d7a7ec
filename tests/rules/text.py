# SPDX-License-Identifier: MIT
"""text.py ROOT: what every text file of the project keeps to."""
from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from sources import report, source_files

LINES_MAX = 600
SPDX = "SPDX-License-Identifier: MIT"
WITH_LICENCE = (".cpp", ".h", ".py", ".cmake", ".sh", "CMakeLists.txt", "Dockerfile",
                "docker-compose.yml")
# Bytes, not text: inputs of the fuzzers, pictures.
BINARY = re.compile(r"^tests/fuzz/corpus/|\.(bin|png|gif|ico|gz)$")

# Each word is written in two pieces here, so that this file keeps to its own rules.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(wo" r"rk|ro" r"ot|ho" r"me)/\w")


def line_problem(line: str) -> str:
    """What is wrong with one line, or nothing."""
    checks: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("a tab", lambda text: "\t" in text),
        ("a carriage return", lambda text: "\r" in text),
        ("space at the end", lambda text: text != text.rstrip()),
        ("unfinished work", UNFINISHED.search),
        ("a path of one machine", MACHINE_PATH.search),
    )
    return next((name for name, wrong in checks if wrong(line)), "")


def problems_of(path: str, text: str) -> list[str]:
    lines = text.split("\n")
    found = [
        f"{path}:{number}: {problem}"
        for number, line in enumerate(lines, 1)
        if (problem := line_problem(line))
    ]
    if text and not text.endswith("\n"):
        found.append(f"{path}: no newline at the end")
    if len(lines) - 1 > LINES_MAX:
        found.append(f"{path}: {len(lines) - 1} lines; {LINES_MAX} are the most")
    script = text.startswith("#!")
    if (path.endswith(WITH_LICENCE) or script) and SPDX not in "\n".join(lines[:2]):
        found.append(f"{path}: no line {SPDX} at the top")
    return found


LICENCE = f"// {SPDX}\n"
EXAMPLES: tuple[tuple[str, str, int], ...] = (
    ("a.cpp", LICENCE, 0),
    ("a.cpp", "int a;\n", 1),
    ("a.cpp", LICENCE + "\tint a;\n", 1),
    ("a.cpp", LICENCE + "int a; \n", 1),
    ("a.cpp", LICENCE + "int a;", 1),
    ("a.cpp", LICENCE + "// TO" "DO\n", 1),
    ("a.cpp", LICENCE + "// see /ro" "ot/notes\n", 1),
    ("a.cpp", LICENCE + "int a;\n" * LINES_MAX, 1),
    ("scripts/run", "#!/bin/sh\n", 1),
    ("README.md", "text\r\n", 1),
)


def main() -> None:
    root = Path(sys.argv[1])
    problems = [
        f"the rule itself is wrong about {text[-30:]!r} in {path}"
        for path, text, count in EXAMPLES
        if len(problems_of(path, text)) != count
    ]
    files = [path for path in source_files(root) if not BINARY.search(path.as_posix())]
    for path in files:
        try:
            text = (root / path).read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            problems.append(f"{path}: not UTF-8")
            continue
        problems += problems_of(path.as_posix(), text)
    report("text", problems, len(files))


if __name__ == "__main__":
    main()
