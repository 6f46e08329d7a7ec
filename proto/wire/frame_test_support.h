// SPDX-License-Identifier: MIT
// For the tests of frames: bytes written as hexadecimal digits, and frames of any body.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "proto/wire/frame.h"
#include "tests/support/catch.h"

namespace chat::frame {

using Bytes = std::vector<std::byte>;

// Bytes from hexadecimal digits; anything else between them is for the reader's eye.
inline Bytes from_hex(std::string_view text) {
    Bytes bytes;
    int high = -1;
    for (const char c : text) {
        const auto digit = std::string_view("0123456789abcdef").find(c);
        if (digit == std::string_view::npos) continue;
        if (high < 0) {
            high = static_cast<int>(digit);
        } else {
            bytes.push_back(static_cast<std::byte>(high * 16 + static_cast<int>(digit)));
            high = -1;
        }
    }
    return bytes;
}

inline std::string hex(std::span<const std::byte> bytes) {
    std::string text;
    for (const auto byte : bytes) {
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4];
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15];
    }
    return text;
}

inline Bytes padded(Bytes bytes) {
    bytes.resize(std::max<std::size_t>((bytes.size() + 15) / 16 * 16, 16));
    return bytes;
}

inline Bytes framed(std::uint8_t type, const Bytes& body) {
    Bytes bytes{std::byte{type}, static_cast<std::byte>(body.size() & 0xff),
                static_cast<std::byte>(body.size() >> 8)};
    bytes.insert(bytes.end(), body.begin(), body.end());
    return bytes;
}

inline bool accepted(Sender sender, const Bytes& plaintext) {
    std::vector<Frame> frames{Ping{}};
    const bool right = read_frames(sender, plaintext, frames);
    if (!right) {
        CHECK(frames.empty());
    }
    return right;
}

inline std::string zeros(std::size_t bytes) {
    return std::string(2 * bytes, '0');
}

// A text of `bytes` in hexadecimal.
inline std::string x(std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i)
        text += "78";
    return text;
}

inline const std::string room = "01000000";
inline const std::string room_0 = "00000000";
inline const std::string no = "0000000000000000";
inline const std::string one = "0100000000000000";
inline const std::string two = "0200000000000000";
inline const std::string last = "ffffffffffffffff";
inline const std::string nearly_last = "feffffffffffffff";
inline const std::string join_bob = "0200 000000000000 03626f62 0000";
inline const std::string topic_bob = "0500 000000000000 03626f62 0000";
inline const std::string unpinned = "0600 000000000000 00 0000";
inline const std::string listed_bob = "01 05000000 03626f62 026869";

}  // namespace chat::frame
