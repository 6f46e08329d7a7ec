// SPDX-License-Identifier: MIT
// A rate with a burst, in eight bytes: the "virtual scheduling" form of the generic cell rate
// algorithm (ITU-T I.371, annex A). The state is the time at which the bucket would be full
// again; the zero value is a full bucket. Used both to limit what others send and to pace what we
// send.
#pragma once

#include <algorithm>
#include <cstdint>

#include "proto/wire/time.h"

namespace chat {

struct TokenRate {
    Duration interval;   // one token comes back per interval
    std::int64_t burst;  // how many tokens a full bucket holds; at least 1
};

class TokenBucket {
  public:
    // Takes one token, or leaves the bucket as it was and says no.
    bool take(Instant now, const TokenRate& rate) {
        if (now < ready_at(rate)) return false;
        full_at_ = std::max(full_at_, now) + rate.interval;
        return true;
    }

    // When the next token can be taken; in the past if one is there now.
    Instant ready_at(const TokenRate& rate) const {
        return full_at_ - rate.interval * (rate.burst - 1);
    }

  private:
    Instant full_at_{INT64_MIN / 2};
};

}  // namespace chat
