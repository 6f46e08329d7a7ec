// SPDX-License-Identifier: MIT
#include "chat-client/terminal/scrollback.h"

#include <fmt/format.h>
#include <random>
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
        if (!row.mark.empty()) out += "   " + std::string(row.mark);
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
        {{"12:34", LineKind::pending, "bob", "hello", 0, "pending"},
         40,
         "12:34 <bob> hello   pending|"},
        {{"12:34", LineKind::topic, "", "bob set the topic: x"},
         40,
         "12:34 -- bob set the topic: x|"},
        {{"", LineKind::gap, "", "entry 5 can no longer be had"},
         40,
         "-- entry 5 can no longer be had|"},
        {{"", LineKind::divider, "", "new since you left"}, 40, "new since you left|"},
        {{"12:34", LineKind::own, "bob", "one two three four five six", 7, "seen\n1/2"},
         30,
         "12:34 <bob> one two three four|            five six   seen⏎1/2|"},
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

TEST_CASE("older lines come in front, and nothing in the pane moves") {
    const std::vector<Line> older{{"", LineKind::message, "a", "x", 1},
                                  {"", LineKind::message, "a", "y", 2}};
    SECTION("the reader at the top") {
        auto scrollback = numbered(10, 20, 4);
        scrollback.scroll(Scroll::top);
        REQUIRE(scrollback.at_top());
        const auto before = page(scrollback);
        CHECK(scrollback.prepend(older) == 2);
        CHECK(page(scrollback) == before);
        CHECK_FALSE(scrollback.at_top());
        CHECK(scrollback.new_below() == 0);
        scrollback.scroll(Scroll::page_up);
        CHECK(page(scrollback) == "<a> x|<a> y|<a> 000|<a> 001|");
        CHECK(scrollback.at_top());
        CHECK(scrollback.oldest_seq() == 1);
        say(scrollback, "news");
        CHECK(scrollback.new_below() == 1);
    }
    SECTION("a pane that was not full fills from above") {
        auto scrollback = numbered(1, 20, 4);
        CHECK(scrollback.at_top());
        CHECK(scrollback.oldest_seq() == 0);
        scrollback.prepend(older);
        CHECK(page(scrollback) == "<a> x|<a> y|<a> 000|");
        CHECK(scrollback.at_bottom());
    }
    SECTION("nothing else was there") {
        Scrollback scrollback;
        CHECK(scrollback.at_top());
        scrollback.prepend(older);
        CHECK(page(scrollback) == "<a> x|<a> y|");
        say(scrollback, "z");
        CHECK(page(scrollback) == "<a> x|<a> y|<a> z|");
        CHECK(scrollback.new_below() == 0);
    }
}

TEST_CASE("older lines of any size keep the reader's place at any width") {
    std::minstd_rand random(7);
    const auto below = [&](unsigned limit) { return static_cast<unsigned>(random()) % limit; };
    for (int round = 0; round < 200; ++round) {
        Scrollback scrollback;
        scrollback.resize(5 + static_cast<int>(below(60)), 1 + static_cast<int>(below(12)));
        const auto text = [&] {
            return std::string(below(120), static_cast<char>('a' + below(26)));
        };
        for (auto left = 1 + below(40); left > 0; --left)
            say(scrollback, text());
        for (auto left = below(5); left > 0; --left)
            scrollback.scroll(static_cast<Scroll>(below(3)));
        const auto before = page(scrollback);
        const bool at_bottom = scrollback.at_bottom();
        const auto new_below = scrollback.new_below();
        const bool pane_full = scrollback.page().size() > 0 && !at_bottom;
        std::vector<Line> older;
        for (auto left = below(40); left > 0; --left)
            older.push_back({"", LineKind::message, "a", text()});
        CHECK(scrollback.prepend(older) == older.size());
        CAPTURE(round);
        if (pane_full) {
            CHECK(page(scrollback) == before);
        } else {
            CHECK(page(scrollback).ends_with(before));
        }
        CHECK(scrollback.at_bottom() == at_bottom);
        CHECK(scrollback.new_below() == new_below);
    }
}

TEST_CASE("no more older lines are taken than there is room for, the newest of them") {
    Scrollback scrollback({.lines_max = 3, .bytes_max = 1000});
    scrollback.resize(20, 4);
    say(scrollback, "now");
    CHECK_FALSE(scrollback.full());
    const std::vector<Line> older{{"", LineKind::message, "a", "x", 1},
                                  {"", LineKind::message, "a", "y", 2},
                                  {"", LineKind::message, "a", "z", 3}};
    CHECK(scrollback.prepend(older) == 2);
    CHECK(page(scrollback) == "<a> y|<a> z|<a> now|");
    CHECK(scrollback.full());
    CHECK(scrollback.prepend(older) == 0);
    say(scrollback, "later");
    CHECK(page(scrollback) == "<a> z|<a> now|<a> later|");
    CHECK(scrollback.oldest_seq() == 3);

    Scrollback small({.lines_max = 30, .bytes_max = 20});
    say(small, "now");
    CHECK(small.prepend(older) == 2);
}

TEST_CASE("marks change, also of lines that are gone") {
    Scrollback scrollback({.lines_max = 2, .bytes_max = 1000});
    scrollback.resize(20, 4);
    const auto first = scrollback.append({"", LineKind::own, "a", "x", 1, "stored"});
    CHECK(page(scrollback) == "<a> x   stored|");
    scrollback.set_mark(first, "seen 1/2");
    CHECK(page(scrollback) == "<a> x   seen 1/2|");
    scrollback.set_mark(first, "");
    CHECK(page(scrollback) == "<a> x|");
    say(scrollback, "y");
    say(scrollback, "z");
    scrollback.set_mark(first, "seen 2/2");
    scrollback.set_mark(first + 7, "seen 2/2");
    CHECK(page(scrollback) == "<a> y|<a> z|");
}

TEST_CASE("memory is given back on demand, but for the last line") {
    auto scrollback = numbered(100, 20, 4);
    const auto before = scrollback.memory();
    scrollback.shrink_by(before / 2);
    CHECK(scrollback.memory() <= before - before / 2);
    CHECK(scrollback.memory() > before / 3);
    scrollback.shrink_by(before);
    CHECK(page(scrollback) == "<a> 099|");
}
