// SPDX-License-Identifier: MIT
#include "chat-server/core/secure_service.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "chat-server/core/limits.h"
#include "proto/session/reset_token.h"
#include "proto/wire/datagram.h"

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

}  // namespace

SecureService::SecureService(ServerSecrets secret, RandomSource& random,
                             std::pmr::memory_resource& secrets, const TokenRate& say_rate)
    : secret_(make_secret<ServerSecrets>(secrets, std::move(secret))),
      random_(random),
      say_rate_(say_rate),
      peers_(secrets),
      epochs_(random.u64(), epochs_max),
      delivery_(peers_, epochs_, deadlines_, secret_->reset_key.bytes(), secret_->start_count),
      offer_(first_offer(*secret_)),
      responder_(responder_config(*secret_, offer_), secret_->identity, random, secrets,
                 [this](std::uint32_t sid) { return peers_.find_key(sid).has_value(); }) {}

void SecureService::restore(const Now& now, const Stored& stored,
                            std::span<const MemberIndex> members, const Chat& chat) {
    secret_->log_epoch = stored.log_epoch;
    offer_.log_epoch = stored.log_epoch;
    responder_.set_offer(offer_);
    epochs_.restore(now, stored.epochs);
    for (const MemberIndex member : members)
        absent_.push_back({member, chat.roster()[member].id});
    absent_until_ = now.at + session_idle_max;
    members_ += members.size();
    update_offer();
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
        if (peer.state != PeerState::open || is_going(chat.roster()[peer.member])) break;
        std::visit([&](const auto& f) { handle(in, f); }, one);
    }
    const auto ack_at = peer.link.ack_at();
    if (ack_at && *ack_at <= now.at) delivery_.queue(in.index);
    if (!peer.queued) delivery_.arm(now.at, in.index, chat);
}

// A number leads to a key, that to a peer, that to its rooms: two datagrams lie between one step
// and the next, so that none has to wait for the one before it.
void SecureService::foresee(std::span<const std::byte> datagram, const Chat& chat) {
    const auto peer_of = [this](KeyIndex key) {
        return peers_.has_key(key) ? peers_.key(key).peer : no_peer;
    };
    if (const PeerIndex index = peer_of(foreseen_[3]); index != no_peer) {
        const Peer& peer = peers_[index];
        if (!peer.rooms.empty()) prefetch(peer.rooms.front());
        if (peer.state != PeerState::closing) prefetch(chat.roster()[peer.member]);
    }
    if (const PeerIndex index = peer_of(foreseen_[1]); index != no_peer) {
        peers_.prefetch_peer(index);
    }
    std::shift_right(foreseen_.begin(), foreseen_.end(), 1);
    foreseen_[0] = no_key;
    if (datagram::type_of(datagram) != datagram::Type::data) return;
    if (const auto key = peers_.find_key(datagram::receiver_sid(datagram))) {
        peers_.prefetch_key(*key);
        foreseen_[0] = *key;
    }
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
        // Nothing was sent to him for a while: what of the last things got lost he cannot know.
        SecureDelivery::owe_heads(peer);
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
    Peer& peer = in.peer;
    peer.link.on_ack(in.now.at, ack, timestamp(peer, in.now.at));
    if (peer.receipts) {
        peer.receipts->on_ack(peer.link);
        if (peer.receipts->empty()) peer.receipts.reset();
    }
    if (SecureDelivery::outlook(peer, in.chat).ready) delivery_.queue(in.index);
}

void SecureService::handle(const Received& in, const frame::RoomAck& ack) {
    Peer& peer = in.peer;
    Subscription* const sub = subscription(in, ack.room);
    if (sub == nullptr) return;
    const Seq head = in.chat.room(ack.room).head();
    if (ack.next_seq > head) {
        ++in.chat.counters().malformed;
        return;
    }
    const Seq acked_before = sub->acked;
    if (!sub->stated) {
        begin_at(in, *sub, ack.next_seq);
        sub->credit_end = ack.next_seq + ack.credit;
    } else if (in.newest) {
        sub->credit_end = ack.next_seq + ack.credit;
    }
    sub->acked = std::max(sub->acked, ack.next_seq);
    if (sub->acked > sub->sent) {
        sub->sent = sub->acked;
        sub->sent_have = 0;
    }
    if (sub->acked != acked_before) {
        in.chat.arrived(in.chat.roster()[peer.member].person, ack.room, sub->acked, sub->seat);
    }
    // Beyond `sent` it will come by itself, and what left less than a round trip ago may be there
    // before an answer could be.
    Seq limit = sub->sent;
    if (peer.link.has_rtt() && in.now.at - sub->mark_at < peer.link.smoothed_rtt() * 7 / 8) {
        limit = std::min(limit, sub->mark_seq);
    }
    for (const frame::Gap& gap : std::span(ack.gaps).first(ack.count)) {
        const Seq first = ack.next_seq + gap.offset;
        const Seq from = std::max(first, sub->acked);
        const Seq to = std::min(first + gap.count, limit);
        if (from >= to) continue;
        in.chat.counters().repeated += to - from;
        delivery_.repeat(in.index, *sub, {from, to, gap.have});
    }
    const Outlook all = SecureDelivery::outlook(peer, in.chat);
    if (!all.lacks) peer.link.nothing_outstanding();
    if (all.ready) delivery_.queue(in.index);
}

// The program's first word on a room in this session: it knows better than the server believes.
void SecureService::begin_at(const Received& in, Subscription& sub, Seq next) {
    const PersonId person = in.chat.roster()[in.peer.member].person;
    sub.stated = true;
    sub.room_owed = false;
    if (next < sub.acked || next > sub.sent) sub.go_to(next);
    in.chat.arrived(person, sub.room, next);
    // What it was told in another session may be old by now.
    for (const frame::SeenCount& one : in.chat.receipts_of(person, sub.room))
        set_receipt(in.index, sub.room, one);
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
    SecureDelivery::owe_heads(in.peer);  // they go with the acknowledgement
}

void SecureService::handle(const Received& in, const frame::Close& close) {
    if (close.code != frame::CloseCode::quit) {
        ++in.chat.counters().malformed;
        return;
    }
    end_program(in.now, in.index, LeaveReason::quit, in.chat);
}

// --- what came of it -------------------------------------------------------------------------

void SecureService::on_outcome(const Now& now, const Outcome& outcome, Chat& chat) {
    switch (outcome.kind) {
        case Outcome::Kind::joined:
            on_joined(outcome, chat);
            return;
        case Outcome::Kind::parted:
            on_parted(outcome, chat);
            return;
        case Outcome::Kind::stored:
            on_stored(outcome);
            return;
        case Outcome::Kind::left:
            on_left(now, outcome.member, chat);
            return;
    }
}

void SecureService::take_receipts(Instant now, Chat& chat) {
    const auto at = chat.next_receipts();
    if (!at || *at > now) return;
    for (const Receipt& receipt : chat.take_receipts(now)) {
        for_each_program(receipt.author, [&](PeerIndex index) {
            if (peers_[index].in(receipt.room) != nullptr) {
                set_receipt(index, receipt.room, receipt.count);
            }
        });
    }
}

void SecureService::set_receipt(PeerIndex index, RoomId room, const frame::SeenCount& count) {
    Peer& peer = peers_[index];
    if (!peer.receipts) peer.receipts = std::make_unique<Receipts>();
    peer.receipts->set(room, count);
    delivery_.queue(index);
}

PeerIndex SecureService::first_program(MemberIndex member) const {
    return member < program_of_member_.size() ? program_of_member_[member] : no_peer;
}

// --- time ------------------------------------------------------------------------------------

void SecureService::on_deadline(const Now& now, Chat& chat) {
    while (const auto index = deadlines_.pop_due(now.at)) {
        if (peers_.is_used(*index)) on_timer(now, *index, chat);
    }
    take_receipts(now.at, chat);
    if (!absent_.empty() && absent_until_ <= now.at) remove_absent(now, chat);
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
            end_program(now, index, LeaveReason::silent, chat);
            return;
        }
        if (delivery_.heard_lately(now.at, peer) && SecureDelivery::outlook(peer, chat).lacks) {
            if (const auto at = peer.link.probe_at(); at && *at <= now.at) {
                const unsigned probes = peer.link.on_probe_timeout(now.at);
                chat.counters().probes += probes;
                peer.probes_owed = static_cast<std::uint8_t>(probes);
                if (peer.receipts) peer.receipts->send_again();
            } else if (peer.stalled_at && *peer.stalled_at <= now.at) {
                peer.stalled_at.reset();
                peer.ping_owed = true;
                SecureDelivery::owe_heads(peer);
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
    if (!absent_.empty()) consider(absent_until_);
    if (!closing_.empty()) consider(peers_[closing_.front()].closed_at + closing_time);
    return next;
}

}  // namespace chat::server
