// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>
#include <vector>

#include "proto/wire/frame.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::frame;

namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    return {bytes.begin(), bytes.end()};
}

// An entry's bytes with any content, allowed or not.
std::vector<std::byte> raw_entry(int kind, int flags, std::string_view name,
                                 std::string_view text) {
    std::string raw{static_cast<char>(kind), static_cast<char>(flags)};
    raw += std::string("\x01\x02\x03\x04\x05\x06", 6);
    raw += static_cast<char>(name.size());
    raw += name;
    raw += static_cast<char>(text.size() & 0xff);
    raw += static_cast<char>(text.size() >> 8);
    raw += text;
    return bytes_of(raw);
}

}  // namespace

TEST_CASE("an entry lies as the protocol says, and reads back") {
    const Entry entry{EntryKind::message, flag_unverified, {0x060504030201}, "bob", "a\nb"};
    std::vector<std::byte> bytes;
    append_entry(entry, bytes);
    CHECK(bytes == raw_entry(1, 1, "bob", "a\nb"));
    CHECK(bytes.size() == encoded_entry_bytes(entry));
    const auto read = read_entry(bytes);
    REQUIRE(read);
    CHECK(read->kind == entry.kind);
    CHECK(read->flags == entry.flags);
    CHECK(read->time == entry.time);
    CHECK(read->name == entry.name);
    CHECK(read->text == entry.text);

    for (std::size_t length = 0; length < bytes.size(); ++length)
        CHECK_FALSE(read_entry(std::span(bytes).first(length)));
    bytes.push_back({});
    CHECK_FALSE(read_entry(bytes));
}

TEST_CASE("the time of an entry is 48 bits, whatever the clock says") {
    struct Row {
        std::int64_t unix_ms, read;
    };
    const Row table[] = {{0, 0},
                         {-5, 0},
                         {1'732'000'000'000, 1'732'000'000'000},
                         {0xffff'ffff'ffff, 0xffff'ffff'ffff},
                         {INT64_MAX, 0xffff'ffff'ffff}};
    for (const auto& row : table) {
        std::vector<std::byte> bytes;
        append_entry({EntryKind::join, 0, {row.unix_ms}, "bob", ""}, bytes);
        const auto read = read_entry(bytes);
        REQUIRE(read);
        CHECK(read->time.unix_ms == row.read);
    }
}

TEST_CASE("an entry is what its kind allows") {
    struct Row {
        int kind, flags;
        std::string name, text;
        bool right;
    };
    const Row table[] = {
        {1, 0, "bob", "hello", true},
        {1, 1, "汉字", "你好\n👋", true},
        {2, 0, "bob", "", true},
        {3, 1, "bob", "", true},
        {4, 0, "", "server stops", true},
        {5, 0, "bob", "roses", true},
        {5, 1, "bob", "", true},
        {5, 0, "bob", std::string(255, 'x'), true},
        {6, 0, "", "server stops\nsoon", true},
        {6, 0, "", "", true},
        {6, 0, "", std::string(8192, 'x'), true},
        {0, 0, "bob", "hello", false},
        {7, 0, "bob", "hello", false},
        {255, 0, "", "", false},
        {1, 2, "bob", "hello", false},
        {1, 0x80, "bob", "hello", false},
        {1, 0, "", "hello", false},
        {1, 0, "b b", "hello", false},
        {1, 0, std::string(32, 'x'), "hello", true},
        {1, 0, std::string(33, 'x'), "hello", false},
        {1, 0, "\xff", "hello", false},
        {1, 0, "bob", "", false},
        {1, 0, "bob", "a\x1b[31m", false},
        {1, 0, "bob", "a\r\nb", false},
        {1, 0, "bob", "a\n", false},
        {1, 0, "bob", "a\tb", false},
        {1, 0, "bob", "\xe6\x98", false},
        {1, 0, "bob", std::string(8192, 'x'), true},
        {1, 0, "bob", std::string(8193, 'x'), false},
        {2, 0, "", "", false},
        {2, 0, "bob", "hello", false},
        {3, 0, "", "", false},
        {3, 0, "bob", "hello", false},
        {4, 0, "bob", "hello", false},
        {4, 0, "", "", false},
        {4, 0, "", "a\u202e", false},
        {5, 0, "", "roses", false},
        {5, 0, "b b", "roses", false},
        {5, 2, "bob", "roses", false},
        {5, 0, "bob", "red\nroses", false},
        {5, 0, "bob", "red\troses", false},
        {5, 0, "bob", "\xff", false},
        {5, 0, "bob", std::string(256, 'x'), false},
        {6, 0, "bob", "server stops", false},
        {6, 0, "bob", "", false},
        {6, 2, "", "server stops", false},
        {6, 0, "", "a\n", false},
        {6, 0, "", std::string(8193, 'x'), false},
    };
    for (const auto& row : table) {
        CAPTURE(row.kind, row.flags, row.name, row.text);
        CHECK(read_entry(raw_entry(row.kind, row.flags, row.name, row.text)).has_value() ==
              row.right);
    }
}

TEST_CASE("entries are taken one after another") {
    std::vector<std::byte> bytes;
    append_entry({EntryKind::join, 0, {1}, "bob", ""}, bytes);
    append_entry({EntryKind::message, 0, {2}, "bob", "hello"}, bytes);
    const auto whole = bytes.size();
    bytes.push_back(std::byte{1});
    std::span<const std::byte> rest = bytes;
    REQUIRE(take_entry(rest));
    const auto second = take_entry(rest);
    REQUIRE(second);
    CHECK(second->text == "hello");
    CHECK(rest.size() == bytes.size() - whole);
    CHECK_FALSE(take_entry(rest));
    CHECK(rest.size() == 1);  // a failure takes nothing
}

TEST_CASE("the longest entry fits into eight parts") {
    const std::string name(32, 'x');
    const std::string text(8192, 'x');
    const Entry entry{EntryKind::message, 0, {}, name, text};
    CHECK(encoded_entry_bytes(entry) == entry_bytes_max);
    CHECK(entry_bytes_max > 7 * part_bytes);
    CHECK(entry_bytes_max <= 8 * part_bytes);
    CHECK(part_bytes == 1150);
    CHECK(whole_entry_bytes_max == 1152);
}

TEST_CASE("names of members are taken one after another") {
    std::vector<std::byte> bytes;
    append_member_name({flag_unverified, "bob"}, bytes);
    append_member_name({0, "汉字"}, bytes);
    CHECK(bytes == bytes_of(std::string("\x01\x03"
                                        "bob"
                                        "\x00\x06",
                                        7) +
                            "汉字"));
    std::span<const std::byte> rest = bytes;
    const auto first = take_member_name(rest);
    REQUIRE(first);
    CHECK(first->flags == flag_unverified);
    CHECK(first->name == "bob");
    const auto second = take_member_name(rest);
    REQUIRE(second);
    CHECK(second->flags == 0);
    CHECK(second->name == "汉字");
    CHECK(rest.empty());
    CHECK_FALSE(take_member_name(rest));

    for (const std::string_view wrong : {std::string_view("\x02\x03"
                                                          "bob",
                                                          5),
                                         std::string_view("\x00\x04"
                                                          "bob",
                                                          5),
                                         std::string_view("\x00\x00", 2),
                                         std::string_view("\x00\x03"
                                                          "b b",
                                                          5)}) {
        const auto raw = bytes_of(wrong);
        std::span<const std::byte> all = raw;
        CHECK_FALSE(take_member_name(all));
        CHECK(all.size() == raw.size());
    }
}

TEST_CASE("rooms of a list are taken one after another") {
    std::vector<std::byte> bytes;
    append_listed_room({listed_room_is_his, 0x04030201, "bob", "hi"}, bytes);
    append_listed_room({0, 0, "汉字", ""}, bytes);
    CHECK(bytes == bytes_of(std::string("\x01\x01\x02\x03\x04\x03"
                                        "bob"
                                        "\x02"
                                        "hi"
                                        "\x00\x00\x00\x00\x00\x06",
                                        18) +
                            "汉字" + std::string(1, '\0')));
    std::span<const std::byte> rest = bytes;
    const auto first = take_listed_room(rest);
    REQUIRE(first);
    CHECK(first->flags == listed_room_is_his);
    CHECK(first->members == 0x04030201);
    CHECK(first->name == "bob");
    CHECK(first->topic == "hi");
    const auto second = take_listed_room(rest);
    REQUIRE(second);
    CHECK(second->flags == 0);
    CHECK(second->members == 0);
    CHECK(second->name == "汉字");
    CHECK(second->topic.empty());
    CHECK(rest.empty());
    CHECK_FALSE(take_listed_room(rest));

    struct Row {
        int flags;
        std::string name, topic;
        bool right;
    };
    const Row table[] = {
        {0, "bob", "", true},
        {1, "bob", std::string(80, 'x'), true},
        {1, "bob", std::string(81, 'x'), false},
        {2, "bob", "", false},
        {0, "", "", false},
        {0, "b b", "", false},
        {0, std::string(32, 'x'), "", true},
        {0, std::string(33, 'x'), "", false},
        {0, "bob", "a\nb", false},
        {0, "bob", "a\x07", false},
        {0, "bob", "\xff", false},
    };
    for (const auto& row : table) {
        CAPTURE(row.flags, row.name, row.topic);
        std::string raw{static_cast<char>(row.flags),      7, 0, 0, 0,
                        static_cast<char>(row.name.size())};
        raw += row.name;
        raw += static_cast<char>(row.topic.size());
        raw += row.topic;
        const auto whole = bytes_of(raw);
        for (std::size_t length = 0; length <= whole.size(); ++length) {
            auto part = std::span(whole).first(length);
            const bool taken = take_listed_room(part).has_value();
            REQUIRE(taken == (row.right && length == whole.size()));
            REQUIRE(part.size() == (taken ? 0 : length));  // a failure takes nothing
        }
    }
}
