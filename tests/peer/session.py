# SPDX-License-Identifier: MIT
"""A client of the secure protocol (docs/PROTOCOL.md) without sockets and clocks: datagrams and
times in, datagrams and events out.

The caller calls receive() for what came, poll() for what has to be sent, and poll() again when
deadline() has come; what there is to show is in `events`, in order. Not for people: it gives up
after 30 s of silence, and never connects its socket anew. It counts no forged datagrams: sessions
of tests are short. One thread; times are seconds of one steady clock.
"""
from __future__ import annotations

import hmac
import random
from collections.abc import Callable

import frames
from channel import Channel
from chat import Chat
from datagrams import Data, FiniPayload, Reset, RespPayload, parse
from events import Account, Ended, Event, Joined, State
from frames import Close, Frame, MsgAck, PktAck, Welcome
from handshake import Handshake, Request
from inbox import Inbox
from login import Login
from outbox import Outbox
from pace import Pace
from rooms import OwnRooms

KEEP_PREVIOUS = 10.0
KEY_LIFE = 900.0
REKEY_AFTER = 600.0
SILENCE_ANEW = 15.0
SILENCE_END = 30.0
MSG_DATAGRAMS = 4
CLOSE_WAITS = (0.2, 0.4, 0.8)
QUIT = 1


class Session:
    def __init__(
        self,
        account: Account,
        now: float,
        *,
        rooms: OwnRooms | None = None,
        outbox: Outbox | None = None,
        trusts: Callable[[bytes], bool] = lambda _: True,
    ) -> None:
        self.account = account
        self.state = State.asking
        self.events: list[Event] = []
        self.chat = Chat(self.events, rooms or OwnRooms(), outbox or Outbox())
        self.pace = Pace()
        self.current: Channel | None = None
        self.previous: Channel | None = None
        self.server_static = b""
        self.reset_token = b""
        self.resets = 0
        self.challenges = 0
        self.answers_challenges = True
        self.ack_delay = 0.025
        ts_offset = random.getrandbits(16)
        request = Request(account.static, self._fini_payload, account.password, trusts)
        self.login = Login(request, ts_offset)
        self._keepalive = 25.0
        self._answers: list[Frame] = []
        self._heard = now
        self._asked_since: float | None = None  # something waits for an answer since
        self._probe_from = now
        self._copy_at: float | None = None
        self._probed = False  # before the PKT_ACK that came last
        self._ping_due = now + 25
        self._previous_end = 0.0
        self._rekey_at = float("inf")
        self._key_end = float("inf")
        self._close_tries = 0
        self._close_at = 0.0
        self.login.begin(now)

    # -- short names for what is within

    @property
    def rooms(self) -> OwnRooms:
        return self.chat.rooms

    @property
    def outbox(self) -> Outbox:
        return self.chat.outbox

    @property
    def inbox(self) -> Inbox:
        """That of the landing room."""
        return self.rooms[self.rooms.landing].inbox

    @property
    def handshake(self) -> Handshake | None:
        return self.login.handshake

    @property
    def ephemerals(self) -> list[bytes]:
        return self.login.ephemerals

    # -- what the user wants

    def say(self, text: str, room: int = 0) -> int:
        """Without a room: where he landed."""
        return self.chat.say(text.encode(), room)

    def rekey(self, now: float) -> None:
        self.login.begin(now)

    def ping(self) -> None:
        self.slip_in(frames.Ping())

    def slip_in(self, *content: Frame) -> None:
        """Sends frames by hand, past everything that is known here."""
        self._answers += content

    def quit(self, now: float) -> None:
        if self.current is None:
            self._end(Ended(0, "quit before the log-in"))
            return
        self.state = State.leaving
        self._close_tries, self._close_at = 0, now

    # -- what comes

    def receive(self, data: bytes, now: float) -> None:
        """Ignores whatever is not for this session."""
        datagram = parse(data)
        if self.state is State.ended or datagram is None:
            return
        if isinstance(datagram, Data):
            self._on_data(datagram, now)
        elif isinstance(datagram, Reset):
            self._on_reset(datagram, now)
        else:
            ended = self.login.on_datagram(datagram, now)
            if ended is not None:
                self._end(ended)

    def _on_reset(self, reset: Reset, now: float) -> None:
        current = self.current
        if current is None or reset.receiver_sid != current.keys.server_sid:
            return
        if self.reset_token and hmac.compare_digest(reset.token, self.reset_token):
            self.resets += 1
            self.reset_token = b""  # once is enough
            self.login.begin(now)

    def _on_data(self, data: Data, now: float) -> None:
        for channel in (self.login.pending, self.current, self.previous):
            if channel is not None and channel.keys.client_sid == data.receiver_sid:
                content = channel.open(data, now)
                if content is not None:
                    self._on_content(channel, content, now)
                return

    def _on_content(self, channel: Channel, content: list[Frame], now: float) -> None:
        self._heard = now
        if channel is self.login.pending:
            for frame in content:
                if isinstance(frame, Welcome):
                    self._on_welcome(frame, now)
                    break
                if isinstance(frame, Close):
                    self._end(Ended(frame.code, "refused"))
                    return
            else:
                return
        for frame in content:
            self._on_frame(channel, frame, now)
            if isinstance(frame, Close):
                return
        acks = [frame for frame in content if isinstance(frame, PktAck)]
        if acks and channel is self.current and any(isinstance(f, MsgAck) for f in content):
            self.outbox.on_progress(acks[-1].largest, self._probed)
        self.chat.show()

    def _on_frame(self, channel: Channel, frame: Frame, now: float) -> None:
        if isinstance(frame, PktAck):
            self._on_pkt_ack(channel, frame, now)
        elif isinstance(frame, frames.PathChallenge):
            self.challenges += 1
            if self.answers_challenges:
                self._answers.append(frames.PathResponse(frame.data))
        elif isinstance(frame, Close):
            self._end(Ended(frame.code, "closed"))
        else:
            self.chat.on_frame(frame, now, self._gap_rtt(channel, now))
            if isinstance(frame, MsgAck):
                self._asked_since = now if self._waits() else None

    def _on_pkt_ack(self, channel: Channel, ack: PktAck, now: float) -> None:
        self._probed = self.pace.probes > 0
        was_full = channel.messages_under_way() >= min(MSG_DATAGRAMS, int(self.pace.window))
        before = channel.peer_largest
        # After a probe whatever is missing is lost: there was time for a second acknowledgement.
        sample, lost = channel.on_ack(ack, now, probed=self._probed)
        if sample is not None:
            self.pace.on_sample(sample)
        if channel.peer_largest > before:
            self.pace.on_answer(was_full)
            self._probe_from = now
        if lost:
            self.pace.on_loss(now)
        if not self._waits():
            self._asked_since = None

    def _on_welcome(self, welcome: Welcome, now: float) -> None:
        rekeyed = self.current is not None
        self.previous, self._previous_end = self.current, now + KEEP_PREVIOUS
        handshake, self.current = self.login.finish()
        assert handshake.resp is not None
        self.server_static = handshake.server_static
        self.reset_token = welcome.reset_token
        self.ack_delay = handshake.resp.ack_delay_ms / 1000
        self._keepalive = float(handshake.resp.keepalive_s)
        self._rekey_at = now + REKEY_AFTER * random.uniform(0.9, 1.1)
        self._key_end = now + KEY_LIFE
        self.chat.on_welcome(welcome, handshake.resp.log_epoch)
        self._probe_from = now
        if self.state is State.asking:
            self.state = State.online
        known = bool(welcome.flags & frames.WELCOME_EPOCH_KNOWN)
        resumed = bool(welcome.flags & frames.WELCOME_RESUMED)
        name = welcome.name.decode()
        self.events.append(Joined(name, welcome.room, known, resumed, rekeyed))

    # -- what goes

    def poll(self, now: float) -> list[bytes]:
        """Everything that has to be sent now."""
        if self.state is State.ended:
            return []
        self._run_clocks(now)
        out = self.login.due(now)
        if self.login.is_silent:
            self._end(Ended(0, "no answer"))
        if self.current is not None and not self._has_ended():
            out += self._content(self.current, now)
        if out:
            self._ping_due = now + self._keepalive * random.uniform(0.8, 1.2)
        return out

    def _run_clocks(self, now: float) -> None:
        if self.previous is not None and now >= self._previous_end:
            self.previous = None
        if self.current is None:
            return
        if now >= self._rekey_at and self.handshake is None:
            self.login.begin(now)
        if now >= self._key_end:
            self.current = None
            return
        quiet = now - max(self._heard, self._asked_since or now)
        if self._asked_since is not None and self.handshake is None and quiet >= SILENCE_ANEW:
            self.login.begin(now)
        if self._asked_since is not None and quiet >= SILENCE_END:
            self._end(Ended(0, "no answer"))

    def _content(self, channel: Channel, now: float) -> list[bytes]:
        if self.state is State.leaving:
            return self._leave(channel, now)
        groups = frames.packed(self._small(channel, now))
        out = [self._seal(channel, group, now) for group in groups]
        room = min(MSG_DATAGRAMS, int(self.pace.window))
        while self.outbox.has_unsent and channel.messages_under_way() < room:
            content = self.chat.with_from(self.outbox.fill(channel.counter))
            out.append(self._seal(channel, content, now))
        return out + self._probe(channel, now)

    def _small(self, channel: Channel, now: float) -> list[Frame]:
        """All but messages."""
        ack_due = channel.ack_due(self.ack_delay)
        owed = ack_due is not None and ack_due <= now
        rtt = self._gap_rtt(channel, now)
        room_acks = self.rooms.due(now, rtt, with_pkt_ack=owed)
        small: list[Frame] = [channel.take_ack(now)] if owed or room_acks else []
        small += [*room_acks, *self._answers]
        self._answers = []
        small += self.chat.due(now, self.pace.srtt, self.pace.probe_timeout(self.ack_delay))
        return small or ([frames.Ping()] if now >= self._ping_due else [])

    def _gap_rtt(self, channel: Channel, now: float) -> float:
        return self.pace.repair_rtt(channel.unacked_for(now), self.ack_delay)

    def _probe(self, channel: Channel, now: float) -> list[bytes]:
        """The oldest content once more, outside the window, when nothing answers."""
        due = self._probe_due()
        copy = self._copy_at is not None and now >= self._copy_at
        if copy:
            self._copy_at = None
        elif due is not None and now >= due:
            self.pace.on_probe()
            self._copy_at = now + 0.010
        else:
            return []
        content = self.chat.with_from(self.outbox.oldest(channel.counter)) or [frames.Ping()]
        return [self._seal(channel, content, now)]

    def _probe_due(self) -> float | None:
        if not self._waits():
            return None
        return self._probe_from + self.pace.probe_timeout(self.ack_delay)

    def _leave(self, channel: Channel, now: float) -> list[bytes]:
        if now < self._close_at:
            return []
        if self._close_tries > len(CLOSE_WAITS):
            self._end(Ended(QUIT, "no answer to CLOSE"))
            return []
        last = self._close_tries == len(CLOSE_WAITS)
        self._close_at = now + (CLOSE_WAITS[-1] if last else CLOSE_WAITS[self._close_tries])
        self._close_tries += 1
        return [self._seal(channel, [Close(QUIT)], now)]

    def _seal(self, channel: Channel, content: list[Frame], now: float) -> bytes:
        if frames.asks_for_ack(content):
            self._probe_from = now
            if self._asked_since is None:
                self._asked_since = now
        return channel.seal(content, now)

    def deadline(self, now: float) -> float | None:
        """When poll() has to be called at the latest."""
        if self.state is State.ended:
            return None
        times: list[float | None] = [self.login.deadline()]
        if self.current is not None and self.state is State.leaving:
            times.append(self._close_at)
        elif self.current is not None:
            times += [
                self.current.ack_due(self.ack_delay),
                self.rooms.deadline(now, self._gap_rtt(self.current, now)),
                self.chat.deadline(),
                self._probe_due(),
                self._copy_at,
                self._ping_due,
                self._rekey_at,
                self._key_end,
                now if self._answers else None,
            ]
            if self._asked_since is not None:
                quiet_since = max(self._heard, self._asked_since)
                times += [quiet_since + SILENCE_ANEW, quiet_since + SILENCE_END]
        return min((time for time in times if time is not None), default=None)

    def _waits(self) -> bool:
        """Whether the server owes an answer."""
        return bool(self.outbox.has_sent or (self.current and self.current.in_flight))

    def _fini_payload(self, _: RespPayload) -> FiniPayload:
        return FiniPayload(
            client_epoch=self.account.epoch,
            acked_msg_id=self.outbox.first_id - 1,
            prev_server_sid=self.current.keys.server_sid if self.current else 0,
            log_epoch=self.rooms.log_epoch,
            next_seq=self.rooms.landing_seq,
            name=self.account.name.encode(),
            room=self.account.room.encode(),
        )

    def _has_ended(self) -> bool:
        return self.state is State.ended

    def _end(self, event: Ended) -> None:
        self.state = State.ended
        self.events.append(event)
