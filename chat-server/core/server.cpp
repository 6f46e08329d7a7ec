// SPDX-License-Identifier: MIT
#include "chat-server/core/server.h"

#include <algorithm>

#include "proto/wire/text.h"

namespace chat::server {

Server::Server(const ServerConfig& config, std::uint64_t hash_seed, AddressText address_text)
    : config_(config), address_text_(address_text), chat_(hash_seed), classic_(config.classic) {}

void Server::reconfigure(const ServerConfig& config) {
    config_ = config;
    classic_.set_access(config.classic);
}

void Server::on_datagram(const Now& now, const Path& path, std::span<const std::byte> datagram,
                         bool truncated) {
    ++chat_.counters().datagrams_received;
    if (truncated) {
        ++chat_.counters().malformed;
        return;
    }
    classic_.on_datagram(now, path, datagram, chat_);
}

void Server::on_unreachable(const Now& now, const Endpoint& peer) {
    chat_.unreachable(now, peer);
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
    if (now.at < next_sweep_) return;
    chat_.remove_silent(now, config_.classic_silence_max);
    next_sweep_ = now.at + silence_sweep_interval;
}

void Server::on_shutdown(const Now& now) {
    chat_.announce(now, "服务器正在关闭 (the server is shutting down)");
}

std::optional<Instant> Server::next_deadline() const {
    std::optional<Instant> next = chat_.ready_at();
    if (chat_.roster().size() > 0) next = std::min(next.value_or(next_sweep_), next_sweep_);
    return next;
}

}  // namespace chat::server
