// SPDX-License-Identifier: MIT
// Waiting times that grow: for whatever is tried again because it failed.
#pragma once

#include <algorithm>

#include "proto/wire/time.h"

namespace chat {

struct BackoffRule {
    Duration first;
    int percent;  // each wait is this much of the one before: 150, 200
    Duration longest;
};

class Backoff {
  public:
    explicit Backoff(const BackoffRule& rule) : rule_(rule), next_(rule.first) {}

    // How long to wait this time.
    Duration next() {
        const Duration wait = next_;
        next_ = std::min(next_ * rule_.percent / 100, rule_.longest);
        return wait;
    }
    void reset() { next_ = rule_.first; }

  private:
    BackoffRule rule_;
    Duration next_;
};

}  // namespace chat
