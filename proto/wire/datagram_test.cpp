// SPDX-License-Identifier: MIT
#include "proto/wire/datagram.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/catch.h"

using namespace chat;
using namespace chat::datagram;

namespace {

// Bytes that differ from each other, so that a field in the wrong place shows.
template <std::size_t N>
Bytes<N> counting(unsigned from) {
    Bytes<N> bytes;
    for (std::size_t i = 0; i < N; ++i)
        bytes[i] = static_cast<std::byte>(from + i);
    return bytes;
}

std::string hex(std::span<const std::byte> bytes) {
    std::string text;
    for (const auto byte : bytes) {
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4];
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15];
    }
    return text;
}

bool has(std::span<const std::byte> bytes, std::size_t at, std::span<const std::byte> part) {
    return std::ranges::equal(bytes.subspan(at, part.size()), part);
}

std::vector<std::byte> one_of(std::uint8_t type, std::size_t bytes, std::uint8_t second = version) {
    std::vector<std::byte> made(bytes, std::byte{1});
    if (bytes > 0) made[0] = std::byte{type};
    if (bytes > 1) made[1] = std::byte{second};
    return made;
}

}  // namespace

TEST_CASE("a datagram is told by its first byte, its length and its version") {
    struct Row {
        std::uint8_t type;
        std::size_t shortest, longest;
        bool versioned;
    };
    const Row table[] = {
        {0xf8, 1200, 1200, true}, {0xf9, 48, 48, true},    {0xfa, 144, 144, true},
        {0xfb, 256, 256, true},   {0xfc, 48, 1200, false}, {0xfd, 24, 24, false},
        {0xfe, 32, 32, true},
    };
    for (const auto& row : table) {
        for (std::size_t bytes = 0; bytes <= 1300; ++bytes) {
            const bool whole = row.type != 0xfc || bytes % 16 == 0;
            const bool right = bytes >= row.shortest && bytes <= row.longest && whole;
            REQUIRE(type_of(one_of(row.type, bytes)).has_value() == right);
            REQUIRE(is_secure(one_of(row.type, bytes)) == (bytes > 0));
        }
        CHECK(static_cast<std::uint8_t>(*type_of(one_of(row.type, row.longest))) == row.type);
        CHECK(type_of(one_of(row.type, row.longest, 2)).has_value() != row.versioned);
        CHECK(type_of(one_of(row.type, row.longest, 0)).has_value() != row.versioned);
    }
    for (unsigned type = 0; type < 256; ++type) {
        const bool ours = type >= 0xf8 && type <= 0xfe;
        CHECK(is_secure(one_of(static_cast<std::uint8_t>(type), 48)) == ours);
        if (!ours) {
            CHECK_FALSE(type_of(one_of(static_cast<std::uint8_t>(type), 48)));
        }
    }
}

TEST_CASE("each datagram lies as the protocol says, and reads back") {
    SECTION("INIT") {
        const auto noise = counting<48>(0x80);
        const auto mac = counting<16>(0x40);
        const auto bytes = encode(
            Init{0x04030201, 0x1817161514131211, {0xa4a3a2a1, 7, mac, counting<3>(0x77)}, noise});
        CHECK(hex(std::span(bytes).first(16)) ==
              "f80100000102030411121314"
              "15161718");
        CHECK(hex(std::span(bytes).subspan(16, 8)) == "a1a2a3a407777879");
        CHECK(has(bytes, 24, mac));
        CHECK(has(bytes, 40, noise));
        CHECK(std::ranges::all_of(std::span(bytes).subspan(88),
                                  [](std::byte b) { return b == std::byte{0}; }));
        const auto read = decode_init(bytes);
        REQUIRE(read);
        CHECK(encode(*read) == bytes);
        CHECK(read->cookie == Cookie{0xa4a3a2a1, 7, mac, counting<3>(0x77)});
    }
    SECTION("RETRY") {
        const auto bytes = encode(Retry{1, 0x04030201, 0x1817161514131211, counting<24>(0x40), 2});
        CHECK(hex(bytes) ==
              "f9010100010203041112131415161718"
              "404142434445464748494a4b4c4d4e4f50515253545556570200000000000000");
        const auto read = decode_retry(bytes);
        REQUIRE(read);
        CHECK(encode(*read) == bytes);
    }
    SECTION("RESP") {
        const auto bytes = encode(Resp{0x04030201, 0x14131211, counting<128>(0x40)});
        CHECK(hex(std::span(bytes).first(16)) == "fa010000010203041112131400000000");
        CHECK(has(bytes, 16, counting<128>(0x40)));
        const auto read = decode_resp(bytes);
        REQUIRE(read);
        CHECK(encode(*read) == bytes);
    }
    SECTION("FINI") {
        const auto bytes =
            encode(Fini{0x04030201, 0x1817161514131211, counting<224>(5), counting<16>(0x33)});
        CHECK(hex(std::span(bytes).first(16)) == "fb010000010203041112131415161718");
        CHECK(has(bytes, 16, counting<224>(5)));
        CHECK(has(bytes, 240, counting<16>(0x33)));
        const auto read = decode_fini(bytes);
        REQUIRE(read);
        CHECK(encode(*read) == bytes);
    }
    SECTION("RESET") {
        const auto bytes = encode(Reset{0x04030201, counting<16>(0x40)});
        CHECK(hex(bytes) == "fd00000001020304404142434445464748494a4b4c4d4e4f");
        const auto read = decode_reset(bytes);
        REQUIRE(read);
        CHECK(encode(*read) == bytes);
    }
    SECTION("REFUSE") {
        const auto bytes =
            encode(Refuse{refuse_password, 0x04030201, 0x1817161514131211, counting<16>(0x40)});
        CHECK(hex(bytes) == "fe010100010203041112131415161718404142434445464748494a4b4c4d4e4f");
        const auto read = decode_refuse(bytes);
        REQUIRE(read);
        CHECK(encode(*read) == bytes);
    }
    SECTION("DATA") {
        auto bytes = one_of(0xfc, 48, 0);
        std::ranges::copy(counting<4>(0x61), bytes.begin() + 4);
        CHECK(receiver_sid(bytes) == 0x64636261);
    }
    SECTION("a cookie by itself") {
        auto bytes = counting<24>(0x90);
        CHECK(encode(decode_cookie(bytes)) == bytes);
        CHECK(decode_cookie(bytes).made_at_s == 0x93929190);
        CHECK(decode_cookie(bytes).generation == 0x94);
    }
}

TEST_CASE("a decoder takes its own datagram only, and no session without a number") {
    const auto init = encode(Init{1, 2, {}, {}});
    const auto retry = encode(Retry{0, 1, 2, {}, 2});
    const auto resp = encode(Resp{1, 2, {}});
    const auto fini = encode(Fini{1, 2, {}, {}});
    const auto reset = encode(Reset{1, {}});
    const auto refuse = encode(Refuse{1, 1, 2, {}});
    const std::span<const std::byte> all[] = {init, retry, resp, fini, reset, refuse};
    for (std::size_t i = 0; i < std::size(all); ++i) {
        CAPTURE(i);
        const auto check = [&](std::span<const std::byte> bytes, bool right) {
            CHECK(decode_init(bytes).has_value() == (right && i == 0));
            CHECK(decode_retry(bytes).has_value() == (right && i == 1));
            CHECK(decode_resp(bytes).has_value() == (right && i == 2));
            CHECK(decode_fini(bytes).has_value() == (right && i == 3));
            CHECK(decode_reset(bytes).has_value() == (right && i == 4));
            CHECK(decode_refuse(bytes).has_value() == (right && i == 5));
        };
        check(all[i], true);
        check(all[i].first(all[i].size() - 1), false);
        std::vector<std::byte> longer(all[i].begin(), all[i].end());
        longer.push_back({});
        check(longer, false);
    }
    CHECK_FALSE(decode_init(encode(Init{0, 2, {}, {}})));
    CHECK_FALSE(decode_retry(encode(Retry{0, 0, 2, {}, 2})));
    CHECK_FALSE(decode_resp(encode(Resp{0, 2, {}})));
    CHECK_FALSE(decode_resp(encode(Resp{1, 0, {}})));
    CHECK_FALSE(decode_fini(encode(Fini{0, 2, {}, {}})));
    CHECK_FALSE(decode_reset(encode(Reset{0, {}})));
    CHECK_FALSE(decode_refuse(encode(Refuse{1, 0, 2, {}})));
}

TEST_CASE("what is sealed in the handshake") {
    const auto offer = encode(RespPayload{0x0807060504030201, 0x1211, 0x2221, 0x3231, 0x44434241});
    CHECK(hex(offer) == "010203040506070811122122313241424344" + std::string(28, '0'));
    const auto read_offer = decode_resp_payload(offer);
    REQUIRE(read_offer);
    CHECK(encode(*read_offer) == offer);
    CHECK_FALSE(decode_resp_payload(std::span(offer).first(31)));

    FiniPayload request{0x0807060504030201,
                        0x1817161514131211,
                        0x24232221,
                        0x3837363534333231,
                        0x4847464544434241,
                        3,
                        {'b', 'o', 'b'},
                        5,
                        {'l', 'o', 'b', 'b', 'y'}};
    const auto bytes = encode(request);
    CHECK(hex(bytes) ==
          "01020304050607081112131415161718212223240000000031323334353637384142434445"
          "46474803626f62" +
              std::string(2 * std::size_t{29}, '0') + "056c6f626279" +
              std::string(2 * std::size_t{27 + 54}, '0'));
    const auto read = decode_fini_payload(bytes);
    REQUIRE(read);
    CHECK(encode(*read) == bytes);
    CHECK_FALSE(decode_fini_payload(std::span(bytes).first(159)));

    CHECK(read->name_bytes == 3);
    CHECK(read->room_bytes == 5);
    CHECK(read->room == request.room);

    struct Row {
        std::size_t at;
        std::uint8_t value;
        bool right;
    };
    const Row table[] = {
        // A length that its field has not, or something behind the text.
        {40, 33, false},
        {40, 255, false},
        {40, 2, false},
        {72, 1, false},
        {73, 33, false},
        {73, 255, false},
        {73, 4, false},
        {105, 1, false},
        // A zero in the text, which the server judges; fields called zero.
        {40, 4, true},
        {73, 6, true},
        {106, 1, true},
        {159, 1, true},
    };
    for (const auto& row : table) {
        CAPTURE(row.at, static_cast<int>(row.value));
        auto altered = bytes;
        altered[row.at] = std::byte{row.value};
        CHECK(decode_fini_payload(altered).has_value() == row.right);
    }

    request.name_bytes = 32;
    request.name.fill('x');
    request.room_bytes = 32;
    request.room.fill('y');
    const auto full = decode_fini_payload(encode(request));
    REQUIRE(full);
    CHECK(full->name == request.name);
    CHECK(full->room == request.room);
}
