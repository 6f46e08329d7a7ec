#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""peer.py HOST PORT NAME [--password P] [--key FINGERPRINT]: a client of the secure protocol to be
used by hand. A line in is a message; /who, /rekey, /ping, /port and /quit do what they say.

Debian's python3 is named above because python3-nacl installs for that one. It keeps no keys: each
start is a new identity, and without --key it trusts whoever answers and prints who that was.
"""
from __future__ import annotations

import argparse
import os
import select
import socket
import sys
import time

import frames
import keys
from delivery import Missing
from endpoint import Endpoint, step
from events import Account, Ended, Event, Joined, Shown, State, Who
from session import Session


def said(event: Event) -> str:
    """One line, or several, for a person."""
    if isinstance(event, Shown):
        head = f"{event.seq:6} "
        if event.entry.kind == frames.MESSAGE:
            return f"{head}<{event.name}> {event.text}"
        if event.entry.kind == frames.ANNOUNCEMENT:
            return f"{head}! {event.text}"
        return f"{head}* {event.name} {'joined' if event.entry.kind == frames.JOIN else 'left'}"
    if isinstance(event, Missing):
        return f"-- {event.first} to {event.last} can no longer be had"
    if isinstance(event, Who):
        return f"-- {len(event.members)} here: {' '.join(sorted(event.members))}"
    if isinstance(event, Joined):
        return f"-- in as {event.name}, next is {event.next_seq}"
    if isinstance(event, Ended):
        return f"-- end: {event.why}, code {event.code}"
    return f"-- {event}"


def obey(endpoint: Endpoint, line: str) -> None:
    session = endpoint.session
    now = time.monotonic()
    if line == "/quit":
        session.quit(now)
    elif line == "/who":
        session.ask_members(now)
    elif line == "/rekey":
        session.rekey(now)
    elif line == "/ping":
        session.ping()
    elif line == "/port":
        endpoint.change_port()
    elif line:
        session.say(line)


class Input:
    """Lines of the standard input, without waiting for them."""

    def __init__(self) -> None:
        self.ended = False
        self._rest = b""

    def lines(self) -> list[str]:
        if self.ended or not select.select([0], [], [], 0)[0]:
            return []
        chunk = os.read(0, 65536)
        self.ended = not chunk
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [line.decode("utf-8", "replace") for line in lines]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("name")
    parser.add_argument("--password")
    parser.add_argument("--key", help="the fingerprint to trust")
    options = parser.parse_args()

    def trusts(static: bytes) -> bool:
        print(f"-- the server's key is {keys.fingerprint(static)}", flush=True)
        return options.key in (None, keys.fingerprint(static))

    found = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_DGRAM)[0][4]
    account = Account.new(options.name, options.password)
    session = Session(account, time.monotonic(), trusts=trusts)
    endpoint = Endpoint(session, (str(found[0]), int(found[1])))
    given = Input()
    while session.state is not State.ended:
        for line in given.lines():
            obey(endpoint, line)
        if given.ended and session.state is State.online and not session.outbox.waiting:
            session.quit(time.monotonic())
        step([endpoint], time.monotonic() + 0.05)
        for event in endpoint.new_events():
            print(said(event), flush=True)
    ended = endpoint.events(Ended)[-1]
    return 0 if ended.code == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
