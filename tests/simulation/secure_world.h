// SPDX-License-Identifier: MIT
// The simulated world of the secure protocol: one server with its disk, people with our client,
// somebody hostile who sees everything, a network between them and a clock that jumps. The disk
// outlives the server; it can fail, answer late, or have stored what a crashed server did not hear
// of. After every event every promise is checked; the world stands still at the first one broken.
// The same seed is the same story.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <vector>

#include "chat-server/core/server.h"
#include "tests/simulation/network.h"
#include "tests/simulation/secure_ledger.h"
#include "tests/simulation/secure_person.h"
#include "tests/simulation/seeded_random.h"
#include "tests/simulation/simulated_disk.h"
#include "tests/simulation/wire_watch.h"
#include "tests/support/server_drive.h"

namespace chat::simulation {

struct SecureSettings {
    std::size_t log_entries_max = SIZE_MAX;  // of each room
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

    SimulatedDisk& disk() { return *disk_; }
    // From now on each answer of the disk comes up to so much later; zero: at once.
    void disk_takes(Duration longest) { disk_time_max_ = longest; }
    // Something is stored, and the server does not know it yet.
    bool answer_is_under_way() const { return commit_ && commit_->stored; }

    SecurePerson& enters(std::string name, std::optional<std::string> password = std::nullopt);
    SecurePerson& enters(PersonSettings settings);
    // The same person at another machine.
    SecurePerson& enters_also(const SecurePerson& person);
    const std::vector<std::unique_ptr<SecurePerson>>& people() const { return people_; }
    Endpoint new_address();
    // An address where nobody is, whose name others abuse.
    Endpoint new_victim();
    // From whomever, to whomever: who can forge a source address can do this.
    void injects(const Endpoint& from, const Endpoint& to, std::span<const std::byte> datagram);

    void announces(std::string text);
    void pins(std::string text) { commands("pin " + text); }
    void commands(std::string text);
    // What the administrator was answered last.
    const std::string& reply() const { return reply_; }
    // On every machine; the monotonic clocks go on. Forward, or back if negative.
    void clock_is_set(Duration forward) { wall_ahead_ = wall_ahead_ + forward; }
    void passes(Duration time);
    // False if it does not come true in that time.
    bool passes_until(const std::function<bool()>& come_true, Duration limit);

    const std::optional<std::string>& broken() const { return broken_; }

  private:
    class Rim;
    // What the disk has been given and not answered yet.
    struct SlowCommit {
        Instant at;
        const server::Changes* changes = nullptr;
        bool stored = false;
        std::vector<server::Seq> seqs;
    };
    struct SlowRead {
        Instant at;
        server::ReadRequest request;
    };

    void on_datagram(const Datagram& datagram) override;
    void on_port_unreachable(const Endpoint& peer) override;
    void server_turn();
    void drive();
    bool disk_is_due() const;
    void disk_answers();
    void tend();
    server::Committed store(const server::Changes& changes);
    std::optional<Instant> next_event() const;
    std::string who_is_due() const;
    void everybody_acts();
    void look_for_broken();

    Now now_{{seconds(1000).us}, {1'760'000'000'000}};
    Duration wall_ahead_;
    Dice dice_;
    Network network_;
    SecureSettings settings_;
    WireWatch watch_;
    SecureLedger ledger_;
    Personas personas_;
    SeededRandom server_random_;
    KeyPair identity_;
    Key32 reset_key_{};
    std::uint64_t starts_ = 0;
    std::unique_ptr<SimulatedDisk> disk_;
    Duration disk_time_max_;
    std::optional<SlowCommit> commit_;
    std::deque<SlowRead> reads_;
    std::deque<server::SearchRequest> searches_;
    Instant tend_at_{INT64_MIN};
    std::string reply_;
    std::unique_ptr<server::Server> server_;
    bool server_touched_ = false;
    std::vector<std::unique_ptr<SecurePerson>> people_;
    std::uint16_t last_port_ = 40'000;
    std::optional<std::string> broken_;
};

}  // namespace chat::simulation
