#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""peer.py HOST PORT NAME [--password P] [--key FINGERPRINT]: a client of the secure protocol to be
used by hand. A line in is a message to the room of the last /join NAME or /with NAME; /part, /who,
/rooms, /topic TEXT, /search WORDS, /rekey, /ping, /port and /quit do what they say.

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
from endpoint import Endpoint, step
from events import Account, Ended, Entered, Event, Joined, Shown, State, Who
from inbox import Missing
from rooms import LOBBY
from session import Session


VERBS = {
    frames.JOIN: "joined",
    frames.LEAVE: "left",
    frames.TOPIC: "set the topic:",
    frames.ANNOUNCEMENT: "the server announces:",
    frames.PINNED: "the server has pinned:",
}


def said(event: Event) -> str:
    """One line, or several, for a person."""
    if isinstance(event, Shown):
        head = f"{event.room}:{event.seq:<6} "
        if event.entry.kind == frames.MESSAGE:
            return f"{head}<{event.name}> {event.text}"
        return f"{head}* {event.name} {VERBS[event.entry.kind]} {event.text}"
    if isinstance(event, Missing):
        return f"-- {event.room}: {event.first} to {event.last} can no longer be had"
    if isinstance(event, Who):
        return f"-- {len(event.members)} in {event.room}: {' '.join(sorted(event.members))}"
    if isinstance(event, Joined):
        return f"-- in as {event.name}, in room {event.room}"
    if isinstance(event, Entered):
        what = "room" if event.kind == frames.NAMED else "conversation with"
        return f"-- {event.room} is {what} {event.name}, next is {event.next_seq}"
    if isinstance(event, Ended):
        return f"-- end: {event.why}, code {event.code}"
    return f"-- {event}"


class Person:
    """What he types, and which room he means."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._name = ""
        self._kind = frames.NAMED

    def obey(self, line: str) -> None:
        session = self._endpoint.session
        now = time.monotonic()
        room = session.rooms.find(self._name, self._kind) or session.rooms.landing or LOBBY
        word, _, rest = line.partition(" ")
        if word in ("/join", "/with"):
            self._name = rest
            self._kind = frames.NAMED if word == "/join" else frames.CONVERSATION
            session.chat.join(rest, now, self._kind)
        elif word == "/part":
            session.chat.part(room, now)
        elif word == "/who":
            session.chat.ask_members(room, now)
        elif word == "/rooms":
            session.chat.ask_rooms(now)
        elif word == "/topic":
            session.outbox.set_topic(room, rest.encode())
        elif word == "/search":
            session.chat.search(rest, now)
        elif word == "/quit":
            session.quit(now)
        elif word == "/rekey":
            session.rekey(now)
        elif word == "/ping":
            session.ping()
        elif word == "/port":
            self._endpoint.change_port()
        elif line:
            session.say(line, room)


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
    person, given = Person(endpoint), Input()
    while session.state is not State.ended:
        for line in given.lines():
            person.obey(line)
        if given.ended and session.state is State.online and not session.outbox.waiting:
            session.quit(time.monotonic())
        step([endpoint], time.monotonic() + 0.05)
        for event in endpoint.new_events():
            print(said(event), flush=True)
    ended = endpoint.events(Ended)[-1]
    return 0 if ended.code == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
