// SPDX-License-Identifier: MIT
#include "bench/fan_out/scripted_room.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory_resource>
#include <utility>

namespace chat::bench {
namespace {

constexpr Duration turn_time = milliseconds(1);
// A script that has not come to its end by then never will.
constexpr int settle_turns_max = 20'000;

server::ServerSecrets secrets(RandomSource& random) {
    server::ServerSecrets secrets;
    secrets.identity = KeyPair::generate(random);
    return secrets;
}

}  // namespace

bool Wire::send(const Path& path, std::span<const std::byte> datagram) {
    if (meter_ != nullptr) meter_->pause();
    if (used_ == datagrams_.size()) datagrams_.emplace_back();
    Datagram& kept = datagrams_[used_++];
    kept.path = path;
    kept.bytes.assign(datagram.begin(), datagram.end());
    if (meter_ != nullptr) meter_->resume();
    return true;
}

ScriptedRoom::ScriptedRoom(std::uint64_t seed, std::uint32_t members, Meter& meter)
    : random_(seed),
      meter_(meter),
      down_(&meter),
      delivering_(&meter),
      server_(server::ServerConfig{}, secrets(random_), random_, *std::pmr::new_delete_resource(),
              [](const Endpoint&) { return std::string(); }) {
    server_.restore(now_, *log_.load(now_.wall));
    for (std::uint32_t i = 0; i < members; ++i)
        members_.emplace_back(i, random_);
}

Member& ScriptedRoom::member_at(const Path& path) {
    return members_[Member::number_at(path)];
}

void ScriptedRoom::join(std::uint32_t at_once) {
    for (std::size_t begun = 0; begun < members_.size();) {
        for (std::uint32_t i = 0; i < at_once && begun < members_.size(); ++i)
            members_[begun++].begin(now_);
        turn();
    }
    settle();
}

void ScriptedRoom::say(std::uint32_t member, std::size_t text_bytes) {
    std::string text = "message " + std::to_string(++said_);
    text.resize(text_bytes, '.');
    members_[member].say(std::move(text));
}

void ScriptedRoom::turn() {
    now_.at = now_.at + turn_time;
    now_.wall.unix_ms += 1;
    std::swap(up_, arriving_);
    std::swap(down_, delivering_);
    server_turn();
    for (Wire::Datagram& datagram : delivering_.all())
        member_at(datagram.path).on_datagram(now_, datagram.bytes);
    datagrams_ += delivering_.all().size();
    delivering_.clear();
    for (Member& member : members_)
        member.poll_transmit(now_, up_);
}

void ScriptedRoom::server_turn() {
    const auto deadline = server_.next_deadline();
    const bool due = deadline && now_.at >= *deadline;
    if (arriving_.empty() && !due) return;
    received_.clear();
    for (Wire::Datagram& datagram : arriving_.all())
        received_.push_back({datagram.path, datagram.bytes});
    meter_.on();
    server_.on_datagrams(now_, received_);
    if (due) server_.on_deadline(now_);
    drive();
    meter_.off();
    arriving_.clear();
}

void ScriptedRoom::drive() {
    while (const server::Changes* changes = server_.take_changes(now_)) {
        meter_.pause();
        const auto seqs = log_.commit(*changes);
        meter_.resume();
        server_.on_committed(now_, *seqs);
    }
    while (server_.poll_transmit(now_, down_)) {
    }
    server_.take_events();
}

bool ScriptedRoom::all_have_all() const {
    const server::Seq head = server_.chat().lobby().head();
    return std::ranges::all_of(
        members_, [head](const Member& member) { return member.is_in() && member.next() == head; });
}

void ScriptedRoom::settle() {
    int left = settle_turns_max;
    do {
        turn();
        if (--left == 0) {
            std::fprintf(stderr, "the script went wrong: somebody does not get everything\n");
            std::exit(1);
        }
    } while (!up_.empty() || !down_.empty() || !server_.idle() || !all_have_all());
}

std::uint64_t ScriptedRoom::delivered() const {
    std::uint64_t all = 0;
    for (const Member& member : members_)
        all += member.delivered();
    return all;
}

}  // namespace chat::bench
