// SPDX-License-Identifier: MIT
// What a fan-out costs when nothing is done but sending it: two floors for comparison. Neither
// encrypts, numbers, stores or repairs anything. They serve until they are killed.
#pragma once

#include <cstddef>

namespace chat::load {

// A message of 64 bytes with a little around it.
inline constexpr std::size_t raw_entry_bytes = 100;

// One sendto of one entry for each message and member, as a simple server does.
void serve_with_sendto(int first_line_to);
// All messages that are there at once, in datagrams of 12 entries, one call for each member and
// many of them: segmentation off-load and sendmmsg.
void serve_with_segments(int first_line_to);

}  // namespace chat::load
