// SPDX-License-Identifier: MIT
#include "proto/wire/text.h"

#include "tests/support/catch.h"

using namespace chat;

TEST_CASE("text from strangers enters the log as one clean line") {
    struct Row {
        std::string raw;
        std::string clean;
    };
    const Row table[] = {
        {"", ""},
        {"hello", "hello"},
        {"  two  spaces ", "  two  spaces "},
        {"你好 👋 e\u0301", "你好 👋 e\u0301"},
        {"👩\u200d👧", "👩\u200d👧"},
        {"a\nb", "a b"},
        {"a\r\nb", "a  b"},
        {"a\tb", "a b"},
        {std::string("a\0b", 3), "ab"},
        {"\x1b[31mred\x1b[0m", "[31mred[0m"},
        {"\x07\x08\x7f", ""},
        {"a\u009b31mb", "a31mb"},  // the one-byte CSI
        {"abc\u202edef", "abcdef"},
        {"a\u2028b\u2029c", "abc"},
        {"a\u2066b\u2069", "ab"},
        {"\ufeffa", "a"},
        {"\xff", "\ufffd"},
        {"a\x80z", "a\ufffdz"},
        {"小\xe6\x98", "小\ufffd\ufffd"},
        {"\xed\xa0\x80", "\ufffd\ufffd\ufffd"},
        {"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"},
    };
    for (const auto& row : table) {
        CAPTURE(row.raw);
        CHECK(clean_line(row.raw) == row.clean);
        CHECK(is_valid_utf8(clean_line(row.raw)));
        CHECK(clean_line(clean_line(row.raw)) == clean_line(row.raw));
        CHECK(is_clean_line(row.raw) == (row.raw == clean_line(row.raw)));
    }
}

TEST_CASE("a text keeps its lines and nothing else that moves a cursor") {
    struct Row {
        std::string raw;
        std::string clean;
    };
    const Row table[] = {
        {"", ""},
        {"hello", "hello"},
        {"a\nb", "a\nb"},
        {"a\r\nb", "a\nb"},
        {"a\rb", "a\nb"},
        {"a\r\r\nb", "a\n\nb"},
        {"a\n\rb", "a\n\nb"},
        {"a\r\x07\nb", "a\n\nb"},
        {"\n\na", "\n\na"},
        {"a\n", "a"},
        {"a\r\n\n\r", "a"},
        {"a\n\x07", "a"},
        {"a\n ", "a\n "},
        {"\n", ""},
        {"a\tb", "a b"},
        {std::string("a\0b", 3), "ab"},
        {"\x1b[31mred\x7f", "[31mred"},
        {"abc\u202edef\u2028", "abcdef"},
        {"你好\n👋 e\u0301", "你好\n👋 e\u0301"},
        {"a\xff\n\xe6\x98", "a\ufffd\n\ufffd\ufffd"},
    };
    for (const auto& row : table) {
        CAPTURE(row.raw);
        CHECK(clean_text(row.raw) == row.clean);
        CHECK(is_clean_text(row.raw) == (row.raw == row.clean));
        CHECK(is_clean_text(row.clean));
    }
}

TEST_CASE("one byte that is not clean is found wherever it stands") {
    for (unsigned byte = 0; byte < 256; ++byte) {
        // Alone no byte from 0x80 on is a character.
        const bool is_clean = (byte >= 0x20 && byte < 0x7f) || byte == '\n';
        for (std::size_t place = 0; place < 40; ++place) {
            std::string text(41, 'x');
            text[place] = static_cast<char>(byte);
            CAPTURE(byte, place);
            CHECK(is_clean_text(text) == is_clean);
        }
    }
}

TEST_CASE("blanks around a text are left out, and those within it are not") {
    CHECK(trim("  a b ") == "a b");
    CHECK(trim("a") == "a");
    CHECK(trim("   ").empty());
    CHECK(trim("").empty());
    CHECK(trim("\ta ") == "\ta");
    CHECK(trim("\ta \r", " \t\r") == "a");
}

TEST_CASE("a prefix never cuts a character") {
    struct Row {
        std::string text;
        std::size_t bytes_max;
        std::string prefix;
    };
    const Row table[] = {
        {"abc", 0, ""},  {"abc", 2, "ab"},  {"abc", 3, "abc"}, {"abc", 9, "abc"},
        {"汉字", 1, ""}, {"汉字", 3, "汉"}, {"汉字", 5, "汉"}, {"汉字", 6, "汉字"},
        {"a👋", 4, "a"}, {"a👋", 5, "a👋"}, {"", 4, ""},
    };
    for (const auto& row : table) {
        CAPTURE(row.text, row.bytes_max);
        CHECK(prefix_within(row.text, row.bytes_max) == row.prefix);
    }
}
