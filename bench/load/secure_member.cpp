// SPDX-License-Identifier: MIT
// Joining and time. What comes in and what is written stands in files of its own.
#include "bench/load/secure_member.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "proto/session/key_schedule.h"
#include "proto/wire/datagram.h"

namespace chat::load {
namespace {

// What a sender has not sent yet is kept, however much.
constexpr std::size_t messages_max = std::size_t{1} << 30;
// The talk says when; a server that takes less is given --message-rate.
constexpr TokenRate unpaced{microseconds(1), 1'000'000};

}  // namespace

SecureMember::SecureMember(Surroundings& all, std::uint32_t index, std::uint32_t socket,
                           const KeyPair& identity)
    : all_(all),
      identity_(identity),
      index_(index),
      socket_(socket),
      epoch_(all.secrets.u64()),
      link_(milliseconds(25), milliseconds(25)) {
    if (speaks() && all.talk.is_sender(index)) {
        outbox_ = std::make_unique<client::Outbox>(messages_max, unpaced);
    }
}

std::string SecureMember::name_of(std::uint32_t index) {
    return "load" + std::to_string(index);
}

std::string SecureMember::room_of(const Options& options, std::uint32_t index) {
    if (index < options.members) {
        const std::size_t room = index % options.rooms;
        return room == 0 ? "" : "room" + std::to_string(room);
    }
    if (index >= options.members + options.idle) return "";
    const std::size_t rooms =
        options.idle_rooms > 0 ? options.idle_rooms : (options.idle + 49) / 50;
    return "idle" + std::to_string((index - options.members) % rooms);
}

Duration SecureMember::jittered(Duration span, std::int64_t percent) {
    const auto range = static_cast<std::uint64_t>(2 * percent + 1);
    const auto deviation = static_cast<std::int64_t>(all_.random() % range) - percent;
    return span + span * deviation / 100;
}

bool SecureMember::is_told() const {
    if (is_slow()) return online_ && log_ != nullptr;
    return online_ && log_ != nullptr && cursor_.next() == cursor_.end() &&
           cursor_.next() >= log_->end() && (!all_.options.lists || list_done_);
}

// --- joining -----------------------------------------------------------------------------------

void SecureMember::begin(const Now& now) {
    begin_at_.reset();
    handshake_ =
        std::make_unique<Initiator>(now, identity_, all_.secrets, *std::pmr::new_delete_resource());
}

void SecureMember::on_handshake(const Now& now, std::span<const std::byte> datagram) {
    if (!handshake_ || !handshake_->on_datagram(now, datagram)) return;
    if (handshake_->step() == Initiator::Step::deciding) decide(now);
    if (handshake_->step() == Initiator::Step::finishing) install(now);
    if (handshake_->step() == Initiator::Step::refused) {
        all_.account.problem("the server wants a password");
    }
}

void SecureMember::decide(const Now& now) {
    const std::string print = fingerprint(handshake_->server_key());
    if (all_.fingerprint.empty()) all_.fingerprint = print;
    if (all_.fingerprint != print) {
        std::fprintf(stderr, "chat-load: the server's key is %s, not %s\n", print.c_str(),
                     all_.fingerprint.c_str());
        std::exit(1);
    }
    datagram::FiniPayload request;
    request.client_epoch = epoch_;
    request.acked_msg_id = outbox_ ? outbox_->acked_msg_id() : 0;
    request.prev_server_sid = server_sid_;
    if (log_ != nullptr) {
        request.log_epoch = log_epoch_;
        request.next_seq = cursor_.next();
    }
    const std::string name = name_of(index_);
    const std::string room = room_of(all_.options, index_);
    request.name_bytes = static_cast<std::uint8_t>(name.size());
    std::ranges::copy(name, request.name.begin());
    request.room_bytes = static_cast<std::uint8_t>(room.size());
    std::ranges::copy(room, request.room.begin());
    if (outbox_) outbox_->on_request();
    handshake_->trust(now, open_server_psk, request);
}

void SecureMember::install(const Now& now) {
    if (client_sid_ == handshake_->client_sid()) return;
    const auto& offer = handshake_->offer();
    client_sid_ = handshake_->client_sid();
    server_sid_ = handshake_->server_sid();
    opener_.emplace(handshake_->receive_key());
    sealer_.emplace(handshake_->send_key(), server_sid_);
    ts_offset_ = static_cast<std::uint16_t>(all_.random());
    ack_delay_ms_ = offer.ack_delay_ms;
    keepalive_s_ = offer.keepalive_s;
    if (log_epoch_ != 0 && log_epoch_ != offer.log_epoch) {
        all_.account.problem("the server has another log");
    }
    log_epoch_ = offer.log_epoch;
    link_.restart_counters();
    link_.set_ack_delays(jittered(milliseconds(ack_delay_ms_), 50), milliseconds(ack_delay_ms_));
    if (const auto rtt = handshake_->rtt()) link_.seed_rtt(*rtt);
    keepalive_at_ = now.at + jittered(seconds(keepalive_s_), 20);
    ping_counter_.reset();
    path_response_.reset();
    probes_due_ = 0;
}

// The session is gone; a new one is asked for.
void SecureMember::lose(const Now& now, Duration wait) {
    if (online_) --all_.joined;
    online_ = false;
    handshake_.reset();
    sealer_.reset();
    opener_.reset();
    begin_at_ = now.at + wait;
}

void SecureMember::go_away(const Now& now, Duration away) {
    leave(now);
    lose(now, away);
    ++all_.account.traffic.went;
}

// --- time --------------------------------------------------------------------------------------

bool SecureMember::content_open() const {
    return (outbox_ && outbox_->has_unacknowledged()) || list_open_ || ping_counter_.has_value();
}

void SecureMember::on_deadline(const Now& now) {
    if (begin_at_ && now.at >= *begin_at_) begin(now);
    if (handshake_) {
        handshake_->on_deadline(now);
        if (handshake_->step() == Initiator::Step::given_up) {
            all_.account.problem(name_of(index_) + " gave up to join");
            handshake_.reset();
        }
    }
    if (!online_) return;
    if (now.at >= keepalive_at_) ping_due_ = true;
    const auto probe_at = content_open() ? link_.probe_at() : std::nullopt;
    if (!probe_at || now.at < *probe_at) return;
    probes_due_ = static_cast<std::uint8_t>(link_.on_probe_timeout(now.at));
    if (outbox_) outbox_->on_probe();
    list_due_ = list_open_;
}

std::optional<Instant> SecureMember::next_deadline() const {
    std::optional<Instant> next = begin_at_;
    const auto consider = [&next](std::optional<Instant> at) {
        if (at) next = std::min(next.value_or(*at), *at);
    };
    if (handshake_) consider(handshake_->next_deadline());
    if (!online_) return next;
    consider(keepalive_at_);
    consider(link_.ack_at());
    consider(cursor_.ack_at());
    if (content_open()) consider(link_.probe_at());
    if (!outbox_) return next;
    if (outbox_->has_repeatable()) consider(repeat_at_);
    if (const auto at = outbox_->send_at()) {
        if (const auto room = link_.may_send_at(outbox_->datagram_bytes())) {
            consider(std::max(*at, *room));
        }
    }
    return next;
}

}  // namespace chat::load
