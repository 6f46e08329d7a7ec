// SPDX-License-Identifier: MIT
// The proof with which a restarted server tells a client that his session is gone
// (docs/PROTOCOL.md, section 8): BLAKE2b-128 keyed with the reset key over start_count || sid.
// Given only for earlier starts, so that nobody collects tokens of live sessions.
#pragma once

#include <cstdint>
#include <optional>

#include "proto/session/keys.h"
#include "proto/wire/frame.h"

namespace chat {

inline constexpr std::uint64_t reset_starts_max = 8;

frame::ResetToken reset_token(const Key32& reset_key, std::uint64_t start_count, std::uint32_t sid);
// The start to which a sid belonged, if it was one of the previous eight and not this one.
std::optional<std::uint64_t> earlier_start(std::uint64_t start_count, std::uint32_t sid);
bool same_token(const frame::ResetToken& a, const frame::ResetToken& b);

}  // namespace chat
