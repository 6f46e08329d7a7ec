// SPDX-License-Identifier: MIT
// How much may be under way, and how fast it may leave: NewReno of RFC 9002, section 7, in bytes,
// and its pacing (section 7.7) as a virtual schedule (GCRA, see token_bucket.h) with bursts of ten
// datagrams. Knows counters of datagrams but no datagrams; what is under way, its owner estimates.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proto/wire/time.h"

namespace chat {

class Congestion {
  public:
    std::size_t window_bytes() const { return window_; }

    // Datagrams before `acked_end` were acknowledged, `bytes` in all, when `in_flight_bytes` were
    // under way. A window that was not used does not grow.
    void on_acked(std::uint64_t acked_end, std::size_t bytes, std::size_t in_flight_bytes);
    // Some before `judged_end` got lost; `next_counter` is the datagram that will be sent next.
    // Halves the window, unless all of them were sent before it was halved last.
    void on_lost(std::uint64_t judged_end, std::uint64_t next_counter);
    // Nothing gets through any more.
    void on_silence(std::uint64_t next_counter);

    void on_sent(Instant now, std::size_t bytes, Duration rtt);
    // The RTT is known better now: what was sent at the pace of a worse guess is no longer waited
    // for beyond one burst.
    void on_rtt(Instant now, Duration rtt);
    // When the pace lets a datagram of this size leave; in the past if now.
    Instant ready_at(std::size_t bytes, Duration rtt) const;

    void restart_counters() { recovery_end_ = 0; }
    void reset() { *this = Congestion(); }

  private:
    Duration time_for(std::size_t bytes, Duration rtt) const;

    static constexpr std::uint32_t window_bytes_first = 10 * 1200;

    std::uint32_t window_ = window_bytes_first;
    std::uint32_t threshold_ = UINT32_MAX;  // below it, slow start
    std::uint32_t acked_ = 0;               // since the last step of congestion avoidance
    std::uint64_t recovery_end_ = 0;        // datagrams before it were sent in a larger window
    Instant idle_at_{INT64_MIN / 2};        // when the pace will have forgotten what was sent
};

}  // namespace chat
