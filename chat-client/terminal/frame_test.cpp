// SPDX-License-Identifier: MIT
#include "chat-client/terminal/frame.h"

#include <set>
#include <string>

#include "chat-client/terminal/theme.h"
#include "tests/support/catch.h"

using namespace chat::terminal;

TEST_CASE("a frame as text") {
    Frame frame;
    frame.rows = {{{"ab", Style::bold}, {" 早 ", Style::normal}}, {}, {{"   ", Style::bar}}};
    CHECK(to_text(frame) == "ab 早\n\n\n");
    CHECK(columns_of(frame.rows[0]) == 6);
}

TEST_CASE("names have stable colours, and all of them are used") {
    CHECK(name_style("alice") == name_style("alice"));
    std::set<Style> used;
    for (int i = 0; i < 60; ++i)
        used.insert(name_style("user" + std::to_string(i)));
    CHECK(used.size() == name_styles);
}

TEST_CASE("announcements and alerts stand out even without colour") {
    const auto plain = [](Style style) {
        const auto look = look_of(style);
        return (look.bold ? 1 : 0) + (look.reverse || look.reverse_without_colour ? 2 : 0);
    };
    CHECK(plain(Style::announcement) != plain(Style::normal));
    CHECK(plain(Style::announcement) != plain(Style::own));
    CHECK(plain(Style::announcement) != plain(Style::error));
    CHECK(plain(Style::error) != plain(Style::normal));
    CHECK(plain(Style::bar_alert) != plain(Style::bar));
    for (int i = 0; i < name_styles; ++i) {
        const auto look = look_of(static_cast<Style>(static_cast<int>(Style::name_0) + i));
        CHECK(look.colour_of_8 > 0);
        CHECK(look.colour_of_256 > 15);
    }
}
