// SPDX-License-Identifier: MIT
// Randomness fit for keys: libsodium's generator, which is the kernel's. Call sodium_init() first.
#pragma once

#include "proto/session/random_source.h"

namespace chat::sys {

class SystemRandom final : public RandomSource {
  public:
    void fill(std::span<std::byte> bytes) override;
};

}  // namespace chat::sys
