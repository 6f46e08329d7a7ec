# SPDX-License-Identifier: MIT
"""A short flood of INITs of each kind on every run; bench/flood runs long ones for their times."""
from __future__ import annotations

import init_flood
from harness import main


class WithoutCookies(init_flood.InitFlood):
    def test_flood(self) -> None:
        self.flood()


class WithForgedTags(WithoutCookies):
    mode = "forged"


class WithRightTags(WithoutCookies):
    mode = "right"


if __name__ == "__main__":
    main()
