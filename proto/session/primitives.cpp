// SPDX-License-Identifier: MIT
#include "proto/session/primitives.h"

#include <sodium.h>

#include "proto/session/invariant.h"
#include "proto/wire/writer.h"

namespace chat {
namespace {

static_assert(aead_tag_bytes == crypto_aead_chacha20poly1305_IETF_ABYTES);

using Nonce = std::array<std::byte, crypto_aead_chacha20poly1305_IETF_NPUBBYTES>;

Nonce nonce_of(std::uint64_t number) {
    Nonce nonce{};
    Writer(std::span(nonce).subspan(4)).u64(number);
    return nonce;
}

}  // namespace

Key32 sha256(std::initializer_list<std::span<const std::byte>> parts) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (const auto part : parts)
        crypto_hash_sha256_update(&state, raw(part), part.size());
    Key32 hash;
    crypto_hash_sha256_final(&state, raw(hash));
    return hash;
}

SecretKey hmac_sha256(const Key32& key, std::initializer_list<std::span<const std::byte>> parts) {
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, raw(key), key.size());
    for (const auto part : parts)
        crypto_auth_hmacsha256_update(&state, raw(part), part.size());
    SecretKey made;
    crypto_auth_hmacsha256_final(&state, raw(made.bytes()));
    return made;
}

void aead_seal(const Key32& key, std::uint64_t number, std::span<const std::byte> ad,
               std::span<const std::byte> plaintext, std::span<std::byte> sealed) {
    require(sealed.size() == plaintext.size() + aead_tag_bytes);
    crypto_aead_chacha20poly1305_ietf_encrypt(raw(sealed), nullptr, raw(plaintext),
                                              plaintext.size(), raw(ad), ad.size(), nullptr,
                                              raw(nonce_of(number)), raw(key));
}

bool aead_open(const Key32& key, std::uint64_t number, std::span<const std::byte> ad,
               std::span<const std::byte> sealed, std::span<std::byte> plaintext) {
    require(sealed.size() == plaintext.size() + aead_tag_bytes);
    return crypto_aead_chacha20poly1305_ietf_decrypt(raw(plaintext), nullptr, nullptr, raw(sealed),
                                                     sealed.size(), raw(ad), ad.size(),
                                                     raw(nonce_of(number)), raw(key)) == 0;
}

}  // namespace chat
