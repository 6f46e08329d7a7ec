// SPDX-License-Identifier: MIT
#include "chat-client/core/joins.h"

#include <algorithm>

#include "chat-client/core/event.h"
#include "proto/wire/name.h"

namespace chat::client {

std::optional<PendingJoin> Joins::parse(std::string_view room) {
    PendingJoin join;
    if (is_conversation(room)) {
        join.kind = frame::RoomKind::conversation;
        room.remove_prefix(1);
    }
    if (!check_name(room)) return std::nullopt;
    join.name = room;
    return join;
}

PendingJoin* Joins::find(std::string_view key) {
    const auto wanted = std::ranges::find(joins_, key, &Wanted::key);
    return wanted == joins_.end() ? nullptr : &wanted->join;
}

bool Joins::add(const std::string& key, const PendingJoin& join) {
    if (PendingJoin* known = find(key)) {
        known->by_user |= join.by_user;
        known->then_part = false;
        known->at.reset();
        return true;
    }
    if (joins_.size() >= joins_max) return false;
    joins_.push_back({key, join});
    return true;
}

std::optional<PendingJoin> Joins::take(std::string_view key) {
    const auto wanted = std::ranges::find(joins_, key, &Wanted::key);
    if (wanted == joins_.end()) return std::nullopt;
    PendingJoin taken = std::move(wanted->join);
    joins_.erase(wanted);
    return taken;
}

bool Joins::open() const {
    return std::ranges::any_of(joins_, [](const Wanted& wanted) { return !wanted.join.at; });
}

bool Joins::open_for_user() const {
    return std::ranges::any_of(joins_, [](const Wanted& wanted) { return wanted.join.by_user; });
}

void Joins::ask_again() {
    for (auto& wanted : joins_)
        wanted.join.asked = false;
}

std::size_t Joins::first(Instant now) const {
    const auto wanted = std::ranges::find_if(
        joins_, [now](const Wanted& each) { return !each.join.at || now >= *each.join.at; });
    return static_cast<std::size_t>(wanted - joins_.begin());
}

bool Joins::wants_to_ask(Instant now) const {
    const std::size_t turn = first(now);
    return turn < joins_.size() && !joins_[turn].join.asked;
}

std::optional<Instant> Joins::due() const {
    std::optional<Instant> next;
    for (const auto& wanted : joins_) {
        const PendingJoin& join = wanted.join;
        if (!join.asked && join.at) next = std::min(next.value_or(*join.at), *join.at);
    }
    return next;
}

bool Joins::write(Instant now, Writer& writer) {
    if (!wants_to_ask(now)) return false;
    PendingJoin& join = joins_[first(now)].join;
    if (!frame::write(writer, frame::Join{join.kind, join.name})) return false;
    join.asked = true;
    join.at.reset();
    return true;
}

}  // namespace chat::client
