// SPDX-License-Identifier: MIT
// When somebody goes and comes again, and when somebody's address changes: at random times, so many
// a second, while it is begun. Who it is decides the crowd.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "proto/wire/time.h"

namespace chat::load {

class Unrest {
  public:
    Unrest(double per_second, std::uint64_t seed) : per_second_(per_second), random_(seed) {}

    void begin(Instant now) {
        if (per_second_ > 0) next_ = now + gap();
    }
    void end() { next_.reset(); }

    // True for each that is due by now.
    bool takes(Instant now) {
        if (!next_ || now < *next_) return false;
        next_ = *next_ + gap();
        return true;
    }
    std::uint32_t below(std::size_t n) { return static_cast<std::uint32_t>(random_() % n); }

  private:
    Duration gap() {
        const double s = std::exponential_distribution<>(per_second_)(random_);
        return microseconds(static_cast<std::int64_t>(s * 1e6) + 1);
    }

    double per_second_;
    std::mt19937_64 random_;
    std::optional<Instant> next_;
};

}  // namespace chat::load
