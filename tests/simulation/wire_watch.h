// SPDX-License-Identifier: MIT
// Watches every datagram as it leaves a host, before the network spoils it, and keeps what an
// outsider can check: no key seals two datagrams under one counter, nothing is longer than a
// datagram may be, and an address that cannot have proved that it receives gets no more datagrams
// and no more bytes from the server than came from it. It also keeps a sample of what passed, for
// whoever wants to play it back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "proto/wire/endpoint.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/network.h"

namespace chat::simulation {

class WireWatch {
  public:
    WireWatch(const Endpoint& server, std::uint64_t seed) : server_(server), dice_(seed) {}

    // An honest host sends; `as` is the true sender even where the source address is forged.
    void on_sent(const Endpoint& from, const Endpoint& to, std::span<const std::byte> datagram);
    // Something reached the server, or reached an address from the server.
    void on_delivered(const Datagram& datagram);

    // Nothing is known to receive at this address, ever: it proves nothing whatever is sent there.
    void add_victim(const Endpoint& address) { accounts_[address].is_victim = true; }

    // Something that passed earlier; nothing if nothing has.
    const Datagram* recorded(Dice& dice) const;
    const std::optional<std::string>& broken() const { return broken_; }
    std::uint64_t challenges_to_victims() const { return challenges_; }

  private:
    struct Account {
        bool is_victim = false;
        bool has_received = false;  // so it may have proved itself
        std::uint64_t datagrams_in = 0, datagrams_out = 0, bytes_in = 0, bytes_out = 0;
    };
    static constexpr std::size_t recorded_max = 512;

    void check_counter(bool to_server, std::span<const std::byte> datagram);
    void promise(bool kept, std::string_view what);

    Endpoint server_;
    Dice dice_;
    std::map<Endpoint, Account> accounts_;
    // Direction, session id -> the next counter that may be used.
    std::map<std::pair<bool, std::uint32_t>, std::uint64_t> next_counter_;
    std::vector<Datagram> recorded_;
    std::uint64_t seen_ = 0;
    std::uint64_t challenges_ = 0;
    std::optional<std::string> broken_;
};

}  // namespace chat::simulation
