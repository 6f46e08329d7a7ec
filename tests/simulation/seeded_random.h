// SPDX-License-Identifier: MIT
// The world's chance as keys and nonces are made of it: no secret, but the same for a seed.
#pragma once

#include "proto/session/random_source.h"
#include "tests/simulation/dice.h"

namespace chat::simulation {

class SeededRandom final : public RandomSource {
  public:
    explicit SeededRandom(std::uint64_t seed) : dice_(seed) {}

    void fill(std::span<std::byte> bytes) override {
        for (std::byte& byte : bytes)
            byte = static_cast<std::byte>(dice_.next());
    }

  private:
    Dice dice_;
};

}  // namespace chat::simulation
