// SPDX-License-Identifier: MIT
#include "proto/session/nonce_check.h"

#include <array>
#include <cstring>
#include <memory>

#include "proto/session/cipher.h"
#include "proto/session/test_support.h"
#include "tests/support/catch.h"

namespace chat {

using namespace session_test;

TEST_CASE("a counter is admitted once per key, and only upwards") {
    const auto record = std::make_unique<NonceRecord>();
    struct Row {
        std::uint64_t key_id, counter;
        bool admitted;
    };
    // In this order.
    const Row rows[] = {
        {1, 0, true}, {1, 0, false}, {1, 1, true},  {1, 9, true}, {1, 8, false}, {1, 9, false},
        {2, 0, true}, {2, 0, false}, {1, 10, true}, {0, 0, true}, {0, 0, false}, {0, 1, true},
    };
    for (const Row& row : rows) {
        CAPTURE(row.key_id, row.counter);
        CHECK(record->admit(row.key_id, row.counter) == row.admitted);
    }
    record->clear();
    CHECK(record->admit(1, 0));
}

TEST_CASE("a key that had to give way is forgotten, not suspected") {
    const auto record = std::make_unique<NonceRecord>();
    CHECK(record->admit(5, 100));
    CHECK(record->admit(5 + NonceRecord::capacity, 3));
    CHECK(record->admit(5, 50));
    CHECK_FALSE(record->admit(5, 50));
}

#ifdef NDEBUG

TEST_CASE("a release build keeps no record") {
    CHECK(nonce_check_key_id(key_of(3)) == 0);
    CHECK_FALSE(aborts([] {
        check_nonce(1, 0);
        check_nonce(1, 0);
    }));
}

#else

TEST_CASE("each key has an id of its own, which is not the key") {
    CHECK(nonce_check_key_id(key_of(3)) == nonce_check_key_id(key_of(3)));
    CHECK(nonce_check_key_id(key_of(3)) != nonce_check_key_id(key_of(4)));
    CHECK(nonce_check_key_id(key_of(3)) != 0x0303030303030303U);
}

TEST_CASE("a copied sealer ends the process before it repeats a nonce") {
    forget_nonces();
    Sealer sealer(key_of(3), 1);
    std::array<std::byte, 48> datagram{};
    REQUIRE(sealer.seal(0, datagram));

    alignas(Sealer) std::array<std::byte, sizeof(Sealer)> copy;
    std::memcpy(copy.data(), static_cast<const void*>(&sealer), sizeof sealer);
    REQUIRE(sealer.seal(0, datagram));
    CHECK(aborts([&] { (void)reinterpret_cast<Sealer*>(copy.data())->seal(0, datagram); }));
    CHECK_FALSE(aborts([&] { (void)sealer.seal(0, datagram); }));
}

TEST_CASE("a second sealer for the same key ends the process, unless the world started again") {
    forget_nonces();
    std::array<std::byte, 48> datagram{};
    Sealer first(key_of(3), 1), second(key_of(3), 1);
    REQUIRE(first.seal(0, datagram));
    CHECK(aborts([&] { (void)second.seal(0, datagram); }));
    forget_nonces();
    CHECK(second.seal(0, datagram));
}

#endif

}  // namespace chat
