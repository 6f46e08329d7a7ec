// SPDX-License-Identifier: MIT
#include "tests/simulation/secure_world.h"

#include <algorithm>

#include "proto/session/nonce_check.h"
#include "tests/support/server_drive.h"

namespace chat::simulation {

class SecureWorld::Rim final : public TransmitSink {
  public:
    explicit Rim(SecureWorld& world) : world_(world) {}

    bool send(const Path& path, std::span<const std::byte> datagram) override {
        borrowed_.emplace_back(path.peer, datagram);
        return true;
    }
    void flush() {
        for (const auto& [peer, bytes] : std::exchange(borrowed_, {})) {
            world_.watch_.on_sent(server_address(), peer, bytes);
            world_.network_.send(world_.now_.at, server_address(), peer, bytes);
        }
    }
    bool blocked() const { return false; }

    std::vector<server::Seq> store(std::span<const server::Append> appends,
                                   std::vector<server::NameBinding> bindings) {
        for (auto& binding : bindings)
            world_.names_.push_back(std::move(binding));
        if (appends.empty()) return {};
        auto seqs = world_.log_->append(appends);
        world_.ledger_.on_committed(appends, seqs);
        return seqs;
    }
    server::Page read(const server::ReadRequest& request) { return world_.log_->read(request); }

  private:
    SecureWorld& world_;
    std::vector<std::pair<Endpoint, std::span<const std::byte>>> borrowed_;
};

SecureWorld::SecureWorld(std::uint64_t seed, const SecureSettings& settings)
    : dice_(seed),
      network_(dice_.next()),
      settings_(settings),
      watch_(server_address(), dice_.next()),
      server_random_(dice_.next()),
      identity_(KeyPair::generate(server_random_)) {
    // The same seed has the same keys; that is no reuse.
    forget_nonces();
    server_random_.fill(reset_key_);
    network_.listen(server_address(), *this);
    server_starts(true);
}

void SecureWorld::server_crashes() {
    server_.reset();
}

void SecureWorld::server_starts(bool log_is_lost) {
    server::ServerSecrets secrets;
    secrets.identity = identity_.copy();
    secrets.reset_key = SecretKey(reset_key_);
    secrets.start_count = ++starts_;
    if (settings_.password_key) secrets.password_key = SecretKey(*settings_.password_key);
    if (log_is_lost) {
        log_ = std::make_unique<server::MemoryLog>(settings_.log_entries_max);
        log_epoch_ = server_random_.u64();
        ledger_.new_log();
    }
    secrets.log_epoch = log_epoch_;
    server_ = std::make_unique<server::Server>(
        server::ServerConfig{}, std::move(secrets), server_random_,
        *std::pmr::new_delete_resource(),
        [](const Endpoint& peer) { return std::to_string(peer.port); });
    for (const auto& binding : names_)
        server_->restore_name(binding);
    if (!log_is_lost) {
        constexpr std::size_t all = 1'000'000;
        const auto page = log_->read({server::Chat::lobby_id, 1, all, all * 1000});
        const server::Seq head = ledger_.head();
        server_->restore_log(server::Chat::lobby_id, page.first_kept, head);
        for (const auto& stored : page.entries)
            server_->restore_entry(now_, server::Chat::lobby_id, stored);
    }
    server_touched_ = true;
}

void SecureWorld::on_datagram(const Datagram& datagram) {
    watch_.on_delivered(datagram);
    if (!server_) return;
    server_touched_ = true;
    std::vector<std::byte> bytes = datagram.bytes;
    server_->on_datagram(now_, {datagram.from, {}}, bytes, false);
}

void SecureWorld::on_port_unreachable(const Endpoint& peer) {
    if (!server_) return;
    server_touched_ = true;
    server_->on_unreachable(now_, peer);
}

void SecureWorld::server_turn() {
    server_touched_ = false;
    server_->on_deadline(now_);
    drive();
}

void SecureWorld::drive() {
    Rim rim(*this);
    server::drive(*server_, now_, rim);
    server_->take_control_replies();
    server_->take_events();
}

Endpoint SecureWorld::new_address() {
    const std::uint16_t port = ++last_port_;
    return {IpAddress::v4(10, 0, static_cast<std::uint8_t>(port % 7), 2), port};
}

Endpoint SecureWorld::new_victim() {
    const Endpoint address{IpAddress::v4(192, 0, 2, 1), ++last_port_};
    watch_.add_victim(address);
    return address;
}

SecurePerson& SecureWorld::enters(std::string name, std::optional<std::string> password) {
    if (!password) password = settings_.password;
    people_.push_back(std::make_unique<SecurePerson>(
        Surroundings{network_, now_, server_address(), watch_, ledger_}, new_address(),
        std::move(name), std::move(password), dice_.next()));
    return *people_.back();
}

void SecureWorld::injects(const Endpoint& from, const Endpoint& to,
                          std::span<const std::byte> datagram) {
    network_.send(now_.at, from, to, datagram);
}

void SecureWorld::announces(std::string text) {
    if (!server_) return;
    server_->on_control(now_, {server::ControlRequest::Kind::announce, 1, std::move(text)});
    server_touched_ = true;
}

void SecureWorld::commands(std::string text) {
    if (!server_) return;
    server_->on_control(now_, {server::ControlRequest::Kind::command, 2, std::move(text)});
    server_touched_ = true;
}

std::optional<Instant> SecureWorld::next_event() const {
    auto next = network_.next_delivery();
    const auto consider = [&next](std::optional<Instant> at) {
        if (at) next = std::min(next.value_or(*at), *at);
    };
    if (server_) consider(server_->next_deadline());
    for (const auto& person : people_)
        consider(person->next_deadline());
    return next;
}

void SecureWorld::everybody_acts() {
    if (server_) {
        const auto deadline = server_->next_deadline();
        if (server_touched_ || (deadline && *deadline <= now_.at)) server_turn();
    }
    for (const auto& person : people_) {
        if (person->wants_turn()) person->turn();
    }
    look_for_broken();
}

void SecureWorld::look_for_broken() {
    if (!broken_) broken_ = ledger_.broken();
    if (!broken_) broken_ = watch_.broken();
    for (const auto& person : people_) {
        if (!broken_ && person->broken()) broken_ = person->name() + ": " + *person->broken();
    }
}

void SecureWorld::passes(Duration time) {
    passes_until([] { return false; }, time);
}

bool SecureWorld::passes_until(const std::function<bool()>& come_true, Duration limit) {
    const Instant end = now_.at + limit;
    // A deadline that is never met would spin for ever on one instant.
    constexpr int turns_per_instant_max = 10'000;
    int turns = 0;
    everybody_acts();
    while (!broken_) {
        if (come_true()) return true;
        const auto next = next_event();
        const Instant at = next && *next <= end ? std::max(*next, now_.at) : end;
        turns = at == now_.at ? turns + 1 : 0;
        if (turns > turns_per_instant_max) {
            broken_ = "nobody asks to be woken at once again and again";
            return false;
        }
        now_.at = at;
        now_.wall.unix_ms = 1'760'000'000'000 + now_.at.us / 1000;
        if (!next || *next > end) {
            everybody_acts();
            return come_true();
        }
        network_.deliver_due(now_.at);
        everybody_acts();
    }
    return false;
}

}  // namespace chat::simulation
