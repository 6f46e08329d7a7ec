// SPDX-License-Identifier: MIT
// How long a datagram and its acknowledgement take, from the clocks that travel with them: RFC
// 9002, section 5, but that the peer's delay is always taken off, since he says it each time.
// Milliseconds on the wire, so a sample is right to one of them and never below it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "proto/wire/time.h"

namespace chat {

class RttEstimator {
  public:
    // What the acknowledgement of a datagram says: `echo_ts` is our clock as the datagram carried
    // it, `now_ts` as it would now, both in ms modulo 65,536; `delay_32us` is how long the peer
    // kept it. Nothing if that cannot be: an answer from the future or after more than a minute,
    // or a delay that did not fit its field.
    static std::optional<Duration> sample(std::uint16_t now_ts, std::uint16_t echo_ts,
                                          std::uint16_t delay_32us);

    void add(Duration sample);
    void reset() { *this = RttEstimator(); }

    bool has_sample() const { return has_sample_; }
    Duration smoothed() const { return smoothed_; }
    Duration variation() const { return variation_; }
    // Of the smoothed one and the last one: RFC 9002, section 6.1.2. A queue that has just begun
    // counts at once.
    Duration longer() const { return std::max(smoothed_, latest_); }

  private:
    // RFC 9002, section 6.2.2: before anything is known.
    Duration smoothed_ = milliseconds(333);
    Duration variation_ = milliseconds(333) / 2;
    Duration latest_;
    bool has_sample_ = false;
};

}  // namespace chat
