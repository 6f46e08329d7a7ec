// SPDX-License-Identifier: MIT
#include "chat-server/core/secure_service.h"

#include <algorithm>
#include <string>
#include <utility>

#include "chat-server/core/limits.h"
#include "proto/session/reset_token.h"
#include "proto/wire/datagram.h"
#include "proto/wire/text.h"

namespace chat::server {
namespace {

datagram::RespPayload first_offer(const ServerSecrets& secret) {
    datagram::RespPayload offer;
    offer.log_epoch = secret.log_epoch;
    offer.ack_delay_ms = static_cast<std::uint16_t>(ack_delay_min.us / 1000);
    offer.keepalive_s = static_cast<std::uint16_t>(keepalive.us / 1'000'000);
    offer.idle_s = static_cast<std::uint16_t>(session_idle_max.us / 1'000'000);
    return offer;
}

ResponderConfig responder_config(const ServerSecrets& secret, const datagram::RespPayload& offer) {
    ResponderConfig config;
    config.start_count = static_cast<std::uint8_t>(secret.start_count);
    if (secret.password_key) config.password_key = secret.password_key->bytes();
    config.offer = offer;
    return config;
}

frame::CloseCode close_code(LeaveReason reason) {
    switch (reason) {
        case LeaveReason::kicked:
            return frame::CloseCode::kicked;
        case LeaveReason::other_name:
            return frame::CloseCode::replaced;
        case LeaveReason::quit:
        case LeaveReason::silent:
        case LeaveReason::unreachable:
            return frame::CloseCode::quit;
    }
    return frame::CloseCode::quit;
}

bool may_be_said(std::string_view text) {
    return !text.empty() && text.size() <= text_bytes_max && is_clean_text(text);
}

}  // namespace

// An authentic datagram of a session.
struct SecureService::Received {
    const Now& now;
    Chat& chat;
    PeerIndex index;
    Peer& peer;
    bool current;  // under the newest key
    bool newest;   // and with its highest counter
};

SecureService::SecureService(ServerSecrets secret, RandomSource& random,
                             std::pmr::memory_resource& secrets)
    : secret_(make_secret<ServerSecrets>(secrets, std::move(secret))),
      random_(random),
      peers_(secrets),
      epochs_(random.u64(), epochs_max),
      delivery_(peers_, epochs_, deadlines_, secret_->reset_key.bytes(), secret_->start_count),
      offer_(first_offer(*secret_)),
      responder_(responder_config(*secret_, offer_), secret_->identity, random, secrets,
                 [this](std::uint32_t sid) { return peers_.find_key(sid).has_value(); }) {}

void SecureService::restore_entry(const Now& now, RoomId room, const StoredEntry& stored) {
    epochs_.restore(now.at, stored.entry, room, stored.seq);
}

void SecureService::on_datagram(const Now& now, const Path& path, std::span<std::byte> datagram,
                                Chat& chat) {
    const auto type = datagram::type_of(datagram);
    if (!type) {
        ++chat.counters().malformed;
        return;
    }
    switch (*type) {
        case datagram::Type::init:
            if (!stopping_) on_init(now, path, datagram, chat);
            return;
        case datagram::Type::fini:
            if (!stopping_) on_fini(now, path, datagram, chat);
            return;
        case datagram::Type::data:
            on_data(now, path, datagram, chat);
            return;
        case datagram::Type::retry:
        case datagram::Type::resp:
        case datagram::Type::reset:
        case datagram::Type::refuse:
            ++chat.counters().malformed;  // only a server sends these
            return;
    }
}

void SecureService::on_init(const Now& now, const Path& path, std::span<const std::byte> datagram,
                            Chat& chat) {
    const auto answer = responder_.on_init(now, path.peer, datagram);
    if (!answer.empty()) delivery_.answer(path, answer, chat.counters());
}

// --- DATA ------------------------------------------------------------------------------------

void SecureService::on_data(const Now& now, const Path& path, std::span<std::byte> datagram,
                            Chat& chat) {
    const std::uint32_t sid = datagram::receiver_sid(datagram);
    const auto key = peers_.find_key(sid);
    if (!key) {
        on_unknown_sid(path, sid, chat);
        return;
    }
    KeySet& keys = peers_.key(*key);
    const auto opened = keys.opener.open(datagram);
    if (!opened) {
        ++(opened.error() == OpenError::too_old_or_replayed ? chat.counters().replayed
                                                            : chat.counters().not_opened);
        return;
    }
    if (!frame::read_frames(frame::Sender::client, opened->plaintext, frames_)) {
        ++chat.counters().malformed;
        return;
    }
    Peer& peer = peers_[keys.peer];
    const bool current = peer.key == *key;
    const Received in{now,  chat,    keys.peer,
                      peer, current, current && opened->counter == keys.opener.highest_counter()};
    if (!is_heard(in, path)) return;
    if (current) {
        peer.link.on_received(now.at, opened->counter, opened->ts, datagram.size(),
                              std::ranges::any_of(frames_, frame::is_ack_eliciting));
    }
    for (const frame::Frame& one : frames_) {
        if (peer.state != PeerState::open) break;
        std::visit([&](const auto& f) { handle(in, f); }, one);
    }
    const auto ack_at = peer.link.ack_at();
    if (ack_at && *ack_at <= now.at) delivery_.queue(in.index);
    if (!peer.queued) delivery_.arm(now.at, in.index, chat);
}

void SecureService::on_unknown_sid(const Path& path, std::uint32_t sid, Chat& chat) {
    ++chat.counters().unknown_sessions;
    const auto start = earlier_start(secret_->start_count, sid);
    if (!start) return;
    ++chat.counters().resets;
    const datagram::Reset reset{sid, reset_token(secret_->reset_key.bytes(), *start, sid)};
    delivery_.answer(path, datagram::encode(reset), chat.counters());
}

bool SecureService::is_heard(const Received& in, const Path& path) {
    Peer& peer = in.peer;
    if (peer.state == PeerState::closing || (stopping_ && delivery_.told_to_stop())) {
        const frame::Close close =
            peer.state == PeerState::closing
                ? frame::Close{peer.close_code, 0}
                : frame::Close{frame::CloseCode::stopping, delivery_.stop_wait_ms()};
        delivery_.answer_sealed(in.now.at, peer, peer.path.proved(), close, in.chat.counters());
        return false;
    }
    if (!delivery_.heard_lately(in.now.at, peer)) {
        // Nothing was sent to him for a while: how far the log is by now he cannot know.
        peer.head_owed = true;
        delivery_.queue(in.index);
    }
    peer.heard_at = in.now.at;
    in.chat.heard_from(in.now.at, peer.member);
    const auto challenge =
        peer.path.on_authentic(in.now, path, in.newest, peer.link.probe_timeout(), random_);
    if (challenge) {
        ++in.chat.counters().challenges;
        delivery_.answer_sealed(in.now.at, peer, path, frame::PathChallenge{*challenge},
                                in.chat.counters());
    }
    return true;
}

void SecureService::handle(const Received& in, const frame::PktAck& ack) {
    // One under the previous key speaks of datagrams that nobody counts any more.
    if (!in.current) return;
    in.peer.link.on_ack(in.now.at, ack, timestamp(in.peer, in.now.at));
    if (in.peer.sent < in.chat.head() || in.peer.members_owed) delivery_.queue(in.index);
}

void SecureService::handle(const Received& in, const frame::RoomAck& ack) {
    Peer& peer = in.peer;
    const Seq head = in.chat.head();
    if (ack.room != Chat::lobby_id || ack.next_seq > head) {
        ++in.chat.counters().malformed;
        return;
    }
    if (ack.next_seq > peer.acked) peer.acked = ack.next_seq;
    if (peer.acked > peer.sent) {
        peer.sent = peer.acked;
        peer.sent_have = 0;
    }
    if (in.newest) peer.credit_end = ack.next_seq + ack.credit;
    // Beyond `sent` it will come by itself, and what left less than a round trip ago may be there
    // before an answer could be.
    Seq limit = peer.sent;
    if (peer.link.has_rtt() && in.now.at - peer.mark_at < peer.link.smoothed_rtt() * 7 / 8) {
        limit = std::min(limit, peer.mark_seq);
    }
    for (const frame::Gap& gap : std::span(ack.gaps).first(ack.count)) {
        const Seq first = ack.next_seq + gap.offset;
        const Seq from = std::max(first, peer.acked);
        const Seq to = std::min(first + gap.count, limit);
        if (from >= to) continue;
        in.chat.counters().repeated += to - from;
        delivery_.repeat(in.index, from, to, gap.have);
    }
    if (peer.acked == head) peer.link.nothing_outstanding();
    if (peer.sent < head) delivery_.queue(in.index);
}

void SecureService::handle(const Received& in, const frame::MembersWanted& wanted) {
    if (wanted.room != Chat::lobby_id) {
        ++in.chat.counters().malformed;
        return;
    }
    in.peer.members_after.assign(wanted.after);
    in.peer.members_owed = true;
    delivery_.queue(in.index);
}

void SecureService::handle(const Received& in, const frame::PathResponse& response) {
    const auto moved = in.peer.path.on_response(in.now, response.data);
    if (moved == PathValidation::Moved::no) return;
    ++in.chat.counters().moves;
    in.chat.moved(in.peer.member, in.peer.path.proved());
    if (moved == PathValidation::Moved::address) in.peer.link.reset_path();
    delivery_.queue(in.index);
}

void SecureService::handle(const Received& in, const frame::Ping&) {
    in.peer.head_owed = true;  // goes with the acknowledgement
}

void SecureService::handle(const Received& in, const frame::Close& close) {
    if (close.code != frame::CloseCode::quit) {
        ++in.chat.counters().malformed;
        return;
    }
    in.chat.leave(in.now, in.peer.member, LeaveReason::quit);
    in.peer.state = PeerState::leaving;
}

// --- messages --------------------------------------------------------------------------------

void SecureService::handle(const Received& in, const frame::MsgFrom& from) {
    in.peer.results_from = std::max(in.peer.results_from, from.first_id);
}

void SecureService::handle(const Received& in, const frame::Msg& msg) {
    Peer& peer = in.peer;
    if (msg.room != Chat::lobby_id) {
        ++in.chat.counters().malformed;
        return;
    }
    // Its result goes with the acknowledgement of the datagram at the latest.
    peer.msg_ack_owed = true;
    const std::uint64_t next = epochs_.next_to_take(peer.epoch);
    if (msg.msg_id != next) {
        if (msg.msg_id < next) ++in.chat.counters().duplicates;
        return;
    }
    if (stopping_ || next - epochs_.next_msg_id(peer.epoch) >= frame::results_max) return;
    if (msg.parts == 1) {
        take_message(in, msg.text);
        return;
    }
    if (!peer.assembly) {
        peer.assembly = std::make_unique<Assembly>();
        peer.assembly->parts = msg.parts;
    }
    Assembly& assembly = *peer.assembly;
    if (msg.parts != assembly.parts) {
        ++in.chat.counters().malformed;
        return;
    }
    std::ranges::copy(msg.text, assembly.text.begin() + msg.part * frame::part_bytes);
    assembly.have = static_cast<std::uint8_t>(assembly.have | 1U << msg.part);
    if (msg.part + 1 == msg.parts) assembly.last_bytes = msg.text.size();
    if (assembly.have != (1U << assembly.parts) - 1) return;
    const std::size_t size = (assembly.parts - 1U) * frame::part_bytes + assembly.last_bytes;
    take_message(in, {assembly.text.data(), size});
}

void SecureService::take_message(const Received& in, std::string_view text) {
    Peer& peer = in.peer;
    const EpochIndex epoch = peer.epoch;
    if (!may_be_said(text)) {
        // Results are in order, so it waits for those before it: the client sends it again.
        if (!epochs_.waits_for_log(epoch)) {
            ++in.chat.counters().unusable;
            epochs_.refused(epoch, Chat::lobby_id);
            delivery_.queue(in.index);
        }
    } else if (!peer.messages.take(in.now.at, secure_say_rate)) {
        ++in.chat.counters().too_fast;
    } else {
        const std::uint64_t msg_id = epochs_.next_to_take(epoch);
        epochs_.take(epoch);
        in.chat.say(in.now, peer.member, std::string(text), msg_id);
    }
    peer.assembly.reset();
}

// --- what came of it -------------------------------------------------------------------------

void SecureService::on_outcome(const Now& now, const Outcome& outcome, Chat& chat) {
    const PeerIndex index = peer_of_member(outcome.member);
    switch (outcome.kind) {
        case Outcome::Kind::joined:
            if (peers_[index].state == PeerState::joining) {
                const Seq resumed = peers_[index].welcome_next_seq;
                open_at(index, resumed != 0 ? resumed : outcome.seq + 1);
            }
            break;
        case Outcome::Kind::stored: {
            const auto epoch = epochs_.find(outcome.origin.key, outcome.origin.client_epoch);
            if (!epoch || !epochs_.waits_for_log(*epoch)) break;
            epochs_.stored(*epoch, Chat::lobby_id, outcome.seq);
            if (index != no_peer && peers_[index].epoch == *epoch) {
                peers_[index].msg_ack_owed = true;
                delivery_.queue(index);
            }
            break;
        }
        case Outcome::Kind::left: {
            const LeaveReason reason = chat.roster()[outcome.member].reason;
            const bool tell = reason != LeaveReason::silent;
            begin_closing(now, index, close_code(reason), tell, chat);
            chat.remove(outcome.member);
            --members_;
            update_offer();
            break;
        }
    }
}

// --- time ------------------------------------------------------------------------------------

void SecureService::on_deadline(const Now& now, Chat& chat) {
    while (const auto index = deadlines_.pop_due(now.at)) {
        if (peers_.is_used(*index)) on_timer(now, *index, chat);
    }
    forget_closing(now.at);
    epochs_.expire(now.at - epoch_age_max);
}

void SecureService::on_timer(const Now& now, PeerIndex index, Chat& chat) {
    Peer& peer = peers_[index];
    for (KeyIndex* const key : {&peer.key, &peer.previous_key}) {
        if (*key != no_key && peers_.key(*key).dropped_at <= now.at) peers_.drop_key(*key);
    }
    if (peer.state == PeerState::open) {
        if (now.at - peer.heard_at >= session_idle_max) {
            chat.leave(now, peer.member, LeaveReason::silent);
            peer.state = PeerState::leaving;
            return;
        }
        if (peer.acked < chat.head() && delivery_.heard_lately(now.at, peer)) {
            if (const auto at = peer.link.probe_at(); at && *at <= now.at) {
                const unsigned probes = peer.link.on_probe_timeout(now.at);
                chat.counters().probes += probes;
                peer.probes_owed = static_cast<std::uint8_t>(probes);
            } else if (peer.stalled_at && *peer.stalled_at <= now.at) {
                peer.stalled_at.reset();
                peer.head_owed = peer.ping_owed = true;
            }
        }
        // Acknowledgements, pace.
        delivery_.queue(index);
    } else {
        delivery_.arm(now.at, index, chat);
    }
}

void SecureService::on_shutdown(const Now&) {
    stopping_ = true;
    delivery_.stop(static_cast<std::uint32_t>(members_ / members_per_stop_wait_ms));
}

bool SecureService::poll_transmit(Instant now, Chat& chat, TransmitSink& sink) {
    return delivery_.poll_transmit(now, chat, sink);
}

std::optional<Instant> SecureService::next_deadline() const {
    std::optional<Instant> next = deadlines_.next();
    const auto consider = [&next](const std::optional<Instant>& at) {
        if (at) next = std::min(next.value_or(*at), *at);
    };
    consider(delivery_.next_deadline());
    if (!closing_.empty()) consider(peers_[closing_.front()].closed_at + closing_time);
    return next;
}

}  // namespace chat::server
