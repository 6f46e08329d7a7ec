// SPDX-License-Identifier: MIT
#include "tests/simulation/network.h"

#include <utility>

namespace chat::simulation {

void Network::set_blackout(const Endpoint& address, bool dark) {
    if (dark) {
        dark_.insert(address);
    } else {
        dark_.erase(address);
    }
}

void Network::tell(Instant now, const Datagram& datagram, Fate fate) const {
    for (const auto& observer : observers_)
        observer(now, datagram, fate);
}

void Network::send(Instant now, const Endpoint& from, const Endpoint& to,
                   std::span<const std::byte> bytes) {
    const Datagram datagram{from, to, {bytes.begin(), bytes.end()}};
    if (dark_.contains(from) || !post(now, false, datagram)) tell(now, datagram, Fate::lost);
}

bool Network::post(Instant now, bool is_icmp, const Datagram& datagram) {
    auto copies = impairment_.carry(now, datagram.bytes);
    for (Delivery& copy : copies) {
        in_flight_.push({copy.at,
                         ++last_number_,
                         is_icmp,
                         {datagram.from, datagram.to, std::move(copy.bytes)}});
    }
    return !copies.empty();
}

std::optional<Instant> Network::next_delivery() const {
    if (in_flight_.empty()) return std::nullopt;
    return in_flight_.top().at;
}

void Network::deliver_due(Instant now) {
    while (!in_flight_.empty() && in_flight_.top().at <= now) {
        const Packet packet = in_flight_.top();
        in_flight_.pop();
        arrive(now, packet);
    }
}

void Network::arrive(Instant now, const Packet& packet) {
    const Datagram& datagram = packet.datagram;
    if (dark_.contains(datagram.to)) return tell(now, datagram, Fate::lost);
    const auto found = hosts_.find(datagram.to);
    if (packet.is_icmp) {
        if (found != hosts_.end()) found->second->on_port_unreachable(datagram.from);
        return;
    }
    if (found != hosts_.end()) {
        tell(now, datagram, Fate::delivered);
        return found->second->on_datagram(datagram);
    }
    tell(now, datagram, Fate::unreachable);
    post(now, true, {datagram.to, datagram.from, {}});
}

}  // namespace chat::simulation
