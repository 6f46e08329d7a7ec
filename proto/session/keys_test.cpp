// SPDX-License-Identifier: MIT
#include "proto/session/keys.h"

#include <memory>
#include <type_traits>
#include <utility>

#include "proto/session/test_support.h"
#include "tests/support/catch.h"

namespace chat {

using namespace session_test;

static_assert(!std::is_copy_constructible_v<SecretKey> && !std::is_copy_assignable_v<SecretKey>);
static_assert(!std::is_copy_constructible_v<KeyPair> && !std::is_copy_assignable_v<KeyPair>);
static_assert(sizeof(SecretKey) == 32);

TEST_CASE("X25519 gives what RFC 7748 says") {
    const auto alice = KeyPair::from_secret(SecretKey(
        key_from_hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")));
    const auto bob = KeyPair::from_secret(SecretKey(
        key_from_hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")));
    CHECK(to_hex(alice.public_key.bytes) ==
          "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    CHECK(to_hex(bob.public_key.bytes) ==
          "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    const char* const shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
    Key32 out{};
    CHECK(dh(alice.secret, bob.public_key, out));
    CHECK(to_hex(out) == shared);
    CHECK(dh(bob.secret, alice.public_key, out));
    CHECK(to_hex(out) == shared);
}

TEST_CASE("a public key that gives zero for every secret is refused") {
    const SecretKey secret(key_of(0x42));
    const char* const low_order[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    };
    for (const char* const point : low_order) {
        INFO(point);
        Key32 out = key_of(0xee);
        CHECK_FALSE(dh(secret, PublicKey{key_from_hex(point)}, out));
        CHECK(out == Key32{});
    }
}

TEST_CASE("generated keys come from the randomness that is handed in") {
    SeededRandom random(1), again(1), other(2);
    const KeyPair first = KeyPair::generate(random);
    CHECK(first.public_key == KeyPair::generate(again).public_key);
    CHECK(first.public_key != KeyPair::generate(other).public_key);
    CHECK(first.public_key != KeyPair::generate(random).public_key);
    CHECK(KeyPair::from_secret(first.secret.copy()).public_key == first.public_key);
}

TEST_CASE("randomness becomes integers, the first byte the lowest") {
    class Counting final : public RandomSource {
      public:
        void fill(std::span<std::byte> bytes) override {
            for (std::byte& byte : bytes)
                byte = static_cast<std::byte>(next_++);
        }

      private:
        unsigned next_ = 1;
    };
    Counting random;
    CHECK(random.u32() == 0x04030201U);
    CHECK(random.u64() == 0x0c0b0a0908070605U);
}

TEST_CASE("a secret key leaves nothing behind") {
    SECTION("when it is moved from") {
        SecretKey from(key_of(7));
        const SecretKey to(std::move(from));
        CHECK(to.bytes() == key_of(7));
        CHECK(from.bytes() == Key32{});  // NOLINT(bugprone-use-after-move)
        SecretKey assigned;
        SecretKey source(key_of(9));
        assigned = std::move(source);
        CHECK(assigned.bytes() == key_of(9));
        CHECK(source.bytes() == Key32{});  // NOLINT(bugprone-use-after-move)
    }
    SECTION("when it is assigned to itself it stays") {
        SecretKey key(key_of(7));
        SecretKey& same = key;
        key = std::move(same);
        CHECK(key.bytes() == key_of(7));
    }
    SECTION("when it ends") {
        alignas(SecretKey) std::byte memory[sizeof(SecretKey)];
        SecretKey* const key = new (memory) SecretKey(key_of(7));
        REQUIRE(holds(memory, key_of(7)));
        CHECK(key->copy().bytes() == key_of(7));
        std::destroy_at(key);
        CHECK_FALSE(holds(memory, key_of(7)));
    }
}

TEST_CASE("a fingerprint is 20 characters of base32 of SHA-256") {
    struct Row {
        const char* key;
        const char* text;
    };
    const Row rows[] = {
        {"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
         "gagjzfqdxevewopnhfml"},
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
         "mmg42klgyqzwneiskrel"},
    };
    for (const Row& row : rows)
        CHECK(fingerprint(PublicKey{key_from_hex(row.key)}) == row.text);
}

TEST_CASE("a public key is read from base64 exactly as it was written") {
    struct Row {
        const char* key;
        const char* text;
    };
    const Row rows[] = {
        {"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
         "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="},
        {"fbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfb",
         "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s="},
    };
    for (const Row& row : rows) {
        const PublicKey key{key_from_hex(row.key)};
        CHECK(key.to_base64() == row.text);
        CHECK(PublicKey::from_base64(row.text) == key);
    }
}

TEST_CASE("text that is no key is refused") {
    const char* const texts[] = {
        "",
        "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo",    // no padding
        "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTg==",   // 31 bytes
        "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmoA",   // 33 bytes
        "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmp=",   // bits beyond the last byte
        "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo=",   // the other alphabet
        " hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=",  // space before
        "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n",
        "hSDwCYkwp1R0i33ctD73Wg2/ Og0mOBr066SpjqqbTm=",
        "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbT*o=",
    };
    for (const char* const text : texts) {
        INFO(text);
        CHECK_FALSE(PublicKey::from_base64(text));
    }
}

}  // namespace chat
