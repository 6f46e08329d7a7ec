#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""init_flood.py [--mode M] [--rate R] [--seconds S]: what a flood of INITs does to everybody else.

Two members talk before and during the flood of bench/init_flood.cpp, and newcomers come in during
it, one after the other; then it comes once more while nobody says anything, to see what it alone
costs in memory. Printed are the flood's account, the server's memory, how long a message takes from
its sender's pipe to the other member's, and how long newcomers wait. Times are printed and never
asserted; that no address got more than it sent, that memory is flat, that nobody lost a message,
and that a newcomer gets in at the latest when the flood is over, is.
"""
from __future__ import annotations

import argparse
import json
import sys
import threading
import time
import unittest
from dataclasses import dataclass, field

from harness import BINARIES
from memory import growth_max_bytes, is_sanitized, resident_bytes
from program import JsonClient, Program
from secure import SecureCase, events, numbers_without_holes
from strangers import RETRY_BYTES
from udp_queue import queue
from waiting import LONG, wait_until

FLOODER = str(BINARIES / "init_flood")
MODES = ("bare", "forged", "right")  # as in bench/init_flood.cpp
RESP_BYTES = 144
KIB = 1 << 10
# What a flood alone may cost.
GROWTH_ALONE_MAX_BYTES = 64 * KIB
TALK_EVERY_S = 0.05  # also how exactly a newcomer's wait is known
TURNS_PER_NEWCOMER = 20  # at least
CLIENT_PATIENCE_S = 20.0  # it gives up after 30

Account = dict[str, float]


@dataclass
class Newcomer:
    client: JsonClient
    began: float = field(default_factory=time.monotonic)
    took_s: float | None = None
    late_s: float = 0.0  # of it, after the flood

    def is_settled(self) -> bool:
        """Whether he has got in, and then he leaves, or has given up."""
        if self.took_s is None and events(self.client, "welcome"):
            self.took_s = time.monotonic() - self.began
            self.client.tell("quit")
        return self.took_s is not None or self.client.popen.poll() is not None


@dataclass
class Phase:
    name: str
    before: int  # bytes resident
    growth: int = 0
    took_s: list[float] = field(default_factory=list)  # of every message
    newcomers: list[Newcomer] = field(default_factory=list)

    def memory(self) -> str:
        return f"{self.before // KIB} KiB {self.growth // KIB:+d} KiB"

    def waits(self) -> str:
        took = [n.took_s for n in self.newcomers if n.took_s is not None]
        longest = f"the longest waited {max(took):.2f} s, " if took else ""
        return (
            f"{len(took)} got in, {longest}{len(self.newcomers) - len(took)} gave up,"
            f" the last one had to wait {self.newcomers[-1].late_s:.2f} s after the end"
        )


class InitFlood(SecureCase):
    """Not found by the test loader's usual names: init_flood.py and test_init_flood.py run it."""

    mode = "bare"
    rate = 20_000
    seconds = 2.0
    sources = 10_000

    def flood(self) -> None:
        self.chat_server = self.server("--classic", "off")
        self.pause = threading.Event()  # never set
        self.members = [self.client(self.chat_server.port, name) for name in ("alice", "bob")]
        for member in self.members:
            member.event("members")
        # What is needed once is no growth. Right ones would fill the table for ten seconds.
        self.account(self.start_flooder("forged", 0.5))
        quiet = self.phase("early", None)
        flooder = self.start_flooder(self.mode, self.seconds)
        loud = self.phase("late", flooder)
        account = self.account(flooder)
        self.let_in(loud.newcomers[-1])
        # Killed at the end of its life it would leave half a sentence of LeakSanitizer's.
        for newcomer in (*quiet.newcomers, *loud.newcomers):
            newcomer.client.wait()
        alone = self.alone()
        self.report(account, quiet, loud, alone)
        self.check(account, loud, alone)

    def phase(self, name: str, flooder: Program | None) -> Phase:
        """The same with and without a flood, and as long."""
        phase = Phase(name, resident_bytes(self.chat_server))
        for turn in range(int(self.seconds / TALK_EVERY_S)):
            if flooder is not None and turn > 0 and flooder.popen.poll() is not None:
                break
            phase.took_s.append(self.turn(turn))
            if turn % TURNS_PER_NEWCOMER == 0 and all(n.is_settled() for n in phase.newcomers):
                called = f"{name}{len(phase.newcomers)}"
                client = self.client(self.chat_server.port, called)
                phase.newcomers.append(Newcomer(client))
            phase.newcomers[-1].is_settled()
        phase.growth = resident_bytes(self.chat_server) - phase.before
        return phase

    def alone(self) -> Phase:
        phase = Phase("alone", resident_bytes(self.chat_server))
        self.account(self.start_flooder(self.mode, self.seconds))
        phase.growth = resident_bytes(self.chat_server) - phase.before
        return phase

    def start_flooder(self, mode: str, seconds: float) -> Program:
        words = ("--mode", mode, "--rate", str(self.rate), "--sources", str(self.sources))
        port = str(self.chat_server.port)
        # The attacker's processor is not the server's, as far as that can be had on one machine.
        return self.program(["nice", "-n", "19", FLOODER, port, *words, "--seconds", str(seconds)])

    def account(self, flooder: Program) -> Account:
        self.assertEqual(flooder.wait(self.seconds + LONG), 0)
        (line,) = flooder.out.until_end()
        account: Account = json.loads(line)
        return account

    def turn(self, number: int) -> float:
        """One says something; seconds until the other has it."""
        speaker, hearer = self.members if number % 2 else reversed(self.members)
        began = time.monotonic()
        text = f"said at {began}"
        speaker.say(text)
        hearer.event("message", text=text)
        took = time.monotonic() - began
        self.pause.wait(max(0.0, TALK_EVERY_S - took))
        return took

    def let_in(self, last: Newcomer) -> None:
        """The flood is over."""
        over = time.monotonic()
        wait_until(last.is_settled, LONG, lambda: f"{last.client.title} to get in")
        last.late_s = time.monotonic() - over
        if self.seconds < CLIENT_PATIENCE_S:
            self.assertIsNotNone(last.took_s, f"{last.client.title} gave up")

    # -- the outcome

    def report(self, account: Account, quiet: Phase, loud: Phase, alone: Phase) -> None:
        rate = account["sent"] / account["seconds"]
        lines = (
            f"flood '{self.mode}' from {self.sources} addresses for {account['seconds']:.1f} s:",
            f"sent       {rate:.0f}/s, {account['sent']} in all, {account['sent_with_cookie']} of"
            f" them with a cookie; {queue(self.chat_server.port).dropped} dropped by the kernel",
            f"answers    {account['retries']} RETRY, {account['resps']} RESP; in all"
            f" {account['received_bytes']} bytes for {account['sent_bytes']}",
            f"memory     before: {quiet.memory()}",
            f"           during: {loud.memory()}",
            f"           with nobody else there to talk or come: {alone.memory()}",
            f"messages   before: {percentiles(quiet.took_s)}",
            f"           during: {percentiles(loud.took_s)}",
            f"newcomers  before: {quiet.waits()}",
            f"           during: {loud.waits()}",
        )
        print("", *lines, sep="\n  ", flush=True)

    def check(self, account: Account, loud: Phase, alone: Phase) -> None:
        with_cookie, retries, resps = (
            account[name] for name in ("sent_with_cookie", "retries", "resps")
        )
        self.assertGreater(retries, 0)
        self.assertLessEqual(retries + resps, account["sent"])
        self.assertEqual(account["others"], 0)
        self.assertEqual(
            account["received_bytes"], retries * RETRY_BYTES + resps * RESP_BYTES
        )
        if self.mode == "right":
            self.assertGreater(resps, 0)
            self.assertLessEqual(resps, with_cookie)
        else:
            self.assertEqual(resps, 0)
        growth_max = growth_max_bytes(self.server_binary)
        self.assertLess(loud.growth, growth_max, "memory grows")
        if not is_sanitized(self.server_binary):
            growth_max = GROWTH_ALONE_MAX_BYTES
        self.assertLessEqual(alone.growth, growth_max, "memory grows by the flood alone")
        for member in self.members:
            numbers_without_holes(self, member)
            self.assertEqual(events(member, "error"), [])


def percentiles(took_s: list[float]) -> str:
    ordered = sorted(took_s)
    p50, p99, worst = (
        ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000 for share in (0.5, 0.99, 1)
    )
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {worst:.1f} ms of {len(ordered)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=MODES, default=InitFlood.mode)
    parser.add_argument("--rate", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--sources", type=int, default=InitFlood.sources)
    given = parser.parse_args()
    InitFlood.mode, InitFlood.rate = given.mode, given.rate
    InitFlood.seconds, InitFlood.sources = given.seconds, given.sources
    suite = unittest.TestSuite([InitFlood("flood")])
    return 0 if unittest.TextTestRunner(verbosity=0).run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
