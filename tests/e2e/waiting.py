# SPDX-License-Identifier: MIT
"""Waiting without sleeping blindly: a condition, a limit, and a loud end.

CHAT_PATIENCE multiplies every limit, for slow machines and sanitizer builds.
"""
from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = float(os.environ.get("CHAT_PATIENCE", "1"))
LONG = 20.0  # for what comes at once unless something is broken


def wait_until(
    predicate: Callable[[], T], seconds: float, what: str | Callable[[], str]
) -> T:
    """Returns the first truthy value of predicate(); fails with the last state after the limit."""
    deadline = time.monotonic() + seconds * PATIENCE
    pause = 0.002
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() >= deadline:
            text = what if isinstance(what, str) else what()
            raise AssertionError(f"waited {seconds * PATIENCE:g} s for {text}; last: {value!r}")
        time.sleep(pause)
        pause = min(pause * 2, 0.05)
