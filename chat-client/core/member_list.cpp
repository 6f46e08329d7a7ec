// SPDX-License-Identifier: MIT
#include "chat-client/core/member_list.h"

#include <algorithm>
#include <utility>

#include "proto/wire/name.h"

namespace chat::client {

void MemberList::fetch(std::uint32_t room) {
    fetching_ = true;
    complete_ = false;
    room_ = room;
    after_.clear();
    asked_ = false;
    names_.clear();
    pages_.clear();
    changes_.clear();
}

void MemberList::on_members(const frame::Members& page) {
    if (!fetching_ || page.room != room_ || page.after != after_) return;
    std::vector<std::pair<std::string, std::string>> names;
    std::string last_key = after_.empty() ? std::string() : name_key(after_);
    auto rest = page.names;
    for (unsigned i = 0; i < page.count; ++i) {
        const auto member = frame::take_member_name(rest);
        if (!member) return;
        std::string key = name_key(member->name);
        // Out of order it would never end.
        if (key <= last_key) return;
        last_key = key;
        names.emplace_back(std::move(key), member->name);
    }
    const bool last = page.last || names_.size() + names.size() >= names_max;
    if (names.empty() && !last) return;
    if (!names.empty()) after_ = names.back().second;
    for (auto& [key, name] : names)
        names_.insert_or_assign(std::move(key), std::move(name));
    pages_.push_back({last ? std::string() : std::move(last_key), page.as_of});
    asked_ = false;
    if (!last) return;
    fetching_ = false;
    complete_ = true;
    apply_changes();
}

void MemberList::apply_changes() {
    for (auto& change : changes_) {
        std::string key = name_key(change.name);
        const auto page = std::ranges::find_if(
            pages_, [&](const Page& p) { return p.last_key.empty() || key <= p.last_key; });
        if (change.seq < page->as_of) continue;
        if (change.here) {
            names_.insert_or_assign(std::move(key), std::move(change.name));
        } else {
            names_.erase(key);
        }
    }
    changes_.clear();
}

void MemberList::on_shown(const Event& event) {
    if (const auto* joined = std::get_if<Joined>(&event); joined && !joined->history) {
        change(joined->seq, joined->name, true);
    } else if (const auto* left = std::get_if<Left>(&event); left && !left->history) {
        change(left->seq, left->name, false);
    }
}

void MemberList::change(std::uint64_t seq, const std::string& name, bool here) {
    if (!fetching_) return;
    if (changes_.size() == changes_max) {
        // What was shown so far is older than the new pages will be, but not in the old ones.
        fetch(room_);
    }
    changes_.push_back({seq, name, here});
}

std::optional<std::vector<std::string>> MemberList::take() {
    if (!std::exchange(complete_, false)) return std::nullopt;
    std::vector<std::string> names;
    names.reserve(names_.size());
    for (auto& [key, name] : names_)
        names.push_back(std::move(name));
    names_.clear();
    pages_.clear();
    return names;
}

}  // namespace chat::client
