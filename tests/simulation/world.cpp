// SPDX-License-Identifier: MIT
#include "tests/simulation/world.h"

#include <algorithm>

namespace chat::simulation {
namespace {

constexpr Endpoint server_address{IpAddress::v4(10, 0, 0, 1), 8888};

}  // namespace

void Stranger::sends(std::string_view text) {
    network_.send(now_.at, address_, server_, std::as_bytes(std::span(text.data(), text.size())));
}

void Stranger::on_datagram(const Datagram& datagram) {
    received_.emplace_back(reinterpret_cast<const char*>(datagram.bytes.data()),
                           datagram.bytes.size());
}

World::World(std::uint64_t seed, const ServerSettings& settings)
    : dice_(seed), network_(dice_.next()), settings_(settings) {
    server_starts();
}

void World::server_starts() {
    server_.reset();
    server_ = std::make_unique<ServerHost>(network_, now_, server_address, dice_.next(), settings_);
}

// Every other one on the server's own host, where one "port unreachable" is proof enough.
Endpoint World::new_address() {
    const std::uint16_t port = ++last_port_;
    return {port % 2 == 0 ? IpAddress::v4(127, 0, 0, 1) : IpAddress::v4(10, 0, 0, 2), port};
}

Person& World::enters(std::string name) {
    people_.push_back(
        std::make_unique<Person>(network_, now_, new_address(), server_address, dice_.next()));
    people_.back()->logs_in(std::move(name));
    return *people_.back();
}

Stranger& World::stranger_comes() {
    strangers_.push_back(std::make_unique<Stranger>(network_, now_, new_address(), server_address));
    return *strangers_.back();
}

void World::announces(std::string text) {
    server_->on_control({server::ControlRequest::Kind::announce, 1, std::move(text)});
    everybody_acts();
}

server::ControlReply World::commands(std::string text) {
    server_->take_replies();
    server_->on_control({server::ControlRequest::Kind::command, 2, std::move(text)});
    everybody_acts();
    const auto replies = server_->take_replies();
    return replies.empty() ? server::ControlReply{false, true, 0, "no reply"} : replies.back();
}

std::optional<Instant> World::next_event() const {
    auto next = network_.next_delivery();
    const auto consider = [&next](std::optional<Instant> at) {
        if (at) next = std::min(next.value_or(*at), *at);
    };
    if (server_) consider(server_->next_deadline());
    for (const auto& person : people_) {
        if (person->is_there()) consider(person->next_deadline());
    }
    return next;
}

void World::jump_to(Instant at) {
    const Duration passed = std::max(at, now_.at) - now_.at;
    now_.at = now_.at + passed;
    now_.wall.unix_ms = 1'760'000'000'000 + now_.at.us / 1000;
}

void World::everybody_acts() {
    if (server_ && server_->wants_turn()) server_->turn();
    for (const auto& person : people_) {
        if (person->wants_turn()) person->turn();
    }
    look_for_broken();
}

void World::look_for_broken() {
    if (!broken_ && server_) broken_ = server_->ledger().broken();
    for (const auto& person : people_) {
        if (!broken_) broken_ = person->broken();
    }
}

void World::passes(Duration time) {
    passes_until([] { return false; }, time);
}

bool World::passes_until(const std::function<bool()>& come_true, Duration limit) {
    const Instant end = now_.at + limit;
    while (!broken_) {
        if (come_true()) return true;
        const auto next = next_event();
        if (!next || *next > end) {
            jump_to(end);
            return come_true();
        }
        jump_to(*next);
        network_.deliver_due(now_.at);
        everybody_acts();
    }
    return false;
}

}  // namespace chat::simulation
