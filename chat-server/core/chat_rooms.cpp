// SPDX-License-Identifier: MIT
// Chat's rooms: making them, who has a seat in which, and who will have once everything that waits
// for the log is committed.
#include <algorithm>
#include <cassert>
#include <utility>

#include "chat-server/core/chat.h"
#include "chat-server/core/limits.h"
#include "proto/wire/name.h"

namespace chat::server {
namespace {

std::pair<PersonId, PersonId> ordered(PersonId a, PersonId b) {
    return {std::min(a, b), std::max(a, b)};
}

}  // namespace

Chat::Chat(std::uint64_t hash_seed, std::size_t members_max)
    : members_max_(members_max), roster_(hash_seed) {
    make_room({lobby_id, RoomKind::named, std::string(lobby_name)}, name_key(lobby_name));
}

Room& Chat::make_room(const NewRoom& room, std::string name_key) {
    assert(room.id == rooms_.size() + 1);
    if (room.kind == RoomKind::named) {
        by_name_.emplace(name_key, room.id);
    } else {
        conversations_.emplace(std::pair(room.first, room.second), room.id);
    }
    rooms_.push_back({std::make_unique<Room>(room, std::move(name_key))});
    return *rooms_.back().room;
}

bool Chat::has_too_many(PersonId person, RoomKind kind) const {
    const auto rooms = planned_rooms(person);
    const auto count =
        std::ranges::count_if(rooms, [&](RoomId id) { return room(id).kind() == kind; });
    const std::size_t most =
        kind == RoomKind::named ? rooms_per_person_max : conversations_per_person_max;
    return static_cast<std::size_t>(count) >= most;
}

std::expected<void, RoomError> Chat::may_make_room(const Now& now, PersonId person) {
    if (rooms_.size() >= rooms_max) return std::unexpected(RoomError::too_many);
    if (!record(person).new_rooms.take(now.at, room_rate)) {
        return std::unexpected(RoomError::too_fast);
    }
    return {};
}

std::expected<RoomId, RoomError> Chat::open_named(const Now& now, MemberIndex member,
                                                  std::string_view name) {
    const PersonId person = roster_[member].person;
    assert(person != 0);
    if (!check_name(name)) return std::unexpected(RoomError::unusable_name);
    std::string key = name_key(name);
    const auto found = by_name_.find(key);
    // A room called like the administrator looks official. One that was made before that was a
    // rule stays.
    if (found == by_name_.end() && is_reserved_name(name)) {
        return std::unexpected(RoomError::unusable_name);
    }
    if (found != by_name_.end() && planned(found->second, person).member) return found->second;
    if (!can_store()) return std::unexpected(RoomError::cannot_store);
    if (has_too_many(person, RoomKind::named)) return std::unexpected(RoomError::too_many);
    if (found != by_name_.end()) return found->second;
    if (const auto allowed = may_make_room(now, person); !allowed) {
        return std::unexpected(allowed.error());
    }
    const NewRoom& made = waiting_.changes.rooms.emplace_back(
        static_cast<RoomId>(rooms_.size() + 1), RoomKind::named, std::string(name), 0, 0);
    return make_room(made, std::move(key)).id();
}

std::expected<RoomId, RoomError> Chat::open_conversation(const Now& now, MemberIndex member,
                                                         std::string_view with) {
    const PersonId person = roster_[member].person;
    assert(person != 0);
    const auto other = check_name(with) ? people_.find(name_key(with)) : std::nullopt;
    if (!other || *other == person) return std::unexpected(RoomError::nobody);
    const auto [first, second] = ordered(person, *other);
    const auto found = conversations_.find({first, second});
    if (found != conversations_.end()) return found->second;
    if (!can_store()) return std::unexpected(RoomError::cannot_store);
    if (has_too_many(person, RoomKind::conversation) ||
        has_too_many(*other, RoomKind::conversation)) {
        return std::unexpected(RoomError::too_many);
    }
    if (const auto allowed = may_make_room(now, person); !allowed) {
        return std::unexpected(allowed.error());
    }
    const NewRoom& made =
        waiting_.changes.rooms.emplace_back(static_cast<RoomId>(rooms_.size() + 1),
                                            RoomKind::conversation, std::string(), first, second);
    const RoomId id = make_room(made, {}).id();
    for (const PersonId one : {first, second}) {
        plan(id, one).member = true;
        waiting_.acts.push_back({.kind = Act::Kind::conversation, .room = id, .person = one});
    }
    return id;
}

// --- seats

Chat::PersonRecord& Chat::record(PersonId person) {
    if (records_.size() < person) records_.resize(std::max<std::size_t>(person, people_.size()));
    return records_[person - 1];
}

const Chat::Place* Chat::find_place(RoomId room, PersonId person) const {
    if (person == 0 || person > records_.size()) return nullptr;
    const auto& places = records_[person - 1].places;
    const auto found = std::ranges::lower_bound(places, room, {}, &Place::room);
    return found == places.end() || found->room != room ? nullptr : &*found;
}

const Seat* Chat::find_seat(RoomId id, PersonId person) const {
    const Place* place = find_place(id, person);
    return place == nullptr ? nullptr : &room(id).seats()[place->seat];
}

Seat* Chat::find_seat(RoomId id, PersonId person) {
    const Place* place = find_place(id, person);
    return place == nullptr ? nullptr : &room(id).seats()[place->seat];
}

std::vector<RoomId> Chat::rooms_of(PersonId person) const {
    std::vector<RoomId> rooms;
    if (person == 0 || person > records_.size()) return rooms;
    for (const Place& place : records_[person - 1].places)
        rooms.push_back(place.room);
    return rooms;
}

Chat::Plan Chat::planned(RoomId room, PersonId person) const {
    if (const auto found = plans_.find({person, room}); found != plans_.end()) {
        return found->second;
    }
    const Seat* seat = find_seat(room, person);
    return {seat != nullptr, seat != nullptr && seat->present, 0};
}

Chat::Plan& Chat::plan(RoomId room, PersonId person) {
    Plan& plan = plans_.try_emplace({person, room}, planned(room, person)).first->second;
    ++plan.waiting;
    return plan;
}

std::vector<RoomId> Chat::planned_rooms(PersonId person) const {
    std::vector<RoomId> rooms;
    for (const RoomId id : rooms_of(person)) {
        if (!plans_.contains({person, id})) rooms.push_back(id);
    }
    for (auto i = plans_.lower_bound({person, 0}); i != plans_.end() && i->first.first == person;
         ++i) {
        if (i->second.member) rooms.push_back(i->first.second);
    }
    std::ranges::sort(rooms);
    return rooms;
}

}  // namespace chat::server
