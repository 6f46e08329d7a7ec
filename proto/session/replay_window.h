// SPDX-License-Identifier: MIT
// Which packet numbers were seen, for the last `packets` numbers; anything older counts as seen.
// It forgets in whole words of 64 numbers, and has one word more than the window so that the window
// itself is exact (RFC 6479). Numbers are below 2^60 and never wrap. Ask, then decrypt, then
// record: only an authentic packet may move the window. Size: packets / 8 + 16 bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace chat {

template <std::size_t packets>
class ReplayWindow {
    static_assert(packets > 0 && packets % 64 == 0);

  public:
    // Neither too old nor seen.
    constexpr bool is_fresh(std::uint64_t counter) const {
        if (counter > highest_) return true;
        return is_inside(counter) && (word(counter) >> counter % 64 & 1) == 0;
    }

    constexpr void record(std::uint64_t counter) {
        if (counter > highest_) {
            const std::uint64_t current = highest_ / 64;
            const std::uint64_t stale = std::min<std::uint64_t>(counter / 64 - current, words);
            for (std::uint64_t i = 1; i <= stale; ++i)
                words_[(current + i) % words] = 0;
            highest_ = counter;
        } else if (!is_inside(counter)) {
            return;
        }
        words_[counter / 64 % words] |= std::uint64_t{1} << counter % 64;
    }

    // The highest number recorded; 0 before the first.
    constexpr std::uint64_t highest() const { return highest_; }

  private:
    static constexpr std::size_t words = packets / 64 + 1;

    constexpr bool is_inside(std::uint64_t counter) const { return highest_ - counter < packets; }
    constexpr std::uint64_t word(std::uint64_t counter) const {
        return words_[counter / 64 % words];
    }

    std::uint64_t highest_ = 0;
    std::array<std::uint64_t, words> words_{};
};

}  // namespace chat
