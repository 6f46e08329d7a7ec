// SPDX-License-Identifier: MIT
// An assert that stays in release builds, for the few places where going on after a bug of ours
// would give away a key: sealing without one, or mixing a key that was never set.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <utility>

namespace chat {

inline void require(bool holds) {
    if (!holds) std::abort();
}

// A member that tells an object with keys from memory that was wiped, on fork for example, or
// moved from. Makes its owner movable and not copyable.
class PresenceMark {
  public:
    PresenceMark() = default;
    PresenceMark(PresenceMark&& other) noexcept : value_(std::exchange(other.value_, 0)) {}
    PresenceMark& operator=(PresenceMark&& other) noexcept {
        value_ = std::exchange(other.value_, 0);
        return *this;
    }

    bool holds() const { return value_ == present; }

  private:
    // Any value that wiped memory does not hold.
    static constexpr std::uint64_t present = 0x6b65'7920'6973'2031;

    std::uint64_t value_ = present;
};

}  // namespace chat
