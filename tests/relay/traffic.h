// SPDX-License-Identifier: MIT
// The relay's sockets and everything between them: clients, the datagrams on their way, what has
// been counted. Every client has a link of its own in each direction, seeded by the relay's seed
// and the client's number alone, so that what befalls one client's datagrams does not depend on
// when the others send theirs. Towards the server every client has a socket of its own.
//
// A relay is a NAT and the network behind it: a datagram that has entered leaves from the address
// its client had then, even if it was rebound meanwhile. An address given up goes on existing for
// a while, but what comes to it is lost ("stray"), as behind a NAT that has forgotten. ICMP is not
// passed on in either direction.
//
// Bounded: clients_max clients (a newcomer then displaces the one silent for longest),
// in_flight_bytes_max on their way, old_upstreams_max addresses given up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "proto/wire/endpoint.h"
#include "sys/poll_set.h"
#include "sys/receive_batch.h"
#include "sys/send_batch.h"
#include "sys/udp_socket.h"
#include "tests/relay/recording.h"
#include "tests/relay/script.h"
#include "tests/support/impairment.h"

namespace chat::relay {

class Traffic {
  public:
    static constexpr std::size_t clients_max = 256;
    static constexpr std::size_t old_upstreams_max = 64;
    static constexpr std::size_t in_flight_bytes_max = std::size_t{256} * 1024 * 1024;

    Traffic(sys::UdpSocket listener, const Endpoint& server, std::uint64_t seed, Instant start,
            std::optional<Recording> recording);

    // What may become readable. Afterwards, once the set has waited: takes in what has come;
    // false if there was nothing.
    void watch(sys::PollSet& poll);
    bool receive(const sys::PollSet& poll, Instant now);

    std::optional<Instant> next_delivery() const;
    void deliver_due(Instant now);

    void set_conditions(const SetConditions& command);
    // What was wrong, in one sentence.
    std::optional<std::string> rebind(const Rebind& command);
    std::optional<std::string> inject(const Inject& command);

    // One line of JSON. In each direction: in + duplicated = out + lost + queue_drops + waiting.
    std::string stats() const;

  private:
    struct Upstream {
        explicit Upstream(sys::UdpSocket s, std::size_t number)
            : socket(std::move(s)), out(socket, 1), client(number) {}

        sys::UdpSocket socket;
        sys::SendBatch out;
        std::size_t client;
        std::size_t poll_index = 0;
    };
    using Source = std::shared_ptr<Upstream>;
    using Impairment = simulation::Impairment;

    struct Client {
        std::size_t number;
        Path path;
        Source upstream;
        Impairment up;
        Impairment down;
        Instant last_heard;
    };
    struct Packet {
        Source upstream;  // none: down
        Path path;        // of the client
        std::vector<std::byte> bytes;
    };
    struct Direction {
        Conditions conditions = perfect;
        simulation::ImpairmentCounters gone;  // of clients that were displaced
        std::uint64_t out = 0;
        std::uint64_t waiting = 0;
        std::uint64_t refused = 0;  // no room here or in the kernel; part of queue_drops
    };

    sys::Result<Source> open_upstream(std::size_t client, std::optional<IpAddress> ip);
    Client* client_at(const Path& path, Instant now);
    Client* client_numbered(std::size_t number);
    void displace_one();
    void give_up(Source upstream);
    std::optional<std::string> rebind(Client& client, bool address);

    bool receive_from_clients(Instant now);
    bool receive_from_server(const Source& source, Instant now);
    void enter(Impairment& link, Direction& direction, const Packet& packet, Instant now);
    bool send(const Packet& packet);
    void record(Recording::Kind kind, std::size_t client, Instant now,
                std::span<const std::byte> bytes);
    std::string stats_of(const Direction& direction, Impairment Client::* link) const;

    sys::UdpSocket listener_;
    sys::SendBatch to_clients_;
    Endpoint server_;
    std::uint64_t seed_;
    Instant start_;
    std::optional<Recording> recording_;
    sys::ReceiveBatch batch_;

    std::map<Endpoint, Client> clients_;
    std::size_t last_number_ = 0;
    std::deque<Source> old_upstreams_;  // oldest first
    std::uint8_t last_host_ = 1;        // of 127.0.0.x
    Direction up_;
    Direction down_;
    std::multimap<Instant, Packet> in_flight_;  // equal times keep their order
    std::size_t in_flight_bytes_ = 0;

    std::uint64_t displaced_ = 0;
    std::uint64_t turned_away_ = 0;  // no socket could be had for a newcomer
    std::uint64_t rebinds_ = 0;
    std::uint64_t injected_ = 0;
    std::uint64_t stray_ = 0;
};

}  // namespace chat::relay
