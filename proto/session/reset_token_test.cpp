// SPDX-License-Identifier: MIT
#include "proto/session/reset_token.h"

#include <set>

#include "proto/session/test_support.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::session_test;

TEST_CASE("a token is BLAKE2b-128 under the reset key over start count and sid") {
    // Python: hashlib.blake2b(start.to_bytes(8, 'little') + sid.to_bytes(4, 'little'),
    //                         key=bytes([7]) * 32, digest_size=16)
    CHECK(to_hex(reset_token(key_of(7), 0x0102030405060708, 0xa1b2c3d4)) ==
          "73089cd06dbdedd21c54add1c9034d83");
}

TEST_CASE("a sid belongs to one of the previous eight starts, or to none") {
    constexpr std::uint64_t now = 0x1234;
    for (std::uint64_t start = now - 20; start <= now + 20; ++start) {
        CAPTURE(start);
        const auto sid = static_cast<std::uint32_t>(0xabcdef00U | (start & 0xff));
        const auto found = earlier_start(now, sid);
        const bool earlier = start < now && start + reset_starts_max >= now;
        CHECK(found.has_value() == earlier);
        if (found) CHECK(*found == start);
    }
    CHECK(earlier_start(2, 0x101) == 1);
    CHECK_FALSE(earlier_start(2, 0x100));  // starts are counted from 1
    CHECK_FALSE(earlier_start(2, 0xff));
    CHECK_FALSE(earlier_start(0, 0xff));
}

TEST_CASE("the count of starts may pass its low eight bits") {
    CHECK(earlier_start(0x203, 0x5500'00fe) == 0x1fe);
    CHECK_FALSE(earlier_start(0x203, 0x5500'0003));
}

TEST_CASE("tokens of three generations, and of every sid and key, differ") {
    std::set<std::string> tokens;
    for (const std::uint64_t start : {100U, 101U, 102U, 100U + 256U}) {
        for (const std::uint32_t sid : {0x1164U, 0x2264U}) {
            tokens.insert(to_hex(reset_token(key_of(1), start, sid)));
            tokens.insert(to_hex(reset_token(key_of(2), start, sid)));
        }
    }
    CHECK(tokens.size() == 16);
}

TEST_CASE(
    "a client of each of three starts is told so by the fourth, and only with his own token") {
    const Key32 key = key_of(9);
    constexpr std::uint64_t this_start = 500;
    for (const std::uint64_t his_start : {497U, 498U, 499U, 500U}) {
        CAPTURE(his_start);
        const auto sid = static_cast<std::uint32_t>(0x00c0ff00U | (his_start & 0xff));
        const auto his_token = reset_token(key, his_start, sid);
        const auto told = earlier_start(this_start, sid);
        REQUIRE(told.has_value() == (his_start != this_start));
        if (!told) continue;
        CHECK(same_token(his_token, reset_token(key, *told, sid)));
        CHECK_FALSE(same_token(his_token, reset_token(key, *told, sid + 0x100)));
        CHECK_FALSE(same_token(his_token, reset_token(key, *told + 1, sid)));
    }
}
