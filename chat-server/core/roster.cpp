// SPDX-License-Identifier: MIT
#include "chat-server/core/roster.h"

#include <cassert>

namespace chat::server {

std::optional<MemberIndex> Roster::find(const Endpoint& peer) const {
    const auto found = by_endpoint_.find(peer);
    if (found == by_endpoint_.end()) return std::nullopt;
    return found->second;
}

std::optional<MemberIndex> Roster::find_key(const std::string& key) const {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return std::nullopt;
    return found->second;
}

std::optional<MemberIndex> Roster::find_person(PersonId person) const {
    const auto found = by_person_.find(person);
    if (found == by_person_.end()) return std::nullopt;
    return found->second;
}

MemberIndex Roster::add(const Path& path, std::string_view name, std::string key, PersonId person) {
    assert((person != 0 || !find(path.peer)) && !find_key(key));
    MemberIndex index = static_cast<MemberIndex>(members_.size());
    if (free_.empty()) {
        members_.emplace_back();
    } else {
        index = free_.back();
        free_.pop_back();
    }
    Member& member = members_[index];
    member = Member{};
    member.id = ++last_id_;
    member.path = path;
    member.name = name;
    member.key = key;
    member.person = person;
    if (person == 0) {
        by_endpoint_.emplace(path.peer, index);
    } else {
        by_person_.insert_or_assign(person, index);
    }
    by_key_.emplace(std::move(key), index);
    return index;
}

void Roster::forget_endpoint(MemberIndex index) {
    const auto found = by_endpoint_.find(members_[index].path.peer);
    if (found != by_endpoint_.end() && found->second == index) by_endpoint_.erase(found);
}

void Roster::forget_name(MemberIndex index) {
    const auto found = by_key_.find(members_[index].key);
    if (found != by_key_.end() && found->second == index) by_key_.erase(found);
    const auto person = by_person_.find(members_[index].person);
    if (person != by_person_.end() && person->second == index) by_person_.erase(person);
}

void Roster::remove(MemberIndex index) {
    assert(members_[index].id != 0);
    forget_endpoint(index);
    forget_name(index);
    members_[index] = Member{};
    free_.push_back(index);
}

}  // namespace chat::server
