// SPDX-License-Identifier: MIT
#include "tests/relay/traffic.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <tuple>
#include <utility>

#include "tests/simulation/dice.h"

namespace chat::relay {
namespace {

using simulation::Dice;

// The map's node, the vector and the socket's share; an empty datagram is not free.
constexpr std::size_t packet_overhead_bytes = 256;

// Loopback's last host that is not its broadcast address in a /24.
constexpr std::uint8_t host_max = 254;

std::uint64_t seed_for(std::uint64_t seed, std::size_t client, Way way) {
    const std::uint64_t link = std::uint64_t{client} * 2 + (way == Way::up ? 0U : 1U);
    return Dice(Dice(seed).next() + link).next();
}

bool send_now(sys::SendBatch& batch, const Path& path, std::span<const std::byte> bytes) {
    if (batch.blocked()) batch.flush();
    const std::uint64_t dropped = batch.counters().dropped;
    if (!batch.send(path, bytes)) return false;
    batch.flush();
    return batch.counters().dropped == dropped;
}

// Errors queued on a bound socket keep it readable; nobody here wants to know them.
void forget_icmp(sys::UdpSocket& socket) {
    std::array<Endpoint, 16> room;
    socket.take_unreachable(room);
}

}  // namespace

Traffic::Traffic(sys::UdpSocket listener, const Endpoint& server, std::uint64_t seed, Instant start,
                 std::optional<Recording> recording)
    : listener_(std::move(listener)),
      to_clients_(listener_, 1),
      server_(server),
      seed_(seed),
      start_(start),
      recording_(std::move(recording)) {}

void Traffic::watch(sys::PollSet& poll) {
    poll.add(listener_.fd(), true);
    for (auto& [address, client] : clients_)
        client.upstream->poll_index = poll.add(client.upstream->socket.fd(), true);
    for (const Source& source : old_upstreams_)
        source->poll_index = poll.add(source->socket.fd(), true);
}

bool Traffic::receive(const sys::PollSet& poll, Instant now) {
    // Whoever is read from may make a newcomer displace somebody.
    std::vector<Source> ready;
    for (const auto& [address, client] : clients_) {
        if (poll.readable(client.upstream->poll_index)) ready.push_back(client.upstream);
    }
    for (const Source& source : old_upstreams_) {
        if (poll.readable(source->poll_index)) ready.push_back(source);
    }
    bool any = false;
    for (const Source& source : ready)
        any = receive_from_server(source, now) || any;
    any = receive_from_clients(now) || any;
    if (any && recording_) recording_->flush();
    return any;
}

bool Traffic::receive_from_clients(Instant now) {
    forget_icmp(listener_);
    const auto received = listener_.receive(batch_);
    if (!received) return false;
    for (const ReceivedDatagram& datagram : *received) {
        Client* client = client_at(datagram.path, now);
        if (client == nullptr) continue;
        record(Recording::Kind::up, client->number, now, datagram.bytes);
        enter(client->up, up_,
              {client->upstream, client->path, {datagram.bytes.begin(), datagram.bytes.end()}},
              now);
    }
    return !received->empty();
}

bool Traffic::receive_from_server(const Source& source, Instant now) {
    forget_icmp(source->socket);
    const auto received = source->socket.receive(batch_);
    if (!received) return false;
    Client* client = client_numbered(source->client);
    const bool stray = client == nullptr || client->upstream != source;
    for (const ReceivedDatagram& datagram : *received) {
        if (datagram.path.peer != server_) continue;
        if (stray) {
            ++stray_;
            record(Recording::Kind::stray, source->client, now, datagram.bytes);
            continue;
        }
        record(Recording::Kind::down, source->client, now, datagram.bytes);
        enter(client->down, down_,
              {nullptr, client->path, {datagram.bytes.begin(), datagram.bytes.end()}}, now);
    }
    return !received->empty();
}

void Traffic::enter(Impairment& link, Direction& direction, const Packet& packet, Instant now) {
    for (auto& copy : link.carry(now, packet.bytes)) {
        const std::size_t cost = copy.bytes.size() + packet_overhead_bytes;
        if (in_flight_bytes_ + cost > in_flight_bytes_max) {
            ++direction.refused;
            continue;
        }
        in_flight_bytes_ += cost;
        ++direction.waiting;
        in_flight_.emplace(copy.at, Packet{packet.upstream, packet.path, std::move(copy.bytes)});
    }
}

std::optional<Instant> Traffic::next_delivery() const {
    if (in_flight_.empty()) return std::nullopt;
    return in_flight_.begin()->first;
}

void Traffic::deliver_due(Instant now) {
    while (!in_flight_.empty() && in_flight_.begin()->first <= now) {
        const Packet& packet = in_flight_.begin()->second;
        Direction& direction = packet.upstream ? up_ : down_;
        --direction.waiting;
        in_flight_bytes_ -= packet.bytes.size() + packet_overhead_bytes;
        ++(send(packet) ? direction.out : direction.refused);
        in_flight_.erase(in_flight_.begin());
    }
}

bool Traffic::send(const Packet& packet) {
    if (packet.upstream) return send_now(packet.upstream->out, {server_, {}}, packet.bytes);
    return send_now(to_clients_, packet.path, packet.bytes);
}

sys::Result<Traffic::Source> Traffic::open_upstream(std::size_t client,
                                                    std::optional<IpAddress> ip) {
    Endpoint local;
    if (ip) {
        local.ip = *ip;
    } else if (server_.ip.is_v4()) {
        local.ip =
            server_.ip.is_loopback() ? IpAddress::v4(127, 0, 0, 1) : IpAddress::v4(0, 0, 0, 0);
    }
    auto socket = sys::UdpSocket::bind(local);
    if (!socket) return std::unexpected(std::move(socket.error()));
    return std::make_shared<Upstream>(std::move(*socket), client);
}

Traffic::Client* Traffic::client_at(const Path& path, Instant now) {
    auto found = clients_.find(path.peer);
    if (found == clients_.end()) {
        auto upstream = open_upstream(last_number_ + 1, std::nullopt);
        if (!upstream) {
            ++turned_away_;
            return nullptr;
        }
        if (clients_.size() == clients_max) displace_one();
        const std::size_t number = ++last_number_;
        Client client{number,
                      path,
                      std::move(*upstream),
                      Impairment(seed_for(seed_, number, Way::up)),
                      Impairment(seed_for(seed_, number, Way::down)),
                      now};
        client.up.set_conditions(up_.conditions);
        client.down.set_conditions(down_.conditions);
        found = clients_.emplace(path.peer, std::move(client)).first;
    }
    found->second.last_heard = now;
    return &found->second;
}

Traffic::Client* Traffic::client_numbered(std::size_t number) {
    const auto found = std::ranges::find_if(
        clients_, [&](const auto& entry) { return entry.second.number == number; });
    return found == clients_.end() ? nullptr : &found->second;
}

void Traffic::displace_one() {
    const auto silent = std::ranges::min_element(clients_, {}, [](const auto& entry) {
        return std::tuple(entry.second.last_heard, entry.second.number);
    });
    up_.gone += silent->second.up.counters();
    down_.gone += silent->second.down.counters();
    give_up(silent->second.upstream);
    clients_.erase(silent);
    ++displaced_;
}

void Traffic::give_up(Source upstream) {
    old_upstreams_.push_back(std::move(upstream));
    if (old_upstreams_.size() > old_upstreams_max) old_upstreams_.pop_front();
}

void Traffic::set_conditions(const SetConditions& command) {
    if (command.up) command.apply(up_.conditions);
    if (command.down) command.apply(down_.conditions);
    for (auto& [address, client] : clients_) {
        client.up.set_conditions(up_.conditions);
        client.down.set_conditions(down_.conditions);
    }
}

std::optional<std::string> Traffic::rebind(const Rebind& command) {
    if (command.client) {
        Client* client = client_numbered(*command.client);
        if (client == nullptr) return fmt::format("there is no client {}", *command.client);
        return rebind(*client, command.address);
    }
    for (auto& [address, client] : clients_) {
        if (auto problem = rebind(client, command.address)) return problem;
    }
    return std::nullopt;
}

std::optional<std::string> Traffic::rebind(Client& client, bool address) {
    if (address) {
        if (!server_.ip.is_v4() || !server_.ip.is_loopback()) {
            return "another address can be had only towards a server on 127.0.0.1";
        }
        last_host_ =
            last_host_ == host_max ? std::uint8_t{2} : static_cast<std::uint8_t>(last_host_ + 1);
    }
    // 'port' keeps the address that an earlier 'address' chose.
    const IpAddress ip =
        address ? IpAddress::v4(127, 0, 0, last_host_) : client.upstream->socket.local().ip;
    auto upstream = open_upstream(client.number, ip);
    if (!upstream) return upstream.error().sentence();
    give_up(std::exchange(client.upstream, std::move(*upstream)));
    ++rebinds_;
    return std::nullopt;
}

std::optional<std::string> Traffic::inject(const Inject& command) {
    Packet packet{nullptr, {}, command.bytes};
    if (command.way) {
        const Client* client = client_numbered(command.client);
        if (client == nullptr) return fmt::format("there is no client {}", command.client);
        packet.path = client->path;
        if (command.way == Way::up) packet.upstream = client->upstream;
    } else {
        // Numbered 0, which no client is: whatever is answered is stray.
        auto upstream = open_upstream(0, std::nullopt);
        if (!upstream) return upstream.error().sentence();
        packet.upstream = *upstream;
        give_up(*upstream);
    }
    if (!send(packet)) return "the kernel did not take the datagram";
    ++injected_;
    return std::nullopt;
}

void Traffic::record(Recording::Kind kind, std::size_t client, Instant now,
                     std::span<const std::byte> bytes) {
    if (recording_) recording_->add(kind, client, now - start_, bytes);
}

std::string Traffic::stats() const {
    return fmt::format(
        R"({{"clients":{},"displaced":{},"turned_away":{},"rebinds":{},"injected":{},"stray":{},)"
        R"("recording_complete":{},"up":{},"down":{}}})",
        clients_.size(), displaced_, turned_away_, rebinds_, injected_, stray_,
        !recording_ || recording_->complete(), stats_of(up_, &Client::up),
        stats_of(down_, &Client::down));
}

std::string Traffic::stats_of(const Direction& direction, Impairment Client::* link) const {
    simulation::ImpairmentCounters sum = direction.gone;
    for (const auto& [address, client] : clients_)
        sum += (client.*link).counters();
    return fmt::format(
        R"({{"in":{},"out":{},"lost":{},"queue_drops":{},"waiting":{},"duplicated":{},)"
        R"("reordered":{},"truncated":{},"extended":{},"flipped":{}}})",
        sum.entered, direction.out, sum.lost, sum.queue_drops + direction.refused,
        direction.waiting, sum.duplicated, sum.reordered, sum.truncated, sum.extended, sum.flipped);
}

}  // namespace chat::relay
