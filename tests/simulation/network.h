// SPDX-License-Identifier: MIT
// A network made of virtual time and seeded misfortune: every datagram goes through the same
// impairment (tests/support/impairment.h), which loses, delays, doubles, reorders and damages as
// its conditions say. A datagram to an address where nobody listens comes back to its sender as
// ICMP "port unreachable" and fares no better. Equal delivery times keep the order of sending, so
// a network without jitter and reordering reorders nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <span>
#include <vector>

#include "proto/wire/endpoint.h"
#include "proto/wire/time.h"
#include "tests/support/impairment.h"

namespace chat::simulation {

struct Datagram {
    Endpoint from;
    Endpoint to;
    std::vector<std::byte> bytes;
};

class Host {
  public:
    virtual ~Host() = default;
    virtual void on_datagram(const Datagram& datagram) = 0;
    virtual void on_port_unreachable(const Endpoint& peer) = 0;
};

class Network {
  public:
    enum class Fate : std::uint8_t { delivered, lost, unreachable };
    using Observer = std::function<void(Instant now, const Datagram& datagram, Fate fate)>;

    explicit Network(std::uint64_t seed) : impairment_(seed) {}

    void set_conditions(const Conditions& conditions) { impairment_.set_conditions(conditions); }
    // Nothing reaches this address or leaves it, and nobody is told.
    void set_blackout(const Endpoint& address, bool dark);
    void observe(Observer observer) { observers_.push_back(std::move(observer)); }

    void listen(const Endpoint& address, Host& host) { hosts_[address] = &host; }
    void close(const Endpoint& address) { hosts_.erase(address); }

    void send(Instant now, const Endpoint& from, const Endpoint& to,
              std::span<const std::byte> bytes);
    std::optional<Instant> next_delivery() const;
    void deliver_due(Instant now);

  private:
    struct Packet {
        Instant at;
        std::uint64_t number = 0;
        bool is_icmp = false;  // `from` is then the address where nobody listens
        Datagram datagram;

        friend bool operator>(const Packet& a, const Packet& b) {
            return a.at != b.at ? a.at > b.at : a.number > b.number;
        }
    };

    // False if nothing of it will arrive.
    bool post(Instant now, bool is_icmp, const Datagram& datagram);
    void arrive(Instant now, const Packet& packet);
    void tell(Instant now, const Datagram& datagram, Fate fate) const;

    Impairment impairment_;
    std::set<Endpoint> dark_;
    std::map<Endpoint, Host*> hosts_;
    std::priority_queue<Packet, std::vector<Packet>, std::greater<>> in_flight_;
    std::uint64_t last_number_ = 0;
    std::vector<Observer> observers_;
};

}  // namespace chat::simulation
