// SPDX-License-Identifier: MIT
#include "proto/link/gaps.h"

#include <algorithm>
#include <cassert>

namespace chat {

namespace {

constexpr Instant there{INT64_MAX};
// On a path so short that its RTT is nothing, timers and the peer's flushes take longer.
constexpr Duration first_wait_min = milliseconds(1);
constexpr Duration again_wait_min = milliseconds(10);

Duration first_wait(Duration rtt) {
    return std::max(rtt / 8, first_wait_min);
}

Duration again_wait(Duration rtt) {
    return std::max(rtt * 5 / 4, again_wait_min);
}

}  // namespace

bool GapTracker::has(std::uint64_t number) const {
    return number < next_ || (number < told_end_ && due(number) == there);
}

void GapTracker::on_known(Instant now, std::uint64_t end, Duration rtt) {
    known_end_ = std::max(known_end_, end);
    notice(now, std::min(known_end_ - next_, ahead) + next_, rtt);
}

bool GapTracker::on_received(Instant now, std::uint64_t number, Duration rtt) {
    assert(number < UINT64_MAX);
    on_known(now, number + 1, rtt);
    if (!in_reach(number) || has(number)) return false;
    mark(number);
    advance(now, rtt);
    return true;
}

void GapTracker::on_part(Instant now, std::uint64_t number, Duration rtt) {
    assert(number < UINT64_MAX);
    on_known(now, number + 1, rtt);
    if (!in_reach(number) || has(number)) return;
    due(number) = std::max(due(number), now + first_wait(rtt));
}

void GapTracker::on_gone(Instant now, std::uint64_t from, std::uint64_t to, Duration rtt) {
    assert(from <= to && to < UINT64_MAX);
    on_known(now, to + 1, rtt);
    for (auto number = std::max(from, next_); number <= to && number < told_end_; ++number)
        mark(number);
    // A log may have lost far more than is told apart here.
    if (from <= next_ && to >= told_end_) {
        assert(missing_ == 0);
        next_ = told_end_ = to + 1;
    }
    advance(now, rtt);
}

std::size_t GapTracker::take_due(Instant now, Duration rtt, std::span<frame::Gap> room,
                                 PartialEntry partial) {
    if (missing_ == 0) return 0;
    std::size_t used = 0;
    bool joins = false;  // the number before this one ended the last run
    for (auto number = next_; number < told_end_; ++number) {
        if (due(number) > now) {
            joins = false;
            continue;
        }
        const bool alone = partial.have != 0 && number == partial.number;
        if (joins && !alone) {
            ++room[used - 1].count;
        } else {
            if (used == std::min(room.size(), frame::gaps_max)) break;
            room[used++] = {static_cast<std::uint16_t>(number - next_), 1,
                            alone ? partial.have : std::uint8_t{0}};
        }
        joins = !alone;
        due(number) = asked_due_ = now + again_wait(rtt);
    }
    return used;
}

void GapTracker::ask_again(Instant at) {
    for (auto number = next_; number < told_end_; ++number) {
        if (due(number) == asked_due_) due(number) = at;
    }
}

std::optional<Instant> GapTracker::next_due() const {
    if (missing_ == 0) return std::nullopt;
    Instant first = there;
    for (auto number = next_; number < told_end_; ++number)
        first = std::min(first, due(number));
    return first;
}

void GapTracker::notice(Instant now, std::uint64_t end, Duration rtt) {
    for (; told_end_ < end; ++told_end_) {
        due(told_end_) = now + first_wait(rtt);
        ++missing_;
    }
}

void GapTracker::mark(std::uint64_t number) {
    if (due(number) == there) return;
    due(number) = there;
    --missing_;
}

void GapTracker::advance(Instant now, Duration rtt) {
    while (next_ < told_end_ && due(next_) == there)
        ++next_;
    on_known(now, known_end_, rtt);
}

}  // namespace chat
