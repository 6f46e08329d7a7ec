// SPDX-License-Identifier: MIT
#include "tests/simulation/server_host.h"

#include <algorithm>

#include "tests/support/server_drive.h"

namespace chat::simulation {
// Borrows until flushed, as the real one does, so that bytes that die too early are noticed.
class ServerHost::Rim final : public TransmitSink {
  public:
    explicit Rim(ServerHost& host) : host_(host) {}

    bool send(const Path& path, std::span<const std::byte> datagram) override {
        if (blocked()) return false;
        borrowed_.emplace_back(path.peer, datagram);
        return true;
    }
    void flush() {
        for (const auto& [peer, bytes] : std::exchange(borrowed_, {})) {
            host_.ledger_.on_sent(peer, bytes);
            host_.network_.send(host_.now_.at, host_.address_, peer, bytes);
        }
    }
    bool blocked() const { return host_.blocked(); }

    server::Committed commit(const server::Changes& changes) {
        auto seqs = host_.log_.commit(changes);
        if (seqs) {
            host_.ledger_.on_committed(changes.appends, *seqs, host_.server_.chat().roster());
        }
        return seqs;
    }
    server::Read read(const server::ReadRequest& request) {
        auto page = host_.log_.read(request);
        host_.ledger_.on_page(*page);
        return page;
    }
    std::expected<std::optional<server::SearchAnswer>, std::string> search(
        const server::SearchRequest& request) {
        return host_.log_.search(request);
    }

  private:
    ServerHost& host_;
    std::vector<std::pair<Endpoint, std::span<const std::byte>>> borrowed_;
};

ServerHost::ServerHost(Network& network, const Now& now, const Endpoint& address,
                       std::uint64_t seed, const ServerSettings& settings)
    : network_(network),
      now_(now),
      address_(address),
      random_(seed),
      server_({server::ClassicAccess::any, settings.silence_max},
              {KeyPair::generate(random_), {}, 1, std::nullopt}, random_,
              *std::pmr::new_delete_resource(),
              [](const Endpoint& peer) { return std::to_string(peer.port); }),
      log_(1, settings.log_entries_max),
      ledger_(settings.silence_max) {
    server_.restore(now_, *log_.load(now_.wall));
    network_.listen(address_, *this);
}

void ServerHost::on_datagram(const Datagram& datagram) {
    touched_ = true;
    ledger_.on_request(now_.at, datagram.from, datagram.bytes);
    std::vector<std::byte> bytes = datagram.bytes;
    server_.on_datagram(now_, {datagram.from, {}}, bytes, false);
}

void ServerHost::on_port_unreachable(const Endpoint& peer) {
    touched_ = true;
    ledger_.on_unreachable(peer);
    server_.on_unreachable(now_, peer);
}

void ServerHost::on_control(const server::ControlRequest& request) {
    touched_ = true;
    ledger_.on_control(request);
    server_.on_control(now_, request);
}

std::optional<Instant> ServerHost::next_deadline() const {
    auto next = server_.next_deadline();
    if (blocked_until_) next = std::min(next.value_or(*blocked_until_), *blocked_until_);
    return next;
}

bool ServerHost::wants_turn() const {
    const auto deadline = next_deadline();
    return touched_ || (deadline && *deadline <= now_.at);
}

void ServerHost::turn() {
    touched_ = false;
    if (!blocked()) blocked_until_.reset();
    ledger_.on_deadline(now_.at);
    server_.on_deadline(now_);
    drive();
    ledger_.at_rest(now_.at, server_);
}

void ServerHost::drive() {
    Rim rim(*this);
    ledger_.note_vanished(server_.chat().roster());
    server::drive(server_, now_, rim);
    for (auto& reply : server_.take_control_replies())
        replies_.push_back(std::move(reply));
    server_.take_events();
    log_.tend(now_.wall);
    for (const auto& [room, first_kept] : log_.take_trimmed())
        server_.on_trimmed(room, first_kept);
}

}  // namespace chat::simulation
