# SPDX-License-Identifier: MIT
"""shell.py ROOT: shellcheck over every shell script, wherever it stands."""
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from sources import report, require_tool, source_files

SHELL = re.compile(rb"^#!.*\b(ba|da)?sh\b")


def is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return bool(SHELL.match(file.readline(200)))


def main() -> None:
    root = Path(sys.argv[1])
    tool = require_tool("shellcheck")
    scripts = [str(path) for path in source_files(root) if is_script(root / path)]
    problems: list[str] = []
    if scripts:
        done = subprocess.run(
            [tool, "--external-sources", "--format=gcc", *scripts],
            cwd=root,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        problems = (done.stdout + done.stderr).splitlines()
        if done.returncode != 0 and not problems:
            problems = [f"shellcheck ended with status {done.returncode}"]
    report("shell", problems, len(scripts))


if __name__ == "__main__":
    main()
