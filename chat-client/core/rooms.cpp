// SPDX-License-Identifier: MIT
#include "chat-client/core/rooms.h"

#include <utility>

#include "chat-client/core/event.h"

namespace chat::client {

Membership* Rooms::find(std::uint32_t number) {
    const auto found = by_number_.find(number);
    return found == by_number_.end() ? nullptr : &found->second;
}

const Membership* Rooms::find(std::uint32_t number) const {
    const auto found = by_number_.find(number);
    return found == by_number_.end() ? nullptr : &found->second;
}

Membership* Rooms::find(std::string_view name) {
    const auto found = by_key_.find(room_key(name));
    return found == by_key_.end() ? nullptr : find(found->second);
}

Membership* Rooms::add(std::uint32_t number, const std::string& name, frame::RoomKind kind,
                       std::uint64_t next) {
    if (by_number_.size() >= rooms_max || by_number_.contains(number)) return nullptr;
    if (!by_key_.emplace(room_key(name), number).second) return nullptr;
    return &by_number_
                .emplace(std::piecewise_construct, std::forward_as_tuple(number),
                         std::forward_as_tuple(number, name, kind, next))
                .first->second;
}

void Rooms::erase(std::uint32_t number) {
    const auto found = by_number_.find(number);
    if (found == by_number_.end()) return;
    by_key_.erase(room_key(found->second.room.name()));
    by_number_.erase(found);
}

void Rooms::clear() {
    by_number_.clear();
    by_key_.clear();
}

}  // namespace chat::client
