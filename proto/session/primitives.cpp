// SPDX-License-Identifier: MIT
#include "proto/session/primitives.h"

#include <array>
#include <cstring>
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

// libsodium makes the block of the Poly1305 key by itself and then, below 256 bytes, one block
// after the other, though it makes four or eight at a time in little more time than one. So what
// is short is sealed here, from libsodium's parts: all blocks at once, and the tag in one go.
constexpr std::size_t block_bytes = 64;
constexpr std::size_t blocks_bytes_max = 8 * block_bytes;
constexpr std::size_t short_ad_bytes = 16;

bool is_short(std::span<const std::byte> ad, std::span<const std::byte> plaintext) {
    return ad.size() == short_ad_bytes && plaintext.size() % 16 == 0 &&
           plaintext.size() > block_bytes && block_bytes + plaintext.size() <= blocks_bytes_max;
}

void seal_short(const Key32& key, const Nonce& nonce, std::span<const std::byte> ad,
                std::span<const std::byte> plaintext, std::span<std::byte> sealed) {
    // The first block becomes the Poly1305 key and 32 bytes of no use; what the tag covers has its
    // place behind the key: ad, ciphertext, both lengths.
    std::array<std::byte, blocks_bytes_max + 16> scratch;
    const std::size_t end = block_bytes + plaintext.size();
    const std::size_t blocks =
        end <= blocks_bytes_max / 2 ? blocks_bytes_max / 2 : blocks_bytes_max;
    std::memset(scratch.data(), 0, block_bytes);
    std::memcpy(scratch.data() + block_bytes, plaintext.data(), plaintext.size());
    std::memset(scratch.data() + end, 0, blocks - end);
    crypto_stream_chacha20_ietf_xor(raw(scratch), raw(scratch), blocks, raw(nonce), raw(key));

    std::memcpy(sealed.data(), scratch.data() + block_bytes, plaintext.size());
    std::memcpy(scratch.data() + block_bytes - ad.size(), ad.data(), ad.size());
    Writer lengths{std::span(scratch).subspan(end, 16)};
    lengths.u64(ad.size());
    lengths.u64(plaintext.size());
    crypto_onetimeauth_poly1305(raw(sealed.subspan(plaintext.size())),
                                raw(scratch) + block_bytes - ad.size(),
                                ad.size() + plaintext.size() + 16, raw(scratch));
    sodium_memzero(scratch.data(), block_bytes);
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
    if (is_short(ad, plaintext)) return seal_short(key, nonce_of(number), ad, plaintext, sealed);
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
