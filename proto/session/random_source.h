// SPDX-License-Identifier: MIT
// Where random bytes come from. Nothing in proto asks the system for randomness: it is handed in,
// so that the programs give libsodium's generator and the simulated world gives a seeded one and
// replays exactly. Whoever implements it for a program must give bytes fit for secret keys; it
// cannot fail, because a program without randomness must not run on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace chat {

class RandomSource {
  public:
    virtual ~RandomSource() = default;

    virtual void fill(std::span<std::byte> bytes) = 0;

    // Little-endian on every machine, so that a seed means the same everywhere.
    std::uint32_t u32() { return static_cast<std::uint32_t>(integer<4>()); }
    std::uint64_t u64() { return integer<8>(); }

  protected:
    RandomSource() = default;
    RandomSource(const RandomSource&) = default;
    RandomSource& operator=(const RandomSource&) = default;

  private:
    template <std::size_t count>
    std::uint64_t integer() {
        std::array<std::byte, count> bytes;
        fill(bytes);
        std::uint64_t value = 0;
        for (std::size_t i = count; i > 0; --i) {
            value = value << 8 | std::to_integer<std::uint64_t>(bytes[i - 1]);
        }
        return value;
    }
};

}  // namespace chat
