// SPDX-License-Identifier: MIT
#include "tests/simulation/secure_world.h"

#include <algorithm>

#include "proto/session/nonce_check.h"

namespace chat::simulation {
namespace {

constexpr Duration tend_interval = milliseconds(100);

}  // namespace

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

    // Half of what comes late is stored late too, so that a crash may find it on either side.
    std::optional<server::Committed> commit(const server::Changes& changes) {
        const Duration time = world_.dice_.up_to(world_.disk_time_max_);
        if (time == Duration{}) return world_.store(changes);
        world_.commit_ = {world_.now_.at + time, &changes, false, {}};
        if (world_.dice_.chance(500)) {
            if (auto stored = world_.store(changes)) {
                world_.commit_->stored = true;
                world_.commit_->seqs = std::move(*stored);
            }
        }
        return std::nullopt;
    }
    std::optional<server::Read> read(const server::ReadRequest& request) {
        const Duration time = world_.dice_.up_to(world_.disk_time_max_);
        if (time == Duration{} && !world_.commit_) return world_.disk_->read(request);
        world_.reads_.push_back({world_.now_.at + time, request});
        return std::nullopt;
    }
    std::expected<std::optional<server::SearchAnswer>, std::string> search(
        const server::SearchRequest& request) {
        return world_.disk_->search(request);
    }
    void keep_search(server::SearchRequest request) {
        world_.searches_.push_back(std::move(request));
    }

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
    commit_.reset();
    reads_.clear();
    searches_.clear();
}

void SecureWorld::server_starts(bool log_is_lost) {
    server::ServerSecrets secrets;
    secrets.identity = identity_.copy();
    secrets.reset_key = SecretKey(reset_key_);
    secrets.start_count = ++starts_;
    if (settings_.password_key) secrets.password_key = SecretKey(*settings_.password_key);
    if (log_is_lost) {
        disk_ = std::make_unique<SimulatedDisk>(server_random_.u64(), settings_.log_entries_max);
        ledger_.new_log();
    }
    server_ = std::make_unique<server::Server>(
        server::ServerConfig{}, std::move(secrets), server_random_,
        *std::pmr::new_delete_resource(),
        [](const Endpoint& peer) { return std::to_string(peer.port); });
    server_->restore(now_, *disk_->load(now_.wall));
    ledger_.on_restored(server_->chat());
    tend_at_ = now_.at;
    server_touched_ = true;
}

void SecureWorld::on_datagram(const Datagram& datagram) {
    watch_.on_delivered(datagram);
    if (!server_) return;
    server_touched_ = true;
    std::vector<std::byte> bytes = datagram.bytes;
    const ReceivedDatagram received{{datagram.from, {}}, bytes};
    server_->on_datagrams(now_, std::span(&received, 1));
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
    for (const auto& reply : server_->take_control_replies())
        reply_ = reply.text;
    server_->take_events();
    tend();
}

server::Committed SecureWorld::store(const server::Changes& changes) {
    auto seqs = disk_->commit(changes);
    if (seqs) ledger_.on_committed(changes, *seqs);
    return seqs;
}

bool SecureWorld::disk_is_due() const {
    if (commit_) return commit_->at <= now_.at;
    return !reads_.empty() && reads_.front().at <= now_.at;
}

// One thing after the other, as a disk does it.
void SecureWorld::disk_answers() {
    if (commit_ && commit_->at <= now_.at) {
        const SlowCommit commit = std::move(*std::exchange(commit_, std::nullopt));
        server::answer_commit(*server_, now_, commit.stored ? commit.seqs : store(*commit.changes));
    }
    while (!commit_ && !reads_.empty() && reads_.front().at <= now_.at) {
        const server::ReadRequest request = reads_.front().request;
        reads_.pop_front();
        server::answer_read(*server_, now_, request, disk_->read(request));
    }
}

// The index and what is too old; and searches that wait for the index.
void SecureWorld::tend() {
    if (commit_ || now_.at < tend_at_) return;
    tend_at_ = now_.at + tend_interval;
    disk_->tend(now_.wall);
    for (const auto& [room, first_kept] : disk_->take_trimmed()) {
        ledger_.on_trimmed(room, first_kept);
        server_->on_trimmed(room, first_kept);
    }
    Rim rim(*this);
    while (!searches_.empty() && server::search(*server_, now_, rim, searches_.front())) {
        searches_.pop_front();
        server_touched_ = true;
    }
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
    PersonSettings settings;
    settings.name = std::move(name);
    settings.password = std::move(password);
    SeededRandom random(dice_.next());
    settings.identity = KeyPair::generate(random);
    return enters(std::move(settings));
}

SecurePerson& SecureWorld::enters(PersonSettings settings) {
    if (!settings.password) settings.password = settings_.password;
    people_.push_back(std::make_unique<SecurePerson>(
        Surroundings{network_, now_, server_address(), watch_, ledger_, personas_}, new_address(),
        std::move(settings), dice_.next()));
    return *people_.back();
}

SecurePerson& SecureWorld::enters_also(const SecurePerson& person) {
    PersonSettings settings;
    settings.name = person.name();
    settings.identity = person.identity().copy();
    return enters(std::move(settings));
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
    if (commit_) consider(commit_->at);
    if (!commit_ && !reads_.empty()) consider(reads_.front().at);
    if (!commit_ && !searches_.empty()) consider(tend_at_);
    for (const auto& person : people_)
        consider(person->next_deadline());
    return next;
}

std::string SecureWorld::who_is_due() const {
    const auto is_due = [this](std::optional<Instant> at) { return at && *at <= now_.at; };
    std::string who;
    if (server_ && is_due(server_->next_deadline())) who += "server ";
    if (disk_is_due()) who += "disk ";
    for (const auto& person : people_) {
        if (is_due(person->next_deadline())) who += person->name() + " ";
    }
    return who;
}

void SecureWorld::everybody_acts() {
    if (server_) {
        if (disk_is_due()) {
            disk_answers();
            server_touched_ = true;
        }
        if (!commit_ && !searches_.empty() && tend_at_ <= now_.at) server_touched_ = true;
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
            broken_ = "nobody asks to be woken at once again and again: " + who_is_due();
            return false;
        }
        now_.at = at;
        now_.wall.unix_ms = 1'760'000'000'000 + now_.at.us / 1000 + wall_ahead_.us / 1000;
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
