# SPDX-License-Identifier: MIT
"""A short flood on every run; continuous integration runs flood.py with a million datagrams."""
from __future__ import annotations

import flood
from harness import main


class ShortFlood(flood.Flood):
    def test_flood(self) -> None:
        self.flood()


if __name__ == "__main__":
    main()
