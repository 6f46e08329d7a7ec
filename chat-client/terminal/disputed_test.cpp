// SPDX-License-Identifier: MIT
#include "chat-client/terminal/disputed.h"

#include <clocale>

#include "tests/support/catch.h"

using namespace chat::terminal;

TEST_CASE("which graphemes are written with care") {
    REQUIRE(std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr);
    struct Case {
        std::string_view text;
        bool disputed;
        int columns_worst;
        std::string_view reduced;
    };
    const Case cases[] = {
        {"a", false, 1, "a"},
        {"早", false, 2, "早"},
        {"e\u0301", false, 1, "e"},
        {"한", false, 2, "한"},
        {"ก่", false, 1, "ก"},
        {"👍", true, 2, "👍"},
        {"👍🏽", true, 4, "👍"},
        {"❤\ufe0f", true, 4, "❤ "},
        {"👨\u200d👩\u200d👧", true, 6, "👨"},
        {"🇨🇳", true, 4, "🇨 "},
        {"कि", true, 4, "क "},
        {"\ue000", true, 2, "?"},
        {"a\u0301\u0302\u0303\u0304\u0305", true, 2, "a"},
    };
    for (const auto& c : cases) {
        INFO(std::string(c.text));
        const auto cluster = first_cluster(c.text);
        const auto measured = measure(cluster);
        CHECK(measured.disputed == c.disputed);
        CHECK(measured.columns_worst == c.columns_worst);
        CHECK(has_disputed("abc" + std::string(c.text)) == c.disputed);
        CHECK(reduced(cluster) == c.reduced);
    }
}
