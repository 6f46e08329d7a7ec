# SPDX-License-Identifier: MIT
"""The log-in that is under way in a session, if one is: the handshake (handshake.py) and the
channel that WELCOME or CLOSE will come by. Times are seconds of the caller's clock.
"""
from __future__ import annotations

from channel import Channel
from datagrams import Datagram, Refuse, Resp, Retry
from events import Ended
from handshake import Handshake, Request, Step


class Login:
    def __init__(self, request: Request, ts_offset: int) -> None:
        self.handshake: Handshake | None = None
        self.pending: Channel | None = None
        self.ephemerals: list[bytes] = []  # of every handshake, for the decoder
        self._request = request
        self._ts_offset = ts_offset

    def begin(self, now: float, started: float | None = None) -> None:
        self.pending = None
        self.handshake = Handshake(self._request, now, started)
        self.ephemerals.append(self.handshake.ephemeral)

    def on_datagram(self, datagram: Datagram, now: float) -> Ended | None:
        """The end, if it is one."""
        handshake = self.handshake
        if handshake is None:
            return None
        if isinstance(datagram, Retry):
            handshake.on_retry(datagram, now)
            if handshake.needs_restart:
                self.begin(now, handshake.started)
        elif isinstance(datagram, Resp):
            handshake.on_resp(datagram, now)
            if handshake.step is Step.finishing and self.pending is None:
                assert handshake.session_keys is not None
                self.pending = Channel(handshake.session_keys, self._ts_offset)
            elif handshake.step is Step.distrusted:
                return Ended(0, "another server key")
        elif isinstance(datagram, Refuse):
            handshake.on_refuse(datagram)
            if handshake.step is Step.refused:
                return Ended(0, "wrong password")
        return None

    def due(self, now: float) -> list[bytes]:
        return self.handshake.due(now) if self.handshake is not None else []

    @property
    def is_silent(self) -> bool:
        return self.handshake is not None and self.handshake.step is Step.silent

    def deadline(self) -> float | None:
        return self.handshake.deadline() if self.handshake is not None else None

    def finish(self) -> tuple[Handshake, Channel]:
        """The server has said WELCOME."""
        assert self.handshake is not None and self.pending is not None
        done = self.handshake, self.pending
        self.handshake, self.pending = None, None
        return done
