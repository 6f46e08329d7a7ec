// SPDX-License-Identifier: MIT
#include "chat-client/core/room.h"

#include <algorithm>

namespace chat::client {
namespace {

constexpr Duration requests_apart_min = milliseconds(25);
// A second request follows so soon, is told from the next one so long, and is for so few.
constexpr Duration second_request_after = milliseconds(10);
constexpr Duration second_request_until = milliseconds(20);
constexpr std::size_t requested_twice_max = 8;

}  // namespace

Room::Room(std::uint32_t number, std::string name, std::uint64_t next)
    : teller_(std::move(name)), number_(number), begin_(next), shown_(next), gaps_(next) {}

void Room::begin_anew(std::uint64_t next) {
    begin_ = shown_ = next;
    log_end_ = 0;
    gaps_ = GapTracker(next);
    waiting_.clear();
    waiting_bytes_ = 0;
    parts_.clear();
}

bool Room::full() const {
    return waiting_.size() >= waiting_max || waiting_bytes_ >= waiting_bytes_max;
}

// What comes next always has one, so that everything behind it gets its turn.
bool Room::has_place_for(std::uint64_t seq) const {
    return !full() || (accepts_ && seq == gaps_.next());
}

bool Room::on_entry(Instant now, Duration rtt, std::uint64_t seq, const frame::Entry& entry,
                    std::vector<Event>& events) {
    if (seq < begin_ || seq >= seq_end) return false;
    ack_owed_ = true;
    if (!has_place_for(seq)) {
        gaps_.on_known(now, seq + 1, rtt);
        return false;
    }
    if (!gaps_.on_received(now, seq, rtt)) return false;
    StoredEntry stored(entry);
    waiting_bytes_ += stored.bytes();
    waiting_.emplace(seq, std::move(stored));
    parts_.erase(seq);
    return release(events);
}

void Room::on_part(Instant now, Duration rtt, std::uint64_t seq, std::uint8_t have) {
    if (seq < begin_ || seq >= seq_end) return;
    ack_owed_ = true;
    gaps_.on_part(now, seq, rtt);
    if (have == 0 || gaps_.has(seq)) {
        parts_.erase(seq);
    } else if (parts_.contains(seq) || parts_.size() < waiting_max) {
        parts_[seq] = have;
    }
}

void Room::on_head(Instant now, Duration rtt, std::uint64_t head) {
    if (head > seq_end) return;
    ack_owed_ = true;
    gaps_.on_known(now, head, rtt);
}

void Room::on_log_end(std::uint64_t end) {
    if (end <= seq_end) log_end_ = std::max(log_end_, end);
}

bool Room::on_gone(Instant now, Duration rtt, std::uint64_t from, std::uint64_t to,
                   std::vector<Event>& events) {
    if (from > to || to < begin_ || to >= seq_end) return false;
    ack_owed_ = true;
    gaps_.on_gone(now, from, to, rtt);
    return release(events);
}

bool Room::set_accepts(bool accepts, std::vector<Event>& events) {
    if (accepts_ == accepts) return false;
    accepts_ = accepts;
    hurry_ack();
    return release(events);
}

bool Room::set_held(bool held, std::vector<Event>& events) {
    if (held_ == held) return false;
    held_ = held;
    hurry_ack();
    return release(events);
}

bool Room::release(std::vector<Event>& events) {
    bool passed_over = false;
    while (accepts_ && !held_ && shown_ < gaps_.next()) {
        const auto first = waiting_.begin();
        const std::uint64_t there = first == waiting_.end() ? gaps_.next() : first->first;
        if (there > shown_) {
            const std::uint64_t end = std::min(there, gaps_.next());
            events.push_back(Gap{name(), shown_, end - 1});
            shown_ = end;
            passed_over = true;
            continue;
        }
        waiting_bytes_ -= first->second.bytes();
        events.push_back(teller_.tell(shown_++, std::move(first->second), false));
        waiting_.erase(first);
    }
    parts_.erase(parts_.begin(), parts_.lower_bound(gaps_.next()));
    return passed_over;
}

std::uint16_t Room::credit() const {
    if (!accepts_) return 0;
    // Half full of long entries: the holes first, and then what follows.
    if (waiting_bytes_ > waiting_bytes_max / 2) {
        const std::uint64_t there = waiting_.rbegin()->first + 1 - shown_;
        return static_cast<std::uint16_t>(std::min<std::uint64_t>(there, waiting_max));
    }
    return waiting_max;
}

std::optional<Instant> Room::ack_at() const {
    if (ack_at_once_) return Instant{INT64_MIN / 2};
    const auto due = accepts_ ? gaps_.next_due() : std::nullopt;
    if (!due) return std::nullopt;
    return std::max(*due, requests_from_);
}

frame::RoomAck Room::take_ack(Instant now, Duration rtt, std::size_t gaps_max, bool lossy) {
    ack_owed_ = ack_at_once_ = false;
    frame::RoomAck ack;
    ack.room = number_;
    ack.next_seq = shown_;
    ack.credit = credit();
    // What is there but held is no gap, but counts in the offsets.
    const std::uint64_t held = gaps_.next() - shown_;
    if (ack.credit == 0 || now < requests_from_ || held > UINT16_MAX - GapTracker::ahead) {
        return ack;
    }
    PartialEntry partial;
    if (const auto first = parts_.begin(); first != parts_.end()) {
        partial = {first->first, first->second};
    }
    const auto gaps = std::span(ack.gaps).first(std::min(gaps_max, ack.gaps.size()));
    ack.count = static_cast<std::uint8_t>(gaps_.take_due(now, rtt, gaps, partial));
    for (auto& gap : std::span(ack.gaps).first(ack.count))
        gap.offset = static_cast<std::uint16_t>(gap.offset + held);
    if (ack.count == 0) return ack;
    requests_from_ = now + std::max(rtt / 4, requests_apart_min);
    if (lossy && now > repeated_until_ && gaps_.missing() <= requested_twice_max) {
        requests_from_ = now + second_request_after;
        repeated_until_ = now + second_request_until;
        gaps_.ask_again(requests_from_);
    }
    return ack;
}

}  // namespace chat::client
