// SPDX-License-Identifier: MIT
#include "chat-server/process/server_key.h"

#include <algorithm>
#include <cerrno>
#include <sodium.h>

namespace chat::server {
namespace {

constexpr std::string_view file_name = "server.key";
constexpr std::size_t fingerprint_characters = 20;

unsigned char* raw(std::array<std::byte, 32>& key) {
    return reinterpret_cast<unsigned char*>(key.data());
}

const unsigned char* raw(const std::array<std::byte, 32>& key) {
    return reinterpret_cast<const unsigned char*>(key.data());
}

ServerKey from_secret(const std::array<std::byte, 32>& secret) {
    ServerKey key{secret, {}};
    crypto_scalarmult_base(raw(key.public_key), raw(key.secret));
    return key;
}

}  // namespace

ServerKey ServerKey::generate() {
    std::array<std::byte, 32> secret;
    randombytes_buf(secret.data(), secret.size());
    return from_secret(secret);
}

sys::Result<ServerKey> ServerKey::load_or_generate(const sys::DataFolder& folder) {
    std::array<std::byte, 32> secret;
    const auto stored = folder.read_file(file_name, secret.size());
    if (stored && stored->size() == secret.size()) {
        std::ranges::copy(*stored, secret.begin());
        return from_secret(secret);
    }
    if (stored) {
        return sys::os_error(EINVAL, "use " + folder.path() + "/" + std::string(file_name),
                             "it is damaged (a key has 32 bytes); put it back from a backup, or "
                             "delete it to get a new key, which every client will notice");
    }
    if (stored.error().code != ENOENT) return std::unexpected(stored.error());
    const ServerKey key = generate();
    if (const auto written = folder.write_file_atomically(file_name, key.secret); !written) {
        return std::unexpected(written.error());
    }
    return key;
}

std::string ServerKey::fingerprint() const {
    std::array<unsigned char, crypto_hash_sha256_BYTES> hash;
    crypto_hash_sha256(hash.data(), raw(public_key), public_key.size());
    constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    std::string text;
    unsigned bits = 0, count = 0;
    for (const unsigned char byte : hash) {
        bits = bits << 8 | byte;
        count += 8;
        while (count >= 5 && text.size() < fingerprint_characters) {
            count -= 5;
            text += alphabet[bits >> count & 31];
        }
        bits &= (1U << count) - 1;
        if (text.size() == fingerprint_characters) break;
    }
    return text;
}

}  // namespace chat::server
