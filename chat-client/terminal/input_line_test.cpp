// SPDX-License-Identifier: MIT
#include "chat-client/terminal/input_line.h"

#include <string>
#include <string_view>

#include "chat-client/terminal/text.h"
#include "tests/support/catch.h"

using namespace chat::terminal;

namespace {

// `|` is the cursor; `…` stands where there is more.
std::string shown(std::string_view state, int columns) {
    const auto cursor = state.find('|');
    Editor editor;
    editor.insert(state.substr(cursor + 1));
    editor.apply(EditAction::home);
    editor.insert(state.substr(0, cursor));

    const auto line = input_line(editor, columns);
    std::string out = line.more_left ? "…" : "";
    out += line.text;
    const auto before = prefix_of_columns(out, line.cursor_column).size();
    out.insert(before, "|");
    if (line.more_right) out += "…";
    return out;
}

}  // namespace

TEST_CASE("the part of the input that is shown") {
    struct Case {
        std::string_view state;
        int columns;
        std::string_view shown;
    };
    const Case cases[] = {
        {"|", 10, "|"},
        {"hello|", 10, "hello|"},
        {"he|llo", 10, "he|llo"},
        {"123456789|", 10, "123456789|"},
        {"1234567890|", 10, "…67890|"},
        {"12345678|90", 10, "12345678|9…"},
        {"|1234567890", 10, "|123456789…"},
        {"1234567890abcdef|", 10, "…abcdef|"},
        {"1234567890|abcdef", 10, "…67890|abc…"},
        {"1234|567890abcdef", 10, "1234|56789…"},
        {"早上好今天|", 10, "…今天|"},
        {"早上好|今天", 10, "早上好|今…"},
        {"e\u0301e\u0301|", 4, "e\u0301e\u0301|"},
        {"one\n|two", 10, "one⏎|two"},
        {"\u0301|", 10, "◌\u0301|"},
        {"\ufe0f|", 10, "\\ufe0f|"},
        {"abc|", 3, "bc|"},
        {"abc|", 2, "c|"},
        {"abc|", 1, "|"},
        {"|早", 1, "|"},
        {"早|", 2, "|"},
    };
    for (const auto& c : cases) {
        CAPTURE(std::string(c.state), c.columns);
        CHECK(shown(c.state, c.columns) == c.shown);
    }
}

TEST_CASE("typing moves the row in steps, not with every key") {
    Editor editor;
    std::string last;
    int moves = 0;
    for (int i = 0; i < 100; ++i) {
        editor.insert(std::string(1, static_cast<char>('a' + i % 26)));
        const auto line = input_line(editor, 20);
        CHECK(line.cursor_column < 20);
        if (!line.text.starts_with(last)) ++moves;
        last = line.text;
    }
    CHECK(moves <= 10);
}
