// SPDX-License-Identifier: MIT
// Keys of 32 bytes: X25519 pairs, and the symmetric keys made from them. A SecretKey wipes itself
// and is never copied by accident; functions borrow secrets as `const Key32&` and give them away
// as SecretKey. Keeping keys in files is not done here. A program calls sodium_init() once before
// anything in this folder: without it libsodium is correct but slow.
// Sources: RFC 7748 (X25519), RFC 4648 (base32, base64).
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proto/session/random_source.h"

namespace chat {

using Key32 = std::array<std::byte, 32>;

// Overwrites memory in a way the compiler must not leave out.
void wipe(std::span<std::byte> bytes);

struct PublicKey {
    Key32 bytes{};

    auto operator<=>(const PublicKey&) const = default;

    // 44 characters of the standard alphabet with padding, for lines of text files. Anything else
    // that claims to be a key, even with white space around it, is refused.
    static std::optional<PublicKey> from_base64(std::string_view text);
    std::string to_base64() const;
};

// 32 secret bytes. A moved-from key is all zero.
class SecretKey {
  public:
    SecretKey() = default;
    explicit SecretKey(const Key32& bytes) : bytes_(bytes) {}
    SecretKey(SecretKey&& other) noexcept;
    SecretKey& operator=(SecretKey&& other) noexcept;
    ~SecretKey() { wipe(bytes_); }

    SecretKey copy() const { return SecretKey(bytes_); }

    const Key32& bytes() const { return bytes_; }
    // To write a secret where it will stay, without a copy on the way.
    Key32& bytes() { return bytes_; }

  private:
    Key32 bytes_{};
};

struct KeyPair {
    SecretKey secret;
    PublicKey public_key;

    static KeyPair generate(RandomSource& random);
    static KeyPair from_secret(SecretKey secret);

    KeyPair copy() const { return {secret.copy(), public_key}; }
};

// The X25519 function. False when the result is all zero: the other side sent one of the few
// points that give the same result for every secret. `out` is all zero then.
[[nodiscard]] bool dh(const SecretKey& secret, const PublicKey& other, Key32& out);

// What people compare: the first 20 characters of lower-case base32 of SHA-256 of the key,
// 100 bits. Programs compare whole keys.
std::string fingerprint(const PublicKey& key);

}  // namespace chat
