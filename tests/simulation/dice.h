// SPDX-License-Identifier: MIT
// The world's only source of chance: splitmix64 (Steele, Lea, Flood 2014). Not the standard
// library's distributions, because those differ between libraries and a seed must replay the
// same story everywhere.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proto/wire/time.h"

namespace chat::simulation {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }
    // 0 .. n - 1.
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
    bool chance(unsigned permille) { return below(1000) < permille; }
    Duration up_to(Duration longest) {
        return {static_cast<std::int64_t>(below(static_cast<std::size_t>(longest.us) + 1))};
    }

  private:
    std::uint64_t state_;
};

}  // namespace chat::simulation
