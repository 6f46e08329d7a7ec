// SPDX-License-Identifier: MIT
#include "proto/link/congestion.h"

#include <algorithm>

#include "proto/wire/datagram.h"

namespace chat {

namespace {

constexpr std::uint32_t datagram_bytes = datagram::bytes_max;
constexpr std::uint32_t window_bytes_min = 2 * datagram_bytes;
// More than any path of a chat can use, and far from overflow.
constexpr std::uint32_t window_bytes_max = 16U << 20;
constexpr std::size_t burst_bytes = 10 * datagram_bytes;

}  // namespace

void Congestion::on_acked(std::uint64_t acked_end, std::size_t bytes, std::size_t in_flight_bytes) {
    if (acked_end <= recovery_end_) return;
    const bool slow_start = window_ < threshold_;
    const std::size_t used =
        slow_start ? 2 * in_flight_bytes : in_flight_bytes + 3 * datagram_bytes;
    if (used < window_) return;
    const auto acked = static_cast<std::uint32_t>(std::min<std::size_t>(bytes, window_));
    if (slow_start) {
        window_ = std::min(window_ + acked, window_bytes_max);
        return;
    }
    acked_ += acked;
    if (acked_ >= window_) {
        acked_ -= window_;
        window_ = std::min(window_ + datagram_bytes, window_bytes_max);
    }
}

void Congestion::on_lost(std::uint64_t judged_end, std::uint64_t next_counter) {
    if (judged_end <= recovery_end_) return;
    recovery_end_ = next_counter;
    window_ = threshold_ = std::max(window_ / 2, window_bytes_min);
    acked_ = 0;
}

void Congestion::on_silence(std::uint64_t next_counter) {
    recovery_end_ = next_counter;
    threshold_ = std::max(std::min(threshold_, window_ / 2), window_bytes_min);
    window_ = window_bytes_min;
    acked_ = 0;
}

void Congestion::on_sent(Instant now, std::size_t bytes, Duration rtt) {
    idle_at_ = std::max(idle_at_, now) + time_for(bytes, rtt);
}

void Congestion::on_rtt(Instant now, Duration rtt) {
    idle_at_ = std::min(idle_at_, now + time_for(burst_bytes, rtt));
}

Instant Congestion::ready_at(std::size_t bytes, Duration rtt) const {
    return idle_at_ + time_for(bytes, rtt) - time_for(burst_bytes, rtt);
}

Duration Congestion::time_for(std::size_t bytes, Duration rtt) const {
    return rtt * static_cast<std::int64_t>(bytes) * 4 / (std::int64_t{5} * window_);
}

}  // namespace chat
