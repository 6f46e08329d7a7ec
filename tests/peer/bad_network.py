# SPDX-License-Identifier: MIT
"""A network that does what networks do, for one way of one endpoint."""
from __future__ import annotations

import random


class BadNetwork:
    """A filter that loses, repeats and holds back; the seed makes it the same each time."""

    def __init__(self, seed: int, lose: float = 0.0, repeat: float = 0.0, hold: float = 0.0):
        self._random = random.Random(seed)
        self._lose, self._repeat, self._hold = lose, repeat, hold
        self._held: list[bytes] = []

    def __call__(self, data: bytes) -> list[bytes]:
        out = [] if self._random.random() < self._lose else [data]
        if self._random.random() < self._repeat:
            out *= 3
        if self._random.random() < self._hold:
            self._held += out
            return []
        out += self._held
        self._held = []
        return out
