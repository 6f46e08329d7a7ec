# SPDX-License-Identifier: MIT
"""Round-trip time, probe timeout and congestion window of docs/PROTOCOL.md, section 7, in seconds
and datagrams. The window is NewReno's, as RFC 9002 has it, without its pacing: a client's four
datagrams with messages never are a burst.
"""
from __future__ import annotations

RTT_FIRST = 0.333
PROBE_MAX = 3.0
SILENCE_COUNTED = 0.15
PROBES_FAST = 10
WINDOW_FIRST = 10.0
WINDOW_MIN = 2.0
PROBES_PERSISTENT = 3


class Pace:
    def __init__(self) -> None:
        self.srtt = RTT_FIRST
        self.rttvar = RTT_FIRST / 2
        self.latest = 0.0
        self.samples = 0
        self.probes = 0  # in a row without an answer
        self.window = WINDOW_FIRST
        self._slow_start_end = float("inf")
        self._recovery_until = 0.0

    def on_sample(self, rtt: float) -> None:
        if self.samples == 0:
            self.srtt, self.rttvar = rtt, rtt / 2
        else:
            self.rttvar += (abs(self.srtt - rtt) - self.rttvar) / 4
            self.srtt += (rtt - self.srtt) / 8
        self.latest = rtt
        self.samples += 1

    def repair_rtt(self, unacked_for: float, ack_delay: float) -> float:
        """How long an answer may take now, for whoever asks again without one."""
        return max(self.srtt, self.latest, min(unacked_for - ack_delay, SILENCE_COUNTED))

    def probe_timeout(self, ack_delay: float) -> float:
        if self.probes >= PROBES_FAST:
            return PROBE_MAX
        first: float = self.srtt + max(4 * self.rttvar, 0.010) + ack_delay
        return min(PROBE_MAX, first * (1 << self.probes))

    def on_probe(self) -> None:
        self.probes += 1
        if self.probes >= PROBES_PERSISTENT:
            self.window = WINDOW_MIN

    def on_answer(self, was_full: bool) -> None:
        self.probes = 0
        if was_full:
            self.window += 1 if self.window < self._slow_start_end else 1 / self.window

    def on_loss(self, now: float) -> None:
        if now < self._recovery_until:
            return
        self._recovery_until = now + self.srtt
        self.window = max(WINDOW_MIN, self.window / 2)
        self._slow_start_end = self.window
