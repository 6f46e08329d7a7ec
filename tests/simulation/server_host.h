// SPDX-License-Identifier: MIT
// One life of the server in the simulated world: the real core and the real log in memory, driven
// as the network process drives them, with a ledger beside it. Its socket can be made to take
// nothing for a while. Destroying it is the crash.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chat-server/core/server.h"
#include "chat-server/store/memory_log.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/network.h"
#include "tests/simulation/seeded_random.h"

namespace chat::simulation {

struct ServerSettings {
    Duration silence_max = server::classic_silence_default;
    std::size_t log_entries_max = server::memory_log_entries_max;
};

class ServerHost final : public Host {
  public:
    ServerHost(Network& network, const Now& now, const Endpoint& address, std::uint64_t seed,
               const ServerSettings& settings);
    ~ServerHost() override { network_.close(address_); }
    ServerHost(const ServerHost&) = delete;
    ServerHost& operator=(const ServerHost&) = delete;

    void on_datagram(const Datagram& datagram) override;
    void on_port_unreachable(const Endpoint& peer) override;
    void on_control(const server::ControlRequest& request);

    // To be called when something has happened or the deadline has come.
    void turn();
    bool wants_turn() const;
    std::optional<Instant> next_deadline() const;

    // The socket is full until then.
    void block_sending(Instant until) { blocked_until_ = until; }

    const server::Server& core() const { return server_; }
    const Ledger& ledger() const { return ledger_; }
    std::vector<server::ControlReply> take_replies() { return std::exchange(replies_, {}); }

  private:
    class Rim;

    void drive();
    bool blocked() const { return blocked_until_ && *blocked_until_ > now_.at; }

    Network& network_;
    const Now& now_;
    Endpoint address_;
    SeededRandom random_;
    server::Server server_;
    server::MemoryLog log_;
    Ledger ledger_;
    bool touched_ = false;
    std::optional<Instant> blocked_until_;
    std::vector<server::ControlReply> replies_;
};

}  // namespace chat::simulation
