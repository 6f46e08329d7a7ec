// SPDX-License-Identifier: MIT
// What members do, up to the point where it waits for the log; chat_log.cpp goes on from there.
#include "chat-server/core/chat.h"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

#include "chat-server/core/limits.h"
#include "proto/wire/name.h"

namespace chat::server {

// --- coming and going

std::expected<void, JoinError> Chat::may_join(std::string_view name, const std::string& key) const {
    if (is_reserved_name(name) || roster_.find_key(key) || people_.find(key)) {
        return std::unexpected(JoinError::name_taken);
    }
    if (roster_.size() >= members_max_) return std::unexpected(JoinError::full);
    if (!can_store()) return std::unexpected(JoinError::cannot_store);
    return {};
}

MemberIndex Chat::join_classic(const Now& now, const Path& path, std::string_view name,
                               std::string key) {
    const MemberIndex index = roster_.add(path, name, std::move(key));
    roster_[index].joined_at = roster_[index].last_heard = now.at;
    append(now, {.entry = EntryKind::join, .member = index, .room = lobby_id}, {});
    return index;
}

std::expected<void, JoinError> Chat::may_enter(PersonId person) const {
    const auto holder = roster_.find_key(people_[person].name_key);
    if (holder && roster_[*holder].person != person) return std::unexpected(JoinError::name_taken);
    if (roster_.size() >= members_max_) return std::unexpected(JoinError::full);
    if (!can_store()) return std::unexpected(JoinError::cannot_store);
    return {};
}

std::optional<MemberIndex> Chat::find(PersonId person) const {
    const auto index = roster_.find_person(person);
    if (!index || is_going(roster_[*index])) return std::nullopt;
    return index;
}

MemberIndex Chat::enter(const Now& now, const Path& path, PersonId person) {
    assert(!find(person));
    const Person& who = people_[person];
    if (const auto holder = roster_.find_key(who.name_key)) roster_.forget_name(*holder);
    const MemberIndex index = roster_.add(path, who.name, who.name_key, person);
    roster_[index].joined_at = roster_[index].last_heard = now.at;
    return index;
}

void Chat::came_in(MemberIndex index) {
    Member& member = roster_[index];
    if (member.state == MemberState::joining) member.state = MemberState::here;
}

JoinProgress Chat::join(const Now& now, MemberIndex index, RoomId id) {
    const Member& member = roster_[index];
    assert(member.person != 0 && !is_going(member));
    const Plan before = planned(id, member.person);
    const bool is_member_only = room(id).kind() == RoomKind::conversation;
    assert(!is_member_only || before.member);
    if (before.present || is_member_only) {
        if (before.waiting > 0) return JoinProgress::joining;
        came_in(index);
        return JoinProgress::is_in;
    }
    Plan& after = plan(id, member.person);
    after.member = after.present = true;
    append(now, {.entry = EntryKind::join, .member = index, .room = id, .person = member.person},
           {});
    return JoinProgress::joining;
}

void Chat::part(const Now& now, MemberIndex index, RoomId id) {
    const PersonId person = roster_[index].person;
    assert(person != 0 && room(id).kind() == RoomKind::named);
    if (is_going(roster_[index]) || !planned(id, person).member) return;
    Plan& after = plan(id, person);
    after.member = false;
    if (std::exchange(after.present, false)) {
        append(now,
               {.entry = EntryKind::leave,
                .parts = true,
                .member = index,
                .room = id,
                .person = person},
               {});
    } else {
        waiting_.acts.push_back(
            {.kind = Act::Kind::parting, .member = index, .room = id, .person = person});
    }
}

void Chat::leave(const Now& now, MemberIndex index, LeaveReason reason) {
    Member& member = roster_[index];
    const bool told = reason == LeaveReason::quit || reason == LeaveReason::kicked;
    if (!told && member.cursor) {
        // What he was still to get, or is told to have missed, would go to whoever has the address
        // now.
        lobby().cursor(*member.cursor).silent = true;
        lobby().mark_pending();
    }
    if (is_going(member)) {
        if (!told) member.state = MemberState::vanished;
        return;
    }
    member.state = told ? MemberState::leaving : MemberState::vanished;
    member.reason = reason;
    events_.push_back({Event::Kind::left, member.name, member.path.peer, reason, {}});
    if (member.person == 0) {
        append(now, {.entry = EntryKind::leave, .member = index, .room = lobby_id}, {});
    }
    for (const RoomId id : planned_rooms(member.person)) {
        if (!planned(id, member.person).present) continue;
        plan(id, member.person).present = false;
        append(now,
               {.entry = EntryKind::leave, .member = index, .room = id, .person = member.person},
               {});
    }
    waiting_.acts.push_back(
        {.kind = Act::Kind::visit_over, .member = index, .person = member.person});
}

void Chat::remove(MemberIndex index) {
    const Member& member = roster_[index];
    if (member.cursor) {
        if (const auto moved = lobby().remove_cursor(*member.cursor)) {
            roster_[*moved].cursor = member.cursor;
        }
    }
    roster_.remove(index);
}

void Chat::heard_from(Instant now, MemberIndex index) {
    roster_[index].last_heard = now;
    roster_[index].unreachable_count = 0;
}

// --- saying

void Chat::say(const Now& now, MemberIndex author, RoomId id, frame::MsgKind kind, std::string text,
               std::uint64_t client_epoch, std::uint64_t msg_id) {
    const Member& member = roster_[author];
    if (is_going(member)) return;
    assert(member.person == 0 ? id == lobby_id : find_seat(id, member.person) != nullptr);
    const bool is_topic = kind == frame::MsgKind::topic;
    append(now,
           {.entry = is_topic ? EntryKind::topic : EntryKind::message,
            .member = author,
            .room = id,
            .person = member.person},
           std::move(text), {0, {}, client_epoch, msg_id, false});
}

void Chat::announce(const Now& now, RoomId id, EntryKind kind, std::string text) {
    assert(kind == EntryKind::announcement || kind == EntryKind::pinned);
    append(now, {.entry = kind, .room = id}, std::move(text));
}

void Chat::announce_to_all(const Now& now, EntryKind kind, const std::string& text) {
    announce(now, lobby_id, kind, text);
    std::set<RoomId> reached{lobby_id};
    roster_.for_each([&](MemberIndex index) {
        const Member& member = roster_[index];
        if (member.person == 0 || is_going(member)) return;
        std::optional<RoomId> other;
        for (const RoomId id : planned_rooms(member.person)) {
            if (!planned(id, member.person).present) continue;
            if (reached.contains(id)) return;
            if (!other) other = id;
        }
        if (!other) return;
        reached.insert(*other);
        announce(now, *other, EntryKind::announcement, text);
    });
}

void Chat::append(const Now& now, Act act, std::string text, const Origin& origin) {
    Entry entry{act.entry, 0, now.wall, {}, std::move(text), origin};
    if (act.member != no_member) {
        const Member& member = roster_[act.member];
        entry.author = member.id;
        entry.name = member.name;
        if (member.person != 0) {
            entry.origin.person = member.person;
            entry.origin.key = people_[member.person].key;
            entry.origin.verified = true;
        }
    }
    waiting_.changes.appends.push_back({act.room, std::move(entry)});
    waiting_.acts.push_back(act);
}

}  // namespace chat::server
