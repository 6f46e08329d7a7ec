// SPDX-License-Identifier: MIT
// What both ends must agree on, in numbers. Changing one of these breaks the other end; limits
// that one program may choose alone stand in its own core (chat-server/core/limits.h).
#pragma once

#include <cstddef>

namespace chat {

// A name, in bytes of UTF-8: ten Chinese characters, or thirty-two Latin letters.
inline constexpr std::size_t name_bytes_max = 32;

// One message, in bytes of UTF-8: a long paragraph, and small enough to hold in a reassembly
// buffer per session.
inline constexpr std::size_t text_bytes_max = 8192;

}  // namespace chat
