// SPDX-License-Identifier: MIT
// Deadlines of many members to the millisecond, at a cost that does not grow with their number: a
// wheel of slots, in each the members to look at then. A member is in it once, at its earliest;
// whoever is looked at too early is put in again. Deadlines beyond the wheel come round early.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "proto/wire/time.h"

namespace chat::load {

class TimerWheel {
  public:
    TimerWheel(Instant now, std::size_t members)
        : queued_(members, nowhere), tick_(now.us / 1000) {}

    void arm(std::uint32_t member, Instant at) {
        const std::int64_t tick =
            std::clamp(at.us / 1000 + 1, tick_ + 1, tick_ + static_cast<std::int64_t>(slots) - 1);
        if (queued_[member] <= tick) return;
        queued_[member] = tick;
        slot(tick).push_back(member);
        next_ = std::min(next_, tick);
    }

    // Calls `look` for each member whose time may have come; it arms again what is still to come.
    template <typename Look>
    void advance(Instant now, const Look& look) {
        const std::int64_t until = now.us / 1000;
        if (next_ > until) {
            tick_ = std::max(tick_, std::min(until, next_ - 1));
            return;
        }
        for (; tick_ < until;) {
            ++tick_;
            due_.swap(slot(tick_));
            for (const std::uint32_t member : due_) {
                if (queued_[member] != tick_) continue;
                queued_[member] = nowhere;
                look(member);
            }
            due_.clear();
        }
        next_ = tick_ + 1;
        while (next_ < tick_ + static_cast<std::int64_t>(slots) && slot(next_).empty())
            ++next_;
        if (next_ == tick_ + static_cast<std::int64_t>(slots)) next_ = nowhere;
    }

    std::optional<Instant> next() const {
        if (next_ == nowhere) return std::nullopt;
        return Instant{next_ * 1000};
    }

  private:
    static constexpr std::size_t slots = 4096;
    static constexpr std::int64_t nowhere = INT64_MAX;

    std::vector<std::uint32_t>& slot(std::int64_t tick) {
        return slots_[static_cast<std::size_t>(tick) % slots];
    }

    std::array<std::vector<std::uint32_t>, slots> slots_;
    std::vector<std::uint32_t> due_;
    std::vector<std::int64_t> queued_;  // by member: in which slot
    std::int64_t tick_;
    std::int64_t next_ = nowhere;  // no slot before it has anybody
};

}  // namespace chat::load
