// SPDX-License-Identifier: MIT
// The simulated world: one server, people with terminals, strangers who send what they like, a
// network between them and a clock that jumps from one event to the next. After every event every
// promise is checked; the world stands still at the first one broken. The same seed is the same
// story.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/network.h"
#include "tests/simulation/person.h"
#include "tests/simulation/server_host.h"

namespace chat::simulation {

// An address without our client behind it: an original program, nc, or somebody hostile.
class Stranger final : public Host {
  public:
    Stranger(Network& network, const Now& now, const Endpoint& address, const Endpoint& server)
        : network_(network), now_(now), address_(address), server_(server) {
        network_.listen(address_, *this);
    }
    ~Stranger() override { network_.close(address_); }
    Stranger(const Stranger&) = delete;
    Stranger& operator=(const Stranger&) = delete;

    void sends(std::string_view text);
    void on_datagram(const Datagram& datagram) override;
    void on_port_unreachable(const Endpoint&) override {}

    const Endpoint& address() const { return address_; }
    const std::vector<std::string>& received() const { return received_; }

  private:
    Network& network_;
    const Now& now_;
    Endpoint address_;
    Endpoint server_;
    std::vector<std::string> received_;
};

class World {
  public:
    explicit World(std::uint64_t seed, const ServerSettings& settings = {});

    Network& network() { return network_; }
    const Now& now() const { return now_; }

    void server_starts();
    void server_crashes() { server_.reset(); }
    ServerHost& server() { return *server_; }
    bool server_runs() const { return server_ != nullptr; }

    // Starts the program at a new address.
    Person& enters(std::string name);
    Stranger& stranger_comes();
    Endpoint new_address();
    const std::vector<std::unique_ptr<Person>>& people() const { return people_; }

    void announces(std::string text);
    server::ControlReply commands(std::string text);

    void passes(Duration time);
    // False if it does not come true in that time.
    bool passes_until(const std::function<bool()>& come_true, Duration limit);

    // The first broken promise, of the server in any of its lives or of a person.
    const std::optional<std::string>& broken() const { return broken_; }

  private:
    std::optional<Instant> next_event() const;
    void jump_to(Instant at);
    void everybody_acts();
    void look_for_broken();

    Now now_{{seconds(1000).us}, {1'760'000'000'000}};
    Dice dice_;
    Network network_;
    ServerSettings settings_;
    std::unique_ptr<ServerHost> server_;
    std::vector<std::unique_ptr<Person>> people_;
    std::vector<std::unique_ptr<Stranger>> strangers_;
    std::uint16_t last_port_ = 40'000;
    std::optional<std::string> broken_;
};

}  // namespace chat::simulation
