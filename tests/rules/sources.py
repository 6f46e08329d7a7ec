# SPDX-License-Identifier: MIT
"""The files of the project: tracked ones and new ones, without what git ignores."""
from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

CPP = (".cpp", ".h")


def source_files(root: Path, suffixes: tuple[str, ...] = ("",)) -> list[Path]:
    """Paths relative to the root, sorted. Outside a git work tree: what stands below the root."""
    if (root / ".git").exists():
        git = ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z"]
        listed = subprocess.run(
            [*git, "--cached", "--others", "--exclude-standard"],
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        )
        paths = [Path(name) for name in set(listed.stdout.split("\0")) if name]
    else:
        paths = [path.relative_to(root) for path in root.rglob("*")]
        paths = [path for path in paths if not {"build", "__pycache__", ".git"} & set(path.parts)]
    wanted = (path for path in paths if path.name.endswith(suffixes) and (root / path).is_file())
    return sorted(wanted)


def require_tool(name: str) -> str:
    """The path of a program; without it the check fails, it does not pass in silence."""
    found = shutil.which(name)
    if found is None:
        sys.exit(f"{name} is not installed; run scripts/install-deps, which installs it")
    return found


def report(title: str, problems: list[str], checked: int) -> None:
    """Prints and exits. A check that looked at nothing has failed."""
    for problem in problems:
        print(problem)
    print(f"{title}: {checked} files, {len(problems)} problems")
    sys.exit(1 if problems or checked == 0 else 0)
