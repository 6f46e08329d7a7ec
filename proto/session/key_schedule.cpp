// SPDX-License-Identifier: MIT
#include "proto/session/key_schedule.h"

#include <sodium.h>

#include "proto/session/primitives.h"

namespace chat {
namespace {

static_assert(crypto_pwhash_SALTBYTES == 16);

constexpr unsigned long long argon2_passes = 2;
constexpr std::size_t argon2_memory_bytes = std::size_t{64} << 20;

}  // namespace

SessionKeys session_keys(const SplitKeys& split, const Key32& handshake_hash) {
    return {hmac_sha256(split.k1.bytes(), {bytes_of("client"), handshake_hash}),
            hmac_sha256(split.k2.bytes(), {bytes_of("server"), handshake_hash})};
}

std::optional<SecretKey> password_key(std::string_view password, const PublicKey& server) {
    // Argon2 takes the first 16 bytes of it.
    const Key32 salt = sha256({bytes_of("psk-salt"), server.bytes});
    SecretKey key;
    if (crypto_pwhash(raw(key.bytes()), key.bytes().size(), password.data(), password.size(),
                      raw(salt), argon2_passes, argon2_memory_bytes,
                      crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return std::nullopt;
    }
    return key;
}

}  // namespace chat
