// SPDX-License-Identifier: MIT
#include "chat-server/core/requests.h"

#include <algorithm>
#include <cassert>

#include "chat-server/core/limits.h"

namespace chat::server {

NameText::NameText(std::string_view text) : size(static_cast<std::uint8_t>(text.size())) {
    assert(text.size() <= bytes.size());
    std::ranges::copy(text, bytes.begin());
}

void Requests::ask_members(RoomId room, std::string_view after) {
    const auto same = std::ranges::find(members, room, &Members::room);
    if (same != members.end()) {
        same->after = NameText(after);
    } else if (members.size() < requests_max) {
        members.push_back({room, NameText(after)});
    }
}

void Requests::refuse(const RefusedRoom& room) {
    const auto same = std::ranges::find_if(refused, [&](const RefusedRoom& one) {
        return one.kind == room.kind && one.name.view() == room.name.view();
    });
    if (same != refused.end()) {
        *same = room;
    } else if (refused.size() < requests_max) {
        refused.push_back(room);
    }
}

void Requests::part(RoomId room) {
    const bool said = std::ranges::find(parted, room) != parted.end();
    if (!said && parted.size() < requests_max) parted.push_back(room);
}

}  // namespace chat::server
