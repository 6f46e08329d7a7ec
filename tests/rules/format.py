# SPDX-License-Identifier: MIT
"""format.py ROOT: every C++ file is as clang-format would write it."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sources import CPP, report, require_tool, source_files

TOOL = "clang-format-19"


def main() -> None:
    root = Path(sys.argv[1])
    tool = require_tool(TOOL)
    files = source_files(root, CPP)
    done = subprocess.run(
        [tool, "--dry-run", "-Werror", "--style=file", *map(str, files)],
        cwd=root,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    errors = (line for line in done.stderr.splitlines() if " error: " in line)
    wrong = sorted({line.partition(":")[0] for line in errors})
    problems = [f"{path}: run {TOOL} -i {path}" for path in wrong]
    if done.returncode != 0 and not problems:
        problems = [done.stderr]
    report("format", problems, len(files))


if __name__ == "__main__":
    main()
