// SPDX-License-Identifier: MIT
// What every text of a load test begins with: when it was sent, by which sender, and the how
// manyeth of his it is. 32 letters from a to p, four bits each, so that it is clean text for every
// protocol and can be read without a loop over its characters. The rest of a text is filling.
// Times are the monotonic clock's microseconds: sender and reader are one process.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace chat::load {

struct Stamp {
    std::int64_t sent_us = 0;
    std::uint32_t sender = 0;
    std::uint32_t number = 0;  // from 0

    friend bool operator==(const Stamp&, const Stamp&) = default;
};

inline constexpr std::size_t stamp_bytes = 32;

namespace stamp_detail {

static_assert(std::endian::native == std::endian::little);

// Eight letters for 32 bits, the lowest four first.
inline void put(char* to, std::uint32_t value) {
    for (int i = 0; i < 8; ++i)
        to[i] = static_cast<char>('a' + (value >> (4 * i) & 15));
}

inline bool take(const char* from, std::uint32_t& value) {
    std::uint64_t letters = 0;
    std::memcpy(&letters, from, sizeof letters);
    letters -= 0x6161616161616161U;
    if ((letters & 0xf0f0f0f0f0f0f0f0U) != 0) return false;
    letters = (letters | letters >> 4) & 0x00ff00ff00ff00ffU;
    letters = (letters | letters >> 8) & 0x0000ffff0000ffffU;
    value = static_cast<std::uint32_t>(letters | letters >> 16);
    return true;
}

}  // namespace stamp_detail

// `text` has at least stamp_bytes.
inline void write_stamp(std::span<char> text, const Stamp& stamp) {
    const auto sent = static_cast<std::uint64_t>(stamp.sent_us);
    stamp_detail::put(text.data(), static_cast<std::uint32_t>(sent));
    stamp_detail::put(text.data() + 8, static_cast<std::uint32_t>(sent >> 32));
    stamp_detail::put(text.data() + 16, stamp.sender);
    stamp_detail::put(text.data() + 24, stamp.number);
}

inline std::optional<Stamp> read_stamp(std::string_view text) {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    Stamp stamp;
    if (text.size() < stamp_bytes || !stamp_detail::take(text.data(), low) ||
        !stamp_detail::take(text.data() + 8, high) ||
        !stamp_detail::take(text.data() + 16, stamp.sender) ||
        !stamp_detail::take(text.data() + 24, stamp.number)) {
        return std::nullopt;
    }
    stamp.sent_us = static_cast<std::int64_t>(std::uint64_t{high} << 32 | low);
    return stamp;
}

}  // namespace chat::load
