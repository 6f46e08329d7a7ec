// SPDX-License-Identifier: MIT
// How long deliveries took: a histogram of microseconds, exact below 128 and right to 1 in 64
// above, as HdrHistogram does it. Adding is a few instructions; no allocation.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace chat::load {

class Latencies {
  public:
    void add(std::int64_t us) {
        ++counts_[place(static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0)))];
    }
    void clear() { counts_.fill(0); }

    // The shortest time within which so many of a million were; 0 if there are none at all.
    std::uint64_t us_at(std::uint64_t per_million) const {
        std::uint64_t all = 0;
        for (const auto count : counts_)
            all += count;
        const std::uint64_t wanted = (all * per_million + 999'999) / 1'000'000;
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (seen >= wanted && seen > 0) return value(i);
        }
        return 0;
    }

  private:
    static constexpr std::size_t exact = 128;
    static constexpr std::size_t halves = exact / 2;
    static constexpr std::uint64_t us_max = (std::uint64_t{1} << 32) - 1;

    static std::size_t place(std::uint64_t us) {
        us = std::min(us, us_max);
        if (us < exact) return us;
        const auto shift = static_cast<std::size_t>(std::bit_width(us)) - 7;
        return exact + (shift - 1) * halves + (us >> shift) - halves;
    }
    static std::uint64_t value(std::size_t at) {
        if (at < exact) return at;
        const std::size_t shift = (at - exact) / halves + 1;
        return ((at - exact) % halves + halves) << shift;
    }

    std::array<std::uint64_t, exact + 25 * halves> counts_{};
};

}  // namespace chat::load
