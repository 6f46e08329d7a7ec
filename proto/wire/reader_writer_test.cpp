// SPDX-License-Identifier: MIT
#include <array>

#include "proto/wire/reader.h"
#include "proto/wire/writer.h"
#include "tests/support/catch.h"

using namespace chat;

TEST_CASE("what is written reads back, little-endian, to exhaustion") {
    std::array<std::byte, 64> buffer;
    Writer writer(buffer);
    writer.u8(0x12);
    writer.u16(0x3456);
    writer.u32(0x789abcde);
    writer.u64(0xfedcba9876543210);
    writer.text("héllo");
    REQUIRE(writer.ok());
    CHECK(writer.size() == 1 + 2 + 4 + 8 + 6);
    CHECK(writer.written()[1] == std::byte{0x56});

    Reader reader(writer.written());
    CHECK(reader.u8() == 0x12);
    CHECK(reader.u16() == 0x3456);
    CHECK(reader.u32() == 0x789abcde);
    CHECK(reader.u64() == 0xfedcba9876543210);
    CHECK_FALSE(reader.complete());
    CHECK(reader.text(6) == "héllo");
    CHECK(reader.complete());
}

TEST_CASE("a reader never leaves its bytes and stays failed") {
    const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
    for (std::size_t length = 0; length <= bytes.size(); ++length) {
        CAPTURE(length);
        Reader reader(std::span<const std::byte>(bytes).first(length));
        CHECK(reader.u32() == 0);
        CHECK_FALSE(reader.ok());
        CHECK(reader.u8() == 0);
        CHECK(reader.bytes(0).empty());
        CHECK(reader.text(1).empty());
        CHECK_FALSE(reader.complete());
    }
    Reader huge(bytes);
    CHECK(huge.bytes(SIZE_MAX).empty());
    CHECK_FALSE(huge.ok());
}

TEST_CASE("a writer writes whole fields or nothing") {
    std::array<std::byte, 4> buffer{};
    Writer writer(buffer);
    writer.u16(0xffff);
    writer.u32(0xffffffff);
    CHECK_FALSE(writer.ok());
    CHECK(writer.size() == 2);
    writer.u8(1);
    CHECK(writer.size() == 2);
    CHECK(buffer[2] == std::byte{0});
}
