// SPDX-License-Identifier: MIT
#include "chat-client/terminal/scrollback.h"

#include <fmt/format.h>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/catch.h"

using namespace chat::terminal;

namespace {

// The page, each row ended by `|`.
std::string page(const Scrollback& scrollback) {
    std::string out;
    for (const auto& row : scrollback.page()) {
        out += std::string(static_cast<std::size_t>(row.indent), ' ');
        out += row.time;
        if (!row.time.empty()) out += ' ';
        out += row.head;
        out += row.text;
        out += '|';
    }
    return out;
}

void say(Scrollback& scrollback, std::string_view text) {
    scrollback.append({"", LineKind::message, "a", std::string(text)});
}

// Numbered lines "<a> 000" and on.
Scrollback numbered(int count, int columns, int rows) {
    Scrollback scrollback;
    scrollback.resize(columns, rows);
    for (int i = 0; i < count; ++i)
        say(scrollback, fmt::format("{:03}", i));
    return scrollback;
}

}  // namespace

TEST_CASE("lines of every kind") {
    struct Case {
        Line line;
        int columns;
        std::string_view page;
    };
    const Case cases[] = {
        {{"12:34", LineKind::message, "alice", "hello"}, 40, "12:34 <alice> hello|"},
        {{"12:34", LineKind::own, "bob", "hello"}, 40, "12:34 <bob> hello|"},
        {{"12:34", LineKind::announcement, "管理员", "注意"}, 40, "12:34 ! 管理员: 注意|"},
        {{"12:34", LineKind::announcement, "", "listen"}, 40, "12:34 ! listen|"},
        {{"12:34", LineKind::join, "", "alice joined"}, 40, "12:34 * alice joined|"},
        {{"12:34", LineKind::leave, "", "alice left"}, 40, "12:34 * alice left|"},
        {{"12:34", LineKind::notice, "", "connected"}, 40, "12:34 -- connected|"},
        {{"12:34", LineKind::error, "", "no"}, 40, "12:34 -- no|"},
        {{"", LineKind::message, "alice", "hello"}, 40, "<alice> hello|"},
        {{"12:34", LineKind::message, "alice", "hello"}, 20, "<alice> hello|"},
        {{"12:34", LineKind::message, "alice", "one two three four five six"},
         30,
         "12:34 <alice> one two three|              four five six|"},
        {{"12:34", LineKind::message, "alice", "one two three four"},
         20,
         "<alice> one two|  three four|"},
        {{"12:34", LineKind::message, "alice", "one two"}, 6, "<alice|> one|two|"},
        {{"12:34", LineKind::message, "a", "x\n12:34 <bob> y"}, 20, "<a> x|  12:34 <bob> y|"},
        {{"12:34", LineKind::message, "a", "x\n12:34 <bob> y"},
         40,
         "12:34 <a> x|          12:34 <bob> y|"},
        {{"12:34", LineKind::message, "a", "x\n\n"}, 40, "12:34 <a> x|"},
        {{"12:34", LineKind::message, "a", ""}, 40, "12:34 <a>|"},
        {{"12:34", LineKind::message, "a\nb", "\033[2J"}, 40, "12:34 <a⏎b> ^[[2J|"},
        {{"a long word for a time", LineKind::message, "a", "x"}, 40, "<a> x|"},
        {{"12:34", LineKind::message, "someone with a very long name", "hello there"},
         40,
         "12:34 <someone with a very long name>|  hello there|"},
    };
    for (const auto& c : cases) {
        Scrollback scrollback;
        scrollback.resize(c.columns, 5);
        scrollback.append(c.line);
        CHECK(page(scrollback) == c.page);
    }
}

TEST_CASE("the newest lines are shown, cut where the pane ends") {
    Scrollback scrollback;
    scrollback.resize(10, 2);
    CHECK(page(scrollback).empty());
    scrollback.scroll(Scroll::page_up);
    scrollback.scroll(Scroll::bottom);
    CHECK(scrollback.at_bottom());
    say(scrollback, "one");
    CHECK(page(scrollback) == "<a> one|");
    say(scrollback, "two");
    say(scrollback, "three four five six");
    CHECK(page(scrollback) == "  four|  five six|");
    CHECK(scrollback.new_below() == 0);
}

TEST_CASE("scrolling by pages, one row kept") {
    auto scrollback = numbered(10, 20, 4);
    CHECK(page(scrollback) == "<a> 006|<a> 007|<a> 008|<a> 009|");
    scrollback.scroll(Scroll::page_up);
    CHECK(page(scrollback) == "<a> 003|<a> 004|<a> 005|<a> 006|");
    CHECK_FALSE(scrollback.at_bottom());
    CHECK(scrollback.new_below() == 0);
    scrollback.scroll(Scroll::page_up);
    scrollback.scroll(Scroll::page_up);
    CHECK(page(scrollback) == "<a> 000|<a> 001|<a> 002|<a> 003|");
    scrollback.scroll(Scroll::page_down);
    CHECK(page(scrollback) == "<a> 003|<a> 004|<a> 005|<a> 006|");
    scrollback.scroll(Scroll::page_down);
    CHECK(page(scrollback) == "<a> 006|<a> 007|<a> 008|<a> 009|");
    CHECK(scrollback.at_bottom());
    scrollback.scroll(Scroll::top);
    CHECK(page(scrollback) == "<a> 000|<a> 001|<a> 002|<a> 003|");
    scrollback.scroll(Scroll::bottom);
    CHECK(page(scrollback) == "<a> 006|<a> 007|<a> 008|<a> 009|");
    CHECK(scrollback.at_bottom());
}

TEST_CASE("nothing to scroll leaves the reader at the bottom") {
    for (const int lines : {0, 1, 3, 4}) {
        auto scrollback = numbered(lines, 20, 4);
        scrollback.scroll(Scroll::page_up);
        CHECK(scrollback.at_bottom());
        scrollback.scroll(Scroll::top);
        CHECK(scrollback.at_bottom());
    }
}

TEST_CASE("new lines do not move what is being read, and are counted") {
    auto scrollback = numbered(10, 20, 4);
    scrollback.scroll(Scroll::page_up);
    const auto before = page(scrollback);
    for (int i = 10; i < 20; ++i)
        say(scrollback, fmt::format("{:03}", i));
    CHECK(page(scrollback) == before);
    CHECK(scrollback.new_below() == 10);
    scrollback.scroll(Scroll::page_down);
    CHECK(scrollback.new_below() == 10);
    scrollback.scroll(Scroll::page_down);
    CHECK(page(scrollback) == "<a> 009|<a> 010|<a> 011|<a> 012|");
    CHECK(scrollback.new_below() == 7);
    scrollback.scroll(Scroll::page_up);
    CHECK(scrollback.new_below() == 7);
    scrollback.scroll(Scroll::bottom);
    CHECK(scrollback.new_below() == 0);
    CHECK(page(scrollback) == "<a> 016|<a> 017|<a> 018|<a> 019|");
}

TEST_CASE("the place is kept when the width changes") {
    Scrollback scrollback;
    scrollback.resize(40, 3);
    for (int i = 0; i < 20; ++i) {
        say(scrollback, fmt::format("{:02}a bb cc dd ee ff gg hh ii jj kk ll mm nn oo pp", i));
    }
    scrollback.scroll(Scroll::top);
    for (int i = 0; i < 3; ++i)
        scrollback.scroll(Scroll::page_down);
    const auto before = page(scrollback);
    REQUIRE(before.starts_with("<a> 03a bb"));
    for (const int columns : {12, 80, 7, 200, 1, 20}) {
        scrollback.resize(columns, 3);
        const auto rows = scrollback.page();
        REQUIRE(rows.size() == 3);
        if (columns >= 10) CHECK(rows[0].text.starts_with("03a"));
        say(scrollback, "news");
    }
    scrollback.resize(40, 3);
    CHECK(page(scrollback) == before);
    CHECK(scrollback.new_below() == 6);
}

TEST_CASE("in the middle of a long line, too") {
    Scrollback scrollback;
    scrollback.resize(20, 3);
    std::string text;
    for (int i = 0; i < 60; ++i)
        text += fmt::format("w{:02} ", i);
    say(scrollback, text);
    scrollback.scroll(Scroll::page_up);
    scrollback.scroll(Scroll::page_up);
    const auto before = page(scrollback);
    REQUIRE(before.starts_with("  w32"));
    for (const int columns : {40, 9, 33, 25}) {
        scrollback.resize(columns, 3);
        REQUIRE_FALSE(scrollback.at_bottom());
        const std::string top(scrollback.page().front().text);
        CHECK(top.find("w32") != std::string::npos);
    }
    scrollback.resize(20, 3);
    CHECK(page(scrollback) == before);
}

TEST_CASE("a pane grown beyond the end is at the bottom") {
    auto scrollback = numbered(10, 20, 4);
    scrollback.scroll(Scroll::page_up);
    scrollback.resize(20, 9);
    CHECK(scrollback.at_bottom());
    CHECK(page(scrollback).starts_with("<a> 001|"));
    say(scrollback, "010");
    CHECK(page(scrollback).starts_with("<a> 002|"));
}

TEST_CASE("old lines are dropped, by number and by size") {
    SECTION("by number") {
        Scrollback scrollback({.lines_max = 10, .bytes_max = 1000});
        scrollback.resize(20, 4);
        for (int i = 0; i < 25; ++i)
            say(scrollback, fmt::format("{:03}", i));
        CHECK(scrollback.size() == 10);
        scrollback.scroll(Scroll::top);
        CHECK(page(scrollback) == "<a> 015|<a> 016|<a> 017|<a> 018|");
        // What is being read is dropped at last; the reader stays at the oldest.
        for (int i = 25; i < 28; ++i)
            say(scrollback, fmt::format("{:03}", i));
        CHECK(page(scrollback) == "<a> 018|<a> 019|<a> 020|<a> 021|");
        CHECK(scrollback.new_below() == 3);
    }
    SECTION("by size") {
        Scrollback scrollback({.lines_max = 1000, .bytes_max = 100});
        scrollback.resize(20, 4);
        for (int i = 0; i < 25; ++i)
            say(scrollback, fmt::format("{:03}", i));
        CHECK(scrollback.size() == 100 / 8);
        say(scrollback, std::string(500, 'x'));
        CHECK(scrollback.size() == 1);
        CHECK(scrollback.page().size() == 4);
    }
}
