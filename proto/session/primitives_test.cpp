// SPDX-License-Identifier: MIT
// What is sealed from parts is what libsodium seals in one, for every length and for every place
// of the output; the published vectors are in cipher_test.cpp and noise_vectors_test.cpp.
#include "proto/session/primitives.h"

#include <algorithm>
#include <sodium.h>
#include <vector>

#include "proto/session/test_support.h"
#include "tests/support/catch.h"

namespace chat {
namespace {

std::vector<std::byte> some_bytes(std::size_t count, unsigned first) {
    std::vector<std::byte> bytes(count);
    for (std::size_t i = 0; i < count; ++i)
        bytes[i] = static_cast<std::byte>(first + 7 * i + i / 251);
    return bytes;
}

std::vector<std::byte> sealed_by_libsodium(const Key32& key, std::uint64_t number,
                                           std::span<const std::byte> ad,
                                           std::span<const std::byte> plaintext) {
    std::array<std::byte, 12> nonce{};
    for (std::size_t i = 0; i < 8; ++i)
        nonce[4 + i] = static_cast<std::byte>(number >> 8 * i);
    std::vector<std::byte> sealed(plaintext.size() + aead_tag_bytes);
    crypto_aead_chacha20poly1305_ietf_encrypt(raw(sealed), nullptr, raw(plaintext),
                                              plaintext.size(), raw(ad), ad.size(), nullptr,
                                              raw(nonce), raw(key));
    return sealed;
}

}  // namespace

TEST_CASE("sealing is libsodium's, whatever the lengths") {
    Key32 key;
    std::ranges::copy(some_bytes(key.size(), 3), key.begin());
    for (const std::size_t ad_bytes : {0U, 12U, 16U, 17U, 32U}) {
        const auto ad = some_bytes(ad_bytes, 90);
        for (std::size_t bytes = 0; bytes <= 1184; ++bytes) {
            CAPTURE(ad_bytes, bytes);
            const std::uint64_t number = 0x0102'0304'0506'0708 * (bytes + 1);
            const auto plaintext = some_bytes(bytes, static_cast<unsigned>(bytes));
            const auto expected = sealed_by_libsodium(key, number, ad, plaintext);

            std::vector<std::byte> elsewhere(bytes + aead_tag_bytes);
            aead_seal(key, number, ad, plaintext, elsewhere);
            REQUIRE(elsewhere == expected);

            auto in_place = plaintext;
            in_place.resize(bytes + aead_tag_bytes);
            aead_seal(key, number, ad, std::span(in_place).first(bytes), in_place);
            REQUIRE(in_place == expected);

            std::vector<std::byte> opened(bytes);
            REQUIRE(aead_open(key, number, ad, elsewhere, opened));
            REQUIRE(opened == plaintext);
        }
    }
}

}  // namespace chat
