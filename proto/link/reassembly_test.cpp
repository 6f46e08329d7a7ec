// SPDX-License-Identifier: MIT
#include "proto/link/reassembly.h"

#include <algorithm>
#include <vector>

#include "tests/support/catch.h"

using namespace chat;
using Added = Reassembly::Added;

namespace {

std::vector<std::byte> whole(std::size_t bytes) {
    std::vector<std::byte> made(bytes);
    for (std::size_t i = 0; i < bytes; ++i)
        made[i] = static_cast<std::byte>(i * 7 + i / 1150);
    return made;
}

std::span<const std::byte> cut(const std::vector<std::byte>& bytes, std::size_t part) {
    const std::size_t from = part * frame::part_bytes;
    return std::span(bytes).subspan(from, std::min(frame::part_bytes, bytes.size() - from));
}

}  // namespace

TEST_CASE("parts in any order make the whole") {
    struct Row {
        std::size_t bytes;
        std::vector<std::uint8_t> order;
    };
    const Row table[] = {
        {1, {0}},
        {1150, {0}},
        {1151, {1, 0}},
        {2300, {0, 1}},
        {8192, {7, 0, 6, 1, 5, 2, 4, 3}},
        {8 * 1150, {0, 1, 2, 3, 4, 5, 6, 7}},
        {8 * 1150, {7, 6, 5, 4, 3, 2, 1, 0}},
    };
    for (const auto& row : table) {
        CAPTURE(row.bytes);
        const auto sent = whole(row.bytes);
        Reassembly reassembly;
        CHECK(reassembly.empty());
        unsigned have = 0;
        for (const auto part : row.order) {
            CHECK_FALSE(reassembly.complete());
            CHECK(reassembly.bytes().empty());
            const auto parts = static_cast<std::uint8_t>(row.order.size());
            CHECK(reassembly.add(part, parts, cut(sent, part)) == Added::yes);
            CHECK(reassembly.add(part, parts, cut(sent, part)) == Added::had_it);
            have |= 1U << part;
            CHECK(reassembly.have() == have);
        }
        REQUIRE(reassembly.complete());
        CHECK(std::ranges::equal(reassembly.bytes(), sent));
        reassembly.clear();
        CHECK(reassembly.empty());
        CHECK_FALSE(reassembly.complete());
        CHECK(reassembly.bytes().empty());
    }
}

TEST_CASE("what is no part is refused") {
    struct Row {
        std::uint8_t part;
        std::uint8_t parts;
        std::size_t bytes;
    };
    const Row table[] = {
        {0, 0, 5},    {0, 9, 1150}, {1, 1, 5}, {8, 8, 5}, {255, 8, 5},  {0, 255, 1150},
        {0, 2, 1149}, {0, 2, 1151}, {0, 2, 0}, {1, 2, 0}, {1, 2, 1151}, {0, 1, 1151},
    };
    for (const auto& row : table) {
        CAPTURE(row.part, row.parts, row.bytes);
        Reassembly reassembly;
        CHECK(reassembly.add(row.part, row.parts, whole(row.bytes)) == Added::refused);
        CHECK(reassembly.empty());
        CHECK(reassembly.add(1, 2, whole(5)) == Added::yes);
        CHECK(reassembly.add(row.part, row.parts, whole(row.bytes)) == Added::refused);
        CHECK(reassembly.have() == 2);
    }
}

TEST_CASE("the first part decides and nothing is overwritten") {
    const auto sent = whole(1150 + 100);
    Reassembly reassembly;
    REQUIRE(reassembly.add(1, 2, cut(sent, 1)) == Added::yes);
    CHECK(reassembly.add(0, 3, cut(sent, 0)) == Added::refused);
    CHECK(reassembly.add(1, 2, whole(7)) == Added::had_it);
    CHECK(reassembly.add(0, 1, whole(7)) == Added::refused);
    CHECK(reassembly.add(0, 2, cut(sent, 0)) == Added::yes);
    const std::vector<std::byte> other(1150, std::byte{0xee});
    CHECK(reassembly.add(0, 2, other) == Added::had_it);
    CHECK(std::ranges::equal(reassembly.bytes(), sent));

    reassembly.clear();
    CHECK(reassembly.add(2, 3, whole(9)) == Added::yes);
    CHECK(reassembly.have() == 4);
}
