// SPDX-License-Identifier: MIT
#include "chat-client/core/room.h"

#include <algorithm>

#include "proto/wire/name.h"

namespace chat::client {
namespace {

constexpr Duration requests_apart_min = milliseconds(25);

}  // namespace

void Room::set_own_name(std::string_view name) {
    own_key_ = name_key(name);
}

void Room::begin_at(std::uint64_t seq) {
    shown_ = seq;
    gaps_.emplace(seq);
    waiting_.clear();
    waiting_bytes_ = 0;
    parts_.clear();
}

bool Room::on_welcome(Instant now, Duration rtt, const frame::Welcome& welcome, bool same_log,
                      std::vector<Event>& events) {
    const std::uint64_t next = std::clamp<std::uint64_t>(welcome.next_seq, 1, seq_end - 1);
    const bool resumed = (welcome.flags & frame::welcome_resumed) != 0;
    bool list_is_old = false;
    number_ = welcome.room;
    if (!gaps_) {
        begin_at(next);
        list_is_old = true;
    } else if (!same_log || (!resumed && next < shown_)) {
        events.push_back(Error{ErrorCode::history_restarted,
                               "the server has a new history; the numbers of its entries begin "
                               "anew"});
        begin_at(next);
        list_is_old = true;
    } else if (!resumed && next > shown_) {
        // Nothing says that it can't be had, but it won't be sent to somebody who came later.
        on_gone(now, rtt, {number_, shown_, next - 1}, events);
        list_is_old = true;
    }
    on_head(now, rtt, {number_, welcome.head, welcome.tail});
    return list_is_old;
}

// What comes next always has one, so that everything behind it gets its turn.
bool Room::has_place_for(std::uint64_t seq) const {
    return (accepts_ && seq == gaps_->next()) ||
           (waiting_.size() < waiting_max && waiting_bytes_ < waiting_bytes_max);
}

bool Room::on_entry(Instant now, Duration rtt, const EntryReceived& received,
                    std::vector<Event>& events) {
    const std::uint64_t seq = received.seq;
    if (!gaps_ || received.room != number_ || seq >= seq_end) return false;
    ack_owed_ = true;
    if (!has_place_for(seq)) {
        gaps_->on_known(now, seq + 1, rtt);
        return false;
    }
    if (!gaps_->on_received(now, seq, rtt)) return false;
    const auto& entry = received.entry;
    Stored stored{entry.kind, entry.flags, entry.time, std::string(entry.name),
                  std::string(entry.text)};
    waiting_bytes_ += stored.bytes();
    waiting_.emplace(seq, std::move(stored));
    parts_.erase(seq);
    return release(events);
}

void Room::on_parts(Instant now, Duration rtt, const EntryInParts& parts) {
    if (!gaps_ || parts.room != number_ || parts.seq >= seq_end) return;
    ack_owed_ = true;
    gaps_->on_part(now, parts.seq, rtt);
    if (parts.have == 0 || gaps_->has(parts.seq)) {
        parts_.erase(parts.seq);
    } else if (parts_.contains(parts.seq) || parts_.size() < waiting_max) {
        parts_[parts.seq] = parts.have;
    }
}

void Room::on_head(Instant now, Duration rtt, const frame::Head& head) {
    if (!gaps_ || head.room != number_ || head.head > seq_end) return;
    ack_owed_ = true;
    gaps_->on_known(now, head.head, rtt);
}

bool Room::on_gone(Instant now, Duration rtt, const frame::Gone& gone, std::vector<Event>& events) {
    if (!gaps_ || gone.room != number_ || gone.from > gone.to || gone.to >= seq_end) return false;
    ack_owed_ = true;
    gaps_->on_gone(now, gone.from, gone.to, rtt);
    return release(events);
}

bool Room::set_accepts(bool accepts, std::vector<Event>& events) {
    if (accepts_ == accepts) return false;
    accepts_ = accepts;
    if (!gaps_) return false;
    ack_owed_ = ack_at_once_ = true;
    return release(events);
}

bool Room::release(std::vector<Event>& events) {
    bool passed_over = false;
    while (accepts_ && shown_ < gaps_->next()) {
        const auto first = waiting_.begin();
        const std::uint64_t there = first == waiting_.end() ? gaps_->next() : first->first;
        if (there > shown_) {
            const std::uint64_t end = std::min(there, gaps_->next());
            events.push_back(Gap{name_, shown_, end - 1});
            shown_ = end;
            passed_over = true;
            continue;
        }
        waiting_bytes_ -= first->second.bytes();
        emit(shown_++, std::move(first->second), events);
        waiting_.erase(first);
    }
    parts_.erase(parts_.begin(), parts_.lower_bound(gaps_->next()));
    return passed_over;
}

void Room::emit(std::uint64_t seq, Stored entry, std::vector<Event>& events) const {
    switch (entry.kind) {
        case frame::EntryKind::message: {
            const bool unverified = (entry.flags & frame::flag_unverified) != 0;
            const bool own = !unverified && name_key(entry.name) == own_key_;
            events.push_back(Message{seq, std::move(entry.name), std::move(entry.text), entry.time,
                                     own, unverified});
            break;
        }
        case frame::EntryKind::join:
            events.push_back(Joined{seq, std::move(entry.name), entry.time});
            break;
        case frame::EntryKind::leave:
            events.push_back(Left{seq, std::move(entry.name), entry.time});
            break;
        case frame::EntryKind::announcement:
            events.push_back(Announcement{seq, std::move(entry.text), entry.time});
            break;
    }
}

std::uint16_t Room::credit() const {
    if (!accepts_) return 0;
    // Half full of long entries: the holes first, and then what follows.
    if (waiting_bytes_ > waiting_bytes_max / 2) {
        return static_cast<std::uint16_t>(waiting_.rbegin()->first + 1 - shown_);
    }
    return waiting_max;
}

std::optional<Instant> Room::ack_at() const {
    if (ack_at_once_) return Instant{INT64_MIN / 2};
    const auto due = accepts_ && gaps_ ? gaps_->next_due() : std::nullopt;
    if (!due) return std::nullopt;
    return std::max(*due, requests_from_);
}

frame::RoomAck Room::take_ack(Instant now, Duration rtt) {
    ack_owed_ = ack_at_once_ = false;
    frame::RoomAck ack;
    ack.room = number_;
    ack.next_seq = shown_;
    ack.credit = credit();
    if (ack.credit == 0 || now < requests_from_) return ack;
    PartialEntry partial;
    if (const auto first = parts_.begin(); first != parts_.end()) {
        partial = {first->first, first->second};
    }
    ack.count = static_cast<std::uint8_t>(gaps_->take_due(now, rtt, ack.gaps, partial));
    if (ack.count > 0) requests_from_ = now + std::max(rtt / 4, requests_apart_min);
    return ack;
}

}  // namespace chat::client
