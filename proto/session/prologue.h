// SPDX-License-Identifier: MIT
// The Noise prologue (docs/PROTOCOL.md, section 3): what both sides must have seen alike before
// keys are made, though it travelled in the clear.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "proto/wire/datagram.h"
#include "proto/wire/writer.h"

namespace chat {

inline constexpr std::uint8_t suite = 1;  // Noise_XXpsk3_25519_ChaChaPoly_SHA256
inline constexpr std::size_t init_head_bytes = 16;

// `init_head` is INIT[0..16).
inline std::array<std::byte, 40> handshake_prologue(
    std::span<const std::byte, init_head_bytes> init_head, std::uint16_t server_flags,
    std::uint32_t versions) {
    std::array<std::byte, 40> prologue{};
    Writer writer(prologue);
    writer.text("groupchat-secure");
    writer.u8(datagram::version);
    writer.u8(suite);
    writer.bytes(init_head);
    writer.u16(server_flags);
    writer.u32(versions);
    return prologue;
}

}  // namespace chat
