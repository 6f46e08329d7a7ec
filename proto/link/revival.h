// SPDX-License-Identifier: MIT
// When to start a dead child again: soon the first time, later each time it dies young, soon again
// once it has lived healthily. It only tells the time; who starts and reaps the child says so.
#pragma once

#include <optional>

#include "proto/link/backoff.h"

namespace chat {

class Revival {
  public:
    // A child that lives for `healthy_after` counts as well: the waits begin anew.
    Revival(const BackoffRule& rule, Duration healthy_after)
        : backoff_(rule), healthy_after_(healthy_after) {}

    // It is being started; if that fails, it died at once.
    void started(Instant now) {
        started_at_ = now;
        due_at_.reset();
    }
    // Being told of one death twice does no harm.
    void died(Instant now) {
        if (due_at_) return;
        if (now - started_at_ >= healthy_after_) backoff_.reset();
        due_at_ = now + backoff_.next();
    }

    // When to start it; nothing while it lives.
    std::optional<Instant> due() const { return due_at_; }
    bool due(Instant now) const { return due_at_ && now >= *due_at_; }
    Instant started_at() const { return started_at_; }

  private:
    Backoff backoff_;
    Duration healthy_after_;
    Instant started_at_{};
    std::optional<Instant> due_at_;
};

}  // namespace chat
