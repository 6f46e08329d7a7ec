// SPDX-License-Identifier: MIT
#include "chat-server/core/chat.h"

#include <cassert>
#include <utility>

#include "chat-server/core/limits.h"
#include "proto/wire/name.h"

namespace chat::server {

std::expected<void, JoinError> Chat::may_join(std::string_view name, const std::string& key,
                                              const std::optional<Identity>& identity) const {
    if (is_reserved_name(name) || roster_.find_key(key) ||
        (!identity && names_.is_registered(key))) {
        return std::unexpected(JoinError::name_taken);
    }
    if (roster_.size() >= members_max) return std::unexpected(JoinError::full);
    return {};
}

MemberIndex Chat::join(const Now& now, const Path& path, std::string_view name, std::string key,
                       const std::optional<Identity>& identity) {
    const MemberIndex index = roster_.add(path, name, std::move(key), identity);
    roster_[index].joined_at = roster_[index].last_heard = now.at;
    append(now, EntryKind::join, index, {});
    return index;
}

void Chat::say(const Now& now, MemberIndex author, std::string text, std::uint64_t msg_id) {
    if (is_going(roster_[author])) return;
    append(now, EntryKind::message, author, std::move(text), msg_id);
}

void Chat::leave(const Now& now, MemberIndex index, LeaveReason reason) {
    Member& member = roster_[index];
    const bool told = reason == LeaveReason::quit || reason == LeaveReason::kicked;
    if (is_going(member)) {
        if (!told) {
            member.state = MemberState::vanished;
            // What he was still to get would go to whoever has the address now.
            if (member.cursor) lobby_.cursor(*member.cursor).silent = true;
            lobby_.mark_pending();
        }
        return;
    }
    member.state = told ? MemberState::leaving : MemberState::vanished;
    member.reason = reason;
    events_.push_back({Event::Kind::left, member.name, member.path.peer, reason});
    append(now, EntryKind::leave, index, {});
}

void Chat::announce(const Now& now, std::string text) {
    append(now, EntryKind::announcement, no_member, std::move(text));
}

void Chat::append(const Now& now, EntryKind kind, MemberIndex index, std::string text,
                  std::uint64_t msg_id) {
    Entry entry{kind, 0, now.wall, {}, std::move(text)};
    if (index != no_member) {
        const Member& member = roster_[index];
        entry.author = member.id;
        entry.name = member.name;
        if (member.identity) {
            entry.origin = {member.identity->key, member.identity->client_epoch, msg_id, true};
        }
    }
    waiting_.appends.push_back({lobby_id, std::move(entry)});
    waiting_.members.push_back(index);
}

void Chat::heard_from(Instant now, MemberIndex index) {
    roster_[index].last_heard = now;
    roster_[index].unreachable_count = 0;
}

void Chat::replaced(MemberIndex index, std::uint64_t client_epoch) {
    roster_[index].identity->client_epoch = client_epoch;
}

void Chat::restore(RoomId room, Seq first_kept, Seq head) {
    if (room == lobby_id) lobby_.restore(first_kept, head);
}

std::span<const Append> Chat::take_appends() {
    if (!in_log_.appends.empty()) return {};
    std::swap(waiting_, in_log_);
    return in_log_.appends;
}

void Chat::on_committed(std::span<const Seq> seqs) {
    assert(seqs.size() == in_log_.appends.size());
    for (std::size_t i = 0; i < seqs.size(); ++i) {
        committed(seqs[i], in_log_.appends[i].entry, in_log_.members[i]);
    }
    in_log_.appends.clear();
    in_log_.members.clear();
}

void Chat::committed(Seq seq, const Entry& entry, MemberIndex index) {
    lobby_.add_entry(seq, entry);
    switch (entry.kind) {
        case EntryKind::message:
            ++counters_.messages;
            outcomes_.push_back({Outcome::Kind::stored, index, seq, entry.origin});
            break;
        case EntryKind::announcement:
            ++counters_.announcements;
            events_.push_back({Event::Kind::announced, entry.text, {}, {}});
            break;
        case EntryKind::join: {
            ++counters_.joins;
            Member& member = roster_[index];
            member.listed = true;
            if (!member.identity) {
                member.cursor = lobby_.add_cursor(index, member.id, member.path, seq + 1);
            }
            if (member.state == MemberState::joining) member.state = MemberState::here;
            outcomes_.push_back({Outcome::Kind::joined, index, seq, entry.origin});
            events_.push_back({Event::Kind::joined, member.name, member.path.peer, {}});
            break;
        }
        case EntryKind::leave: {
            ++counters_.leaves;
            Member& member = roster_[index];
            member.listed = false;
            if (member.cursor) {
                Cursor& cursor = lobby_.cursor(*member.cursor);
                cursor.until = seq;
                cursor.silent = member.state == MemberState::vanished;
                lobby_.mark_pending();
            }
            outcomes_.push_back({Outcome::Kind::left, index, seq, entry.origin});
            break;
        }
    }
}

void Chat::remove(MemberIndex index) {
    const Member& member = roster_[index];
    if (member.cursor) {
        if (const auto moved = lobby_.remove_cursor(*member.cursor)) {
            roster_[*moved].cursor = member.cursor;
        }
    }
    roster_.remove(index);
}

}  // namespace chat::server
