# SPDX-License-Identifier: MIT
"""Runs chat-load, our generator, against one server that it starts, and returns its figures.

CHAT_BIN names the folder with chat-server and chat-load.
"""
from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(os.environ.get("CHAT_BIN", ROOT / "build" / "bench" / "bin"))

Figures = dict[str, float]


class Failed(Exception):
    """chat-load did not succeed; these are its last words."""


def our_server(folder: Path, *options: str) -> str:
    """The command that starts it at a port of its own choice, with its data in that folder."""
    words = [str(BIN / "chat-server"), "127.0.0.1 0 --log-level error", "--data", f"{folder}/data"]
    return " ".join([*words, *options])


def run_load(options: list[str], server: Callable[[Path], str] | None) -> Figures:
    """One run. The server's command is asked for with an empty folder that is removed afterwards;
    nothing where chat-load is itself the server."""
    argv = [str(BIN / "chat-load"), "--json", *options]
    with tempfile.TemporaryDirectory(prefix="chat-load-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # some servers do not stay root
        if server is not None:
            argv += ["--server", server(folder)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"chat-load {' '.join(options)}: {done.stderr.strip()[-300:]}")
    figures: Figures = json.loads(done.stdout)
    return figures
