// SPDX-License-Identifier: MIT
#include "chat-server/core/server.h"

#include <algorithm>
#include <utility>

#include "proto/wire/datagram.h"
#include "proto/wire/text.h"

namespace chat::server {

Server::Server(const ServerConfig& config, ServerSecrets secret, RandomSource& random,
               std::pmr::memory_resource& secrets, AddressText address_text)
    : config_(config),
      address_text_(address_text),
      chat_(random.u64(), config.members_max),
      classic_(config.classic, config.say_rate),
      secure_(std::move(secret), random, secrets, config.say_rate) {}

void Server::reconfigure(const ServerConfig& config) {
    config_ = config;
    chat_.set_members_max(config.members_max);
    classic_.reconfigure(config.classic, config.say_rate);
    secure_.set_say_rate(config.say_rate);
}

void Server::restore(const Now& now, const Stored& stored) {
    const auto members = chat_.restore(now, stored);
    secure_.restore(now, stored, members, chat_);
}

void Server::on_datagram(const Now& now, const Path& path, std::span<std::byte> datagram,
                         bool truncated) {
    ++chat_.counters().datagrams_received;
    if (truncated) {
        ++chat_.counters().malformed;
    } else if (datagram::is_secure(datagram)) {
        secure_.on_datagram(now, path, datagram, chat_);
    } else {
        classic_.on_datagram(now, path, datagram, chat_);
    }
}

void Server::on_datagrams(const Now& now, std::span<const ReceivedDatagram> datagrams) {
    constexpr std::size_t ahead = SecureService::foresight;
    for (std::size_t i = 0; i < datagrams.size() + ahead; ++i) {
        secure_.foresee(i < datagrams.size() ? datagrams[i].bytes : std::span<std::byte>(), chat_);
        if (i < ahead) continue;
        const ReceivedDatagram& datagram = datagrams[i - ahead];
        on_datagram(now, datagram.path, datagram.bytes, datagram.truncated);
    }
}

void Server::on_unreachable(const Now& now, const Endpoint& peer) {
    // Of a session of the secure protocol an unauthenticated error says nothing.
    classic_.on_unreachable(now, peer, chat_);
}

void Server::on_committed(const Now& now, std::span<const Seq> seqs) {
    chat_.on_committed(seqs);
    for (const Outcome& outcome : chat_.take_outcomes()) {
        if (chat_.roster()[outcome.member].person != 0) {
            secure_.on_outcome(now, outcome, chat_);
        } else {
            classic_.on_outcome(outcome, chat_);
        }
    }
}

void Server::on_commit_failed(const Now& now) {
    chat_.on_commit_failed(now.at + storing_retry);
}

void Server::on_page(const Page& page) {
    classic_.on_page(page, chat_);
    secure_.on_page(page.room);
}

void Server::on_read_failed(const Now& now, const ReadRequest& request) {
    chat_.room(request.room).read_failed();
    unread_.push_back(request.room);
    if (unread_.size() == 1) read_again_at_ = now.at + storing_retry;
}

void Server::on_found(const Now&, const SearchAnswer& answer) {
    secure_.on_found(answer);
}

void Server::on_trimmed(RoomId room, Seq first_kept) {
    chat_.trimmed(room, first_kept);
}

void Server::on_control(const Now& now, const ControlRequest& request) {
    const OperatorAnswer answer =
        request.kind == ControlRequest::Kind::announce
            ? announce(now, request.text, chat_)
            : run_operator_command(now, request.text, chat_, address_text_);
    std::string_view rest = answer.text;
    do {
        const auto part = prefix_within(rest, control_text_bytes_max);
        rest.remove_prefix(part.size());
        replies_.push_back({answer.ok, rest.empty(), request.id, std::string(part)});
    } while (!rest.empty());
}

void Server::on_deadline(const Now& now) {
    secure_.on_deadline(now, chat_);
    if (!unread_.empty() && read_again_at_ <= now.at) {
        for (const RoomId room : std::exchange(unread_, {})) {
            chat_.room(room).mark_pending();
            secure_.on_page(room);
        }
    }
    if (now.at < next_sweep_) return;
    classic_.remove_silent(now, config_.classic_silence_max, chat_);
    next_sweep_ = now.at + silence_sweep_interval;
}

void Server::on_shutdown(const Now& now) {
    if (chat_.can_store()) {
        chat_.announce_to_all(now, EntryKind::announcement,
                              "服务器正在关闭 (the server is shutting down)");
    }
    secure_.on_shutdown(now);
}

std::vector<ReadRequest> Server::take_reads() {
    std::vector<ReadRequest> reads;
    const auto take_from = [&](RoomId room) {
        if (auto read = chat_.room(room).take_read()) reads.push_back(*read);
    };
    take_from(Chat::lobby_id);
    for (const RoomId room : secure_.take_paged())
        take_from(room);
    return reads;
}

bool Server::poll_transmit(const Now& now, TransmitSink& sink) {
    // They take turns in being first, so that neither can keep a narrow socket for itself.
    secure_first_ = !secure_first_;
    if (!secure_first_) classic_.poll_transmit(now.at, chat_, sink);
    const bool more = secure_.poll_transmit(now.at, chat_, sink);
    if (secure_first_) classic_.poll_transmit(now.at, chat_, sink);
    return more;
}

std::optional<Instant> Server::next_deadline() const {
    std::optional<Instant> next;
    const auto consider = [&next](const std::optional<Instant>& at) {
        if (at) next = std::min(next.value_or(*at), *at);
    };
    consider(classic_.ready_at());
    consider(secure_.next_deadline());
    consider(chat_.next_changes());
    consider(chat_.next_receipts());
    if (!unread_.empty()) consider(read_again_at_);
    if (chat_.roster().size() > secure_.members()) consider(next_sweep_);
    return next;
}

bool Server::idle() const {
    return chat_.is_committed() && unread_.empty() && classic_.idle(chat_) && secure_.idle();
}

}  // namespace chat::server
