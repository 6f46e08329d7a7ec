// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "chat-client/core/secure_session_impl.h"
#include "proto/session/reset_token.h"

namespace chat::client {
namespace {

constexpr Duration previous_key_life = seconds(10);
constexpr Duration key_life = seconds(900);
constexpr std::uint64_t datagrams_per_key = std::uint64_t{1} << 32;
constexpr int close_tries = 4;
// Silent for so long, a server gets nothing but PING.
constexpr Duration only_ping_after = seconds(30);
// Woken so much later than it wanted, the program was suspended, and its silence says nothing.
constexpr Duration suspended_after = seconds(5);
// A server that ends a session which it has just made is not asked again without a pause.
constexpr Duration ended_patience = seconds(1);
// What a server may have its members wait for when it stops.
constexpr Duration stop_wait_max = seconds(300);
// Rooms that he is in come by themselves, soon after WELCOME.
constexpr Duration settling = seconds(3);

}  // namespace

void SecureSession::Impl::order(const ReceiverOrder& what) {
    orders.push_back(encode(what));
}

Duration SecureSession::Impl::jittered(Duration span, std::int64_t percent) {
    const auto deviation = static_cast<std::int64_t>(random.u32()) % (2 * percent + 1) - percent;
    return span + span * deviation / 100;
}

void SecureSession::Impl::start_handshake(const Now& now) {
    stop_handshake();
    handshake.start(now);
    handshake_at.reset();
    // Of the first one it is the whole visit's patience that ends it.
    if (was_online) handshake_at = now.at + config.handshake_after;
}

void SecureSession::Impl::stop_handshake() {
    handshake.stop();
    hand_over_key();
}

void SecureSession::Impl::on_handshake_step(const Now& now, Handshake::Step step) {
    switch (step) {
        case Handshake::Step::nothing:
            return;
        case Handshake::Step::answered:
            break;
        case Handshake::Step::question:
            events.push_back(TrustQuestion{fingerprint(handshake.initiator().server_key())});
            if (quitting) return finish(End::left, {});
            break;
        case Handshake::Step::trusted:
            send_fini(now);
            break;
        case Handshake::Step::failed:
            return fail(handshake.failure(), End::refused);
    }
    was_answered = true;
    hand_over_key();
}

// Which handshake it is, and how often it has begun anew by itself, only the initiator knows.
void SecureSession::Impl::hand_over_key() {
    const bool finishing = handshake.finishing();
    const std::uint32_t sid = finishing ? handshake.initiator().client_sid() : 0;
    if (sid == pending_sid) return;
    pending_packets.clear();
    if (pending_sid != 0) order(ForgetKey{pending_sid});
    pending_sid = sid;
    if (!finishing) return;
    ++last_key;
    const std::uint64_t offered = handshake.initiator().offer().log_epoch;
    InstallKey install{sid, handshake.initiator().receive_key(),
                       log_epoch.value_or(offered) != offered};
    order(install);
    wipe(install.key);
}

void SecureSession::Impl::send_fini(const Now& now) {
    datagram::FiniPayload request;
    request.client_epoch = client_epoch;
    request.acked_msg_id = outbox.acked_msg_id();
    request.prev_server_sid = prev_server_sid;
    const std::string lands = landing_asked = landing();
    if (const Membership* member = lands.empty() ? nullptr : rooms.find(lands)) {
        request.log_epoch = log_epoch.value_or(0);
        request.next_seq = member->room.next_seq();
    }
    request.name_bytes = static_cast<std::uint8_t>(name.size());
    std::ranges::copy(name, request.name.begin());
    request.room_bytes = static_cast<std::uint8_t>(lands.size());
    std::ranges::copy(lands, request.room.begin());
    outbox.on_request();
    rooms_on_request();
    if (!handshake.finish(now, request)) return fail(handshake.failure(), End::refused);
}

void SecureSession::Impl::forget_previous() {
    forget_previous_at.reset();
    if (previous_sid != 0) order(ForgetKey{std::exchange(previous_sid, 0)});
}

void SecureSession::Impl::drop_keys() {
    if (!keys) return;
    order(ForgetKey{keys->client_sid});
    keys.reset();
    packet_sid = 0;
    waiting_since.reset();
    path_responses.clear();
    ping_due = false;
    ping_counter.reset();
    probes_due = 0;
}

void SecureSession::Impl::adopt_keys(const Now& now, const frame::ResetToken& token) {
    const Initiator& initiator = handshake.initiator();
    forget_previous();
    if (keys) {
        previous_sid = keys->client_sid;
        previous_key = keys->number;
        forget_previous_at = now.at + previous_key_life;
    }
    keys = Keys{initiator.client_sid(),
                initiator.server_sid(),
                make_secret<Sealer>(secrets, initiator.send_key(), initiator.server_sid()),
                token,
                static_cast<std::uint16_t>(random.u32()),
                now.at,
                now.at + jittered(config.rekey_after, 10),
                last_key};
    prev_server_sid = keys->server_sid;
    offer = initiator.offer();
    server_key = initiator.server_key();
    const Duration ack_delay = milliseconds(offer.ack_delay_ms);
    if (link) {
        link->restart_counters();
    } else {
        link.emplace(ack_delay, ack_delay);
    }
    link->set_ack_delays(jittered(ack_delay, 50), ack_delay);
    if (const auto measured = initiator.rtt()) link->seed_rtt(*measured);
    pending_sid = 0;
    handshake.stop();
    handshake_at = unanswered_since = waiting_since = std::nullopt;
    only_ping = false;
    ping_counter.reset();
    probes_due = 0;
    heard_at = now.at;
    keepalive_at = now.at + jittered(seconds(offer.keepalive_s), 20);
}

void SecureSession::Impl::on_welcome(const Now& now, const frame::Welcome& welcome) {
    // A repeated one says nothing new.
    if (packet_sid != pending_sid || !handshake.finishing()) return;
    const std::uint64_t epoch = handshake.initiator().offer().log_epoch;
    const bool same_log = log_epoch.value_or(epoch) == epoch;
    log_epoch = epoch;
    adopt_keys(now, welcome.reset_token);
    // Under the old key comes the old log.
    if (!same_log) forget_previous();
    for (const auto& packet : std::exchange(pending_packets, {})) {
        link->on_received(std::min(packet.at, now.at), packet.counter, packet.ts, packet.bytes,
                          packet.ack_eliciting);
    }

    name = welcome.name;
    outbox.on_welcome(welcome, same_log, events);
    if (!was_online || !same_log) settling_until = now.at + settling;
    landing_number = welcome.room;
    landing_awaited = welcome.room != 0 && (!same_log || !rooms.find(welcome.room));
    if (!same_log) rooms_begin_anew();
    rooms_on_session();
    const bool first = !std::exchange(was_online, true);
    if (state != State::online) change_state(State::online, Connection::online, {});
    // No room to land in is a conversation, or what is no name; then it was the lobby.
    const auto wanted = Joins::parse(config.room);
    if (!wanted || wanted->kind == frame::RoomKind::conversation) {
        if (first) join(config.room);
    } else if (welcome.room == 0 && !landing_parted && !std::exchange(landing_refused, true)) {
        refuse_landing();
    }
}

void SecureSession::Impl::refuse_landing() {
    const std::size_t before = events.size();
    const std::string text = "the server has no room called " + config.room;
    drop_said(config.room, ErrorCode::room_unusable, text);
    if (events.size() == before) refuse(ErrorCode::room_unusable, text, config.room);
}

void SecureSession::Impl::lose(const Now& now, std::string reason, Instant at) {
    if (was_online && state != State::reconnecting) {
        change_state(State::reconnecting, Connection::reconnecting, std::move(reason));
        unanswered_since.reset();
    }
    if (!unanswered_since) unanswered_since = std::max(now.at, at);
    if (quitting && outbox.waiting() == 0 && !keys) return finish(End::left, {});
    if (at <= now.at) {
        start_handshake(now);
    } else {
        stop_handshake();
        handshake_at = at;
    }
}

bool SecureSession::Impl::may_give_up() const {
    if (!unanswered_since || handshake.asking_user()) return false;
    return state == State::connecting || (state == State::reconnecting && gives_up());
}

void SecureSession::Impl::give_up(const Now&) {
    if (handshake.running() && handshake.initiator().heard_retry()) {
        return fail({ErrorCode::handshake_altered,
                     "a server answers, but the handshake never completes: its answers are lost or "
                     "altered on the way. Try another network"},
                    End::unreachable);
    }
    fail(
        {ErrorCode::unreachable, "the server can't be reached; is its address right, does it run?"},
        End::unreachable);
}

void SecureSession::Impl::on_close(const Now& now, const frame::Close& close) {
    using enum frame::CloseCode;
    if (packet_sid == 0 || packet_sid == previous_sid) return;
    if (state == State::leaving) return finish(End::left, {});
    switch (close.code) {
        case quit:
            drop_keys();
            return lose(now, "the server had given us up", now.at + ended_patience);
        case kicked:
            return fail(
                {ErrorCode::ended_by_server, "the server has ended your visit to this room"},
                End::refused);
        case stopping:
        case unavailable: {
            const Duration wait = std::min(milliseconds(close.wait_ms), stop_wait_max);
            const auto part = static_cast<std::int64_t>(random.u32() % 1000);
            const Instant at = now.at + wait / 1000 * part + ended_patience;
            drop_keys();
            if (close.code == stopping) return lose(now, "the server stops", at);
            const char* reason =
                "the server can store nothing at present, so it takes nobody in; it is asked again";
            // It is there, so it is not given up.
            unanswered_since.reset();
            if (!was_online) change_state(state, Connection::connecting, reason);
            return lose(now, reason, at);
        }
        case name_owned:
            return refuse_name(ErrorCode::name_owned, "the name " + name +
                                                          " belongs to somebody else; choose "
                                                          "another");
        case name_taken:
            return refuse_name(
                ErrorCode::name_taken,
                "the name " + name +
                    " is taken already, reserved, or too like another; choose another");
        case name_unusable:
            return refuse_name(ErrorCode::name_unusable,
                               "the server does not accept that name; choose another");
        case too_many_names:
            return refuse_name(ErrorCode::too_many_names,
                               "you have eight names on this server already; use one of them");
        case full:
            return fail({ErrorCode::room_full, "the room is full; try again later"}, End::refused);
        case replaced:
            return fail({ErrorCode::replaced,
                         "you have come in from elsewhere with the same identity, so this visit "
                         "has ended"},
                        End::refused);
    }
}

void SecureSession::Impl::on_reset(const Now& now, std::span<const std::byte> datagram) {
    const auto reset = datagram::decode_reset(datagram);
    if (!reset || !keys || state == State::leaving) return;
    if (reset->receiver_sid != keys->server_sid || !same_token(reset->token, keys->token)) return;
    drop_keys();
    lose(now, "the server was started again", now.at);
}

void SecureSession::Impl::on_refused(const Now& now) {
    if (state == State::leaving) return finish(End::left, {});
    if (state == State::online) lose(now, "nobody answers at the server's address", now.at);
}

void SecureSession::Impl::on_receiver_started(const Now& now) {
    // It never had what the one before it had.
    for (auto& unsent : orders)
        wipe(unsent);
    orders.clear();
    previous_sid = 0;
    forget_previous_at.reset();
    forget_parts();
    const bool had_pending = std::exchange(pending_sid, 0) != 0;
    if (state == State::online || state == State::reconnecting) {
        lose(now, "the receiving process was started again", now.at);
    } else if (had_pending) {
        start_handshake(now);
    }
}

void SecureSession::Impl::address_changed(const Now& now) {
    if (handshake.running() && !handshake.asking_user()) start_handshake(now);
    if (keys && state != State::leaving) ping_due = true;
}

void SecureSession::Impl::wake_up(const Now& now) {
    if (waiting_since) waiting_since = now.at;
    if (unanswered_since) unanswered_since = now.at;
    if (keys) ping_due = true;
    if (keys && state == State::online && now.at - heard_at > seconds(offer.idle_s)) {
        lose(now, "this machine was asleep", now.at);
    } else if (handshake.running() && !handshake.asking_user()) {
        start_handshake(now);
    }
}

void SecureSession::Impl::on_silence(const Now& now) {
    if (state != State::online || !waiting_since) return;
    if (now.at - *waiting_since < config.reconnect_after) return;
    const Instant since = *waiting_since;
    change_state(State::reconnecting, Connection::reconnecting, "the server does not answer");
    unanswered_since = since;
    wants_reconnect = true;
    ping_due = true;
    if (!handshake.running()) handshake_at = since + config.handshake_after;
}

void SecureSession::Impl::on_deadline(const Now& now) {
    if (state == State::leaving) {
        if (closes_sent >= close_tries && close_at && now.at >= *close_at) finish(End::left, {});
        return;
    }
    if (planned && now.at - *std::exchange(planned, std::nullopt) > suspended_after) wake_up(now);
    if (forget_previous_at && now.at >= *forget_previous_at) forget_previous();
    if (keys && now.at - keys->made_at >= key_life) {
        drop_keys();
        lose(now, "the server does not answer", now.at);
    }
    on_silence(now);
    only_ping = waiting_since && now.at - *waiting_since >= only_ping_after;
    handshake.on_deadline(now);
    hand_over_key();
    const bool stuck = handshake.running() && !handshake.asking_user() &&
                       handshake.initiator().step() == Initiator::Step::given_up;
    if (may_give_up() && (now.at - *unanswered_since >= config.give_up_after ||
                          (stuck && state == State::connecting))) {
        return give_up(now);
    }
    const bool due = handshake_at && now.at >= *handshake_at;
    if ((due || stuck) && state == State::reconnecting) wants_reconnect = true;
    const bool rekey =
        keys && !handshake.running() && !handshake_at &&
        (now.at >= keys->rekey_at || keys->sealer->next_counter() >= datagrams_per_key);
    if (due || stuck || rekey) start_handshake(now);
    const std::size_t before = events.size();
    rooms_on_deadline(now);
    note_events(before);
    begin_probe(now);
    if (keys && keepalive_at && now.at >= *keepalive_at) ping_due = true;
    leave_if_done(now);
}

}  // namespace chat::client
