// SPDX-License-Identifier: MIT
#include "proto/session/keys.h"

#include <sodium.h>
#include <utility>

#include "proto/session/primitives.h"

namespace chat {
namespace {

constexpr std::size_t fingerprint_characters = 20;
constexpr int base64_variant = sodium_base64_VARIANT_ORIGINAL;
constexpr std::size_t base64_characters = 44;

}  // namespace

void wipe(std::span<std::byte> bytes) {
    sodium_memzero(bytes.data(), bytes.size());
}

SecretKey::SecretKey(SecretKey&& other) noexcept : bytes_(other.bytes_) {
    wipe(other.bytes_);
}

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
    if (this != &other) {
        bytes_ = other.bytes_;
        wipe(other.bytes_);
    }
    return *this;
}

std::optional<PublicKey> PublicKey::from_base64(std::string_view text) {
    PublicKey key;
    std::size_t length = 0;
    const int result = sodium_base642bin(raw(key.bytes), key.bytes.size(), text.data(), text.size(),
                                         nullptr, &length, nullptr, base64_variant);
    if (result != 0 || length != key.bytes.size()) return std::nullopt;
    return key;
}

std::string PublicKey::to_base64() const {
    // The terminator that libsodium writes is cut off again.
    std::string text(sodium_base64_encoded_len(bytes.size(), base64_variant), '\0');
    sodium_bin2base64(text.data(), text.size(), raw(bytes), bytes.size(), base64_variant);
    text.resize(base64_characters);
    return text;
}

KeyPair KeyPair::generate(RandomSource& random) {
    SecretKey secret;
    random.fill(secret.bytes());
    return from_secret(std::move(secret));
}

KeyPair KeyPair::from_secret(SecretKey secret) {
    KeyPair pair{std::move(secret), {}};
    crypto_scalarmult_curve25519_base(raw(pair.public_key.bytes), raw(pair.secret.bytes()));
    return pair;
}

bool dh(const SecretKey& secret, const PublicKey& other, Key32& out) {
    if (crypto_scalarmult_curve25519(raw(out), raw(secret.bytes()), raw(other.bytes)) == 0) {
        return true;
    }
    wipe(out);
    return false;
}

std::string fingerprint(const PublicKey& key) {
    constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    const Key32 hash = sha256({key.bytes});
    std::string text;
    for (std::size_t i = 0; i < fingerprint_characters; ++i) {
        const std::size_t bit = 5 * i;
        const unsigned pair = std::to_integer<unsigned>(hash[bit / 8]) << 8 |
                              std::to_integer<unsigned>(hash[bit / 8 + 1]);
        text += alphabet[pair >> (11 - bit % 8) & 31];
    }
    return text;
}

}  // namespace chat
