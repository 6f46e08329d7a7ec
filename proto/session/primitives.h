// SPDX-License-Identifier: MIT
// The few functions of libsodium that the secure protocol stands on, with our byte type: SHA-256
// and HMAC-SHA256 over several pieces, and ChaCha20-Poly1305 (RFC 8439) with a number for a nonce,
// which Noise and our DATA datagrams encode alike: 4 zero bytes, then the number little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>

#include "proto/session/keys.h"

namespace chat {

inline constexpr std::size_t aead_tag_bytes = 16;

// libsodium speaks unsigned char.
template <std::ranges::contiguous_range Bytes>
auto raw(Bytes&& bytes) {
    auto* const data = std::ranges::data(bytes);
    static_assert(std::is_same_v<std::remove_cvref_t<decltype(*data)>, std::byte>);
    if constexpr (std::is_const_v<std::remove_reference_t<decltype(*data)>>) {
        return reinterpret_cast<const unsigned char*>(data);
    } else {
        return reinterpret_cast<unsigned char*>(data);
    }
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

Key32 sha256(std::initializer_list<std::span<const std::byte>> parts);

SecretKey hmac_sha256(const Key32& key, std::initializer_list<std::span<const std::byte>> parts);

// Both may work in place: `out` starts where the input starts, or does not overlap it. `sealed` is
// exactly the tag longer than `plaintext`.
void aead_seal(const Key32& key, std::uint64_t number, std::span<const std::byte> ad,
               std::span<const std::byte> plaintext, std::span<std::byte> sealed);
// False for a forgery; `plaintext` is then all zero.
[[nodiscard]] bool aead_open(const Key32& key, std::uint64_t number, std::span<const std::byte> ad,
                             std::span<const std::byte> sealed, std::span<std::byte> plaintext);

}  // namespace chat
