// SPDX-License-Identifier: MIT
// The symmetric half of Noise, revision 34, for ChaChaPoly and SHA256: CipherState and
// SymmetricState of sections 5.1 and 5.2. Used by HandshakeState (noise.h), which keeps the order
// of things; what is wrong here is our bug and aborts, but for a forgery. Sizes in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proto/session/keys.h"

namespace chat {

inline constexpr std::size_t noise_tag_bytes = 16;

// A key and the number of the next message under it. Without a key it passes bytes through.
class CipherState {
  public:
    CipherState() = default;
    explicit CipherState(const Key32& key) : key_(key), has_key_(true) {}

    bool has_key() const { return has_key_; }

    // `out` has exactly the room for plaintext and tag (no tag without a key), and may start where
    // `plaintext` does.
    void encrypt(std::span<const std::byte> ad, std::span<const std::byte> plaintext,
                 std::span<std::byte> out);
    // False for a forgery; the number does not move then. `out` has exactly the plaintext's room.
    [[nodiscard]] bool decrypt(std::span<const std::byte> ad, std::span<const std::byte> ciphertext,
                               std::span<std::byte> out);

    CipherState copy() const;

  private:
    SecretKey key_;
    std::uint64_t next_ = 0;
    bool has_key_ = false;
};

struct SplitKeys {
    SecretKey k1;  // initiator -> responder
    SecretKey k2;  // responder -> initiator
};

// Chaining key and transcript hash, and the cipher that encrypts handshake fields.
class SymmetricState {
  public:
    SymmetricState() = default;
    explicit SymmetricState(std::string_view protocol_name);

    void mix_key(const Key32& input);
    void mix_hash(std::span<const std::byte> data);
    void mix_key_and_hash(const Key32& input);
    // Gives the length of what it wrote, tag included. `out` may be longer.
    std::size_t encrypt_and_hash(std::span<const std::byte> plaintext, std::span<std::byte> out);
    [[nodiscard]] bool decrypt_and_hash(std::span<const std::byte> ciphertext,
                                        std::span<std::byte> out);

    std::size_t tag_bytes() const { return cipher_.has_key() ? noise_tag_bytes : 0; }
    const Key32& chaining_key() const { return chaining_key_.bytes(); }
    const Key32& hash() const { return hash_; }

    SymmetricState copy() const;
    // Gives the two keys and wipes its own; the hash stays.
    SplitKeys split();

  private:
    SecretKey chaining_key_;
    Key32 hash_{};
    CipherState cipher_;
};

}  // namespace chat
