// SPDX-License-Identifier: MIT
// Who is in a room, and which rooms there are, page by page in the order of the folded names. A
// page costs about what is on it: a large room's is read off the list of all who are here, a small
// one's off its own seats.
#include <algorithm>
#include <string>
#include <vector>

#include "chat-server/core/limits.h"
#include "chat-server/core/secure_delivery.h"
#include "proto/wire/limits.h"
#include "proto/wire/name.h"
#include "proto/wire/text.h"

namespace chat::server {
namespace {

constexpr std::size_t members_head_bytes = frame::header_bytes + 4 + 8 + 1 + 1 + 1;
constexpr std::size_t rooms_head_bytes = frame::header_bytes + 1 + 1 + 1;
constexpr std::size_t listed_name_bytes = 2;
constexpr std::size_t listed_room_bytes = 1 + 4 + 1 + 1;
// Of those who are here, the share that has to be in a room for their list to be used.
constexpr std::size_t walked_share = 8;

std::string key_after(std::string_view name) {
    return name.empty() ? std::string() : name_key(name);
}

// Calls visit(name, flags) in the order of the names after this key, until it returns false.
template <class Visit>
void for_each_here_after(const std::string& key, const Room& room, const Chat& chat, Visit visit) {
    chat.roster().for_each_after(key, [&](MemberIndex index) {
        const Member& member = chat.roster()[index];
        if (member.person == 0) {
            const bool here = member.listed && room.id() == Chat::lobby_id;
            return !here || visit(member.name, frame::flag_unverified);
        }
        const Seat* const seat = chat.find_seat(room.id(), member.person);
        return seat == nullptr || !seat->present || visit(member.name, std::uint8_t{0});
    });
}

template <class Visit>
void for_each_seat_after(const std::string& key, const Room& room, const Chat& chat, Visit visit) {
    std::vector<PersonId> people;
    for (const Seat& seat : room.seats()) {
        const bool here = seat.present || room.kind() == RoomKind::conversation;
        if (here && chat.people()[seat.person].name_key > key) people.push_back(seat.person);
    }
    const auto name_key_of = [&](PersonId person) -> const std::string& {
        return chat.people()[person].name_key;
    };
    // No page has more, and one of the next page shows that there is one.
    const std::size_t count = std::min<std::size_t>(people.size(), UINT8_MAX + 1);
    const auto end = people.begin() + static_cast<std::ptrdiff_t>(count);
    std::ranges::partial_sort(people, end, {}, name_key_of);
    for (auto i = people.begin(); i != end; ++i) {
        if (!visit(chat.people()[*i].name, std::uint8_t{0})) return;
    }
}

std::size_t here_in(const Room& room, const Chat& chat) {
    std::size_t count = room.present();
    if (room.id() != Chat::lobby_id) return count;
    chat.roster().for_each([&](MemberIndex index) {
        const Member& member = chat.roster()[index];
        if (member.person == 0 && member.listed) ++count;
    });
    return count;
}

}  // namespace

bool SecureDelivery::write_members(Packet& packet, const Requests::Members& wanted,
                                   const Chat& chat) {
    const std::string_view after = wanted.after.view();
    const std::size_t head_bytes = members_head_bytes + after.size();
    // Else with the next datagram.
    if (packet.room() < head_bytes + listed_name_bytes + name_bytes_max) return false;
    const std::size_t bytes_max = packet.room() - head_bytes;
    const Room& room = chat.room(wanted.room);
    frame::Members members;
    members.room = wanted.room;
    members.as_of = room.head();
    members.after = after;
    members.last = true;
    list_.clear();
    const auto visit = [&](std::string_view name, std::uint8_t flags) {
        members.last = members.count < UINT8_MAX &&
                       list_.size() + listed_name_bytes + name.size() <= bytes_max;
        if (!members.last) return false;
        frame::append_member_name({flags, name}, list_);
        ++members.count;
        return true;
    };
    const std::string key = key_after(after);
    if (room.id() == Chat::lobby_id || room.present() * walked_share > chat.roster().size()) {
        for_each_here_after(key, room, chat, visit);
    } else {
        for_each_seat_after(key, room, chat, visit);
    }
    members.names = list_;
    return packet.add(members);
}

bool SecureDelivery::write_rooms(Packet& packet, const Peer& peer, std::string_view after,
                                 const Chat& chat) {
    const std::size_t head_bytes = rooms_head_bytes + after.size();
    const std::size_t one_bytes_max =
        listed_room_bytes + name_bytes_max + frame::listed_topic_bytes_max;
    if (packet.room() < head_bytes + one_bytes_max) return false;
    const std::size_t bytes_max = packet.room() - head_bytes;
    const PersonId person = chat.roster()[peer.member].person;
    frame::Rooms rooms;
    rooms.after = after;
    rooms.last = true;
    list_.clear();
    chat.for_each_named_after(key_after(after), [&](RoomId id) {
        const Room& room = chat.room(id);
        if (room.head() == 1 && id != Chat::lobby_id) return true;  // not stored yet
        frame::ListedRoom one;
        one.name = room.name();
        one.topic = prefix_within(room.topic(), frame::listed_topic_bytes_max);
        rooms.last =
            rooms.count < UINT8_MAX &&
            list_.size() + listed_room_bytes + one.name.size() + one.topic.size() <= bytes_max;
        if (!rooms.last) return false;
        one.members = static_cast<std::uint32_t>(here_in(room, chat));
        if (chat.find_seat(id, person) != nullptr) one.flags = frame::listed_room_is_his;
        frame::append_listed_room(one, list_);
        ++rooms.count;
        return true;
    });
    rooms.rooms = list_;
    return packet.add(rooms);
}

}  // namespace chat::server
