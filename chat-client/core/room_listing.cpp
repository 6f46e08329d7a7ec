// SPDX-License-Identifier: MIT
#include "chat-client/core/room_listing.h"

#include <iterator>
#include <utility>
#include <vector>

#include "proto/wire/name.h"

namespace chat::client {

void RoomListing::fetch() {
    if (std::exchange(fetching_, true)) return;
    asked_ = false;
    after_.clear();
    list_ = {};
}

std::optional<RoomList> RoomListing::on_rooms(const frame::Rooms& page) {
    if (!fetching_ || page.after != after_) return std::nullopt;
    std::vector<RoomList::Room> rooms;
    std::string last_key = after_.empty() ? std::string() : name_key(after_);
    auto rest = page.rooms;
    for (unsigned i = 0; i < page.count; ++i) {
        const auto room = frame::take_listed_room(rest);
        if (!room) return std::nullopt;
        std::string key = name_key(room->name);
        // Out of order it would never end.
        if (key <= last_key) return std::nullopt;
        last_key = std::move(key);
        rooms.push_back({std::string(room->name), std::string(room->topic), room->members,
                         (room->flags & frame::listed_room_is_his) != 0});
    }
    const bool last = page.last || list_.rooms.size() + rooms.size() >= rooms_max;
    if (rooms.empty() && !last) return std::nullopt;
    if (!rooms.empty()) after_ = rooms.back().name;
    std::ranges::move(rooms, std::back_inserter(list_.rooms));
    asked_ = false;
    if (!last) return std::nullopt;
    fetching_ = false;
    return std::exchange(list_, {});
}

}  // namespace chat::client
