// SPDX-License-Identifier: MIT
// The simulated world of the secure protocol: one server, people with our client, somebody hostile
// who sees everything, a network between them and a clock that jumps. After every event every
// promise is checked; the world stands still at the first one broken. The same seed is the same
// story.
#pragma once

#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <vector>

#include "chat-server/core/server.h"
#include "chat-server/store/memory_log.h"
#include "tests/simulation/network.h"
#include "tests/simulation/secure_ledger.h"
#include "tests/simulation/secure_person.h"
#include "tests/simulation/seeded_random.h"
#include "tests/simulation/wire_watch.h"

namespace chat::simulation {

struct SecureSettings {
    std::size_t log_entries_max = server::memory_log_entries_max;
    std::optional<std::string> password;
    // Made from the password once per test program, because that costs 64 MiB.
    std::optional<Key32> password_key;
};

class SecureWorld final : public Host {
  public:
    explicit SecureWorld(std::uint64_t seed, const SecureSettings& settings = {});
    ~SecureWorld() override { network_.close(server_address()); }

    static Endpoint server_address() { return {IpAddress::v4(10, 0, 0, 1), 8888}; }

    Network& network() { return network_; }
    const Now& now() const { return now_; }
    const SecureLedger& ledger() const { return ledger_; }
    WireWatch& watch() { return watch_; }

    // A crash, and the next start; the log may be lost with it, as by an empty data folder.
    void server_crashes();
    void server_starts(bool log_is_lost);
    bool server_runs() const { return server_ != nullptr; }
    server::Server& server() { return *server_; }
    const PublicKey& server_key() const { return identity_.public_key; }

    SecurePerson& enters(std::string name, std::optional<std::string> password = std::nullopt);
    const std::vector<std::unique_ptr<SecurePerson>>& people() const { return people_; }
    Endpoint new_address();
    // An address where nobody is, whose name others abuse.
    Endpoint new_victim();
    // From whomever, to whomever: who can forge a source address can do this.
    void injects(const Endpoint& from, const Endpoint& to, std::span<const std::byte> datagram);

    void announces(std::string text);
    void commands(std::string text);
    void passes(Duration time);
    // False if it does not come true in that time.
    bool passes_until(const std::function<bool()>& come_true, Duration limit);

    const std::optional<std::string>& broken() const { return broken_; }

  private:
    class Rim;

    void on_datagram(const Datagram& datagram) override;
    void on_port_unreachable(const Endpoint& peer) override;
    void server_turn();
    void drive();
    std::optional<Instant> next_event() const;
    void everybody_acts();
    void look_for_broken();

    Now now_{{seconds(1000).us}, {1'760'000'000'000}};
    Dice dice_;
    Network network_;
    SecureSettings settings_;
    WireWatch watch_;
    SecureLedger ledger_;
    SeededRandom server_random_;
    KeyPair identity_;
    Key32 reset_key_{};
    std::uint64_t starts_ = 0;
    std::uint64_t log_epoch_ = 0;
    std::vector<server::NameBinding> names_;
    std::unique_ptr<server::MemoryLog> log_;
    std::unique_ptr<server::Server> server_;
    bool server_touched_ = false;
    std::vector<std::unique_ptr<SecurePerson>> people_;
    std::uint16_t last_port_ = 40'000;
    std::optional<std::string> broken_;
};

}  // namespace chat::simulation
