// SPDX-License-Identifier: MIT
#include "chat-client/terminal/wrap.h"

#include <string>
#include <string_view>

#include "tests/support/catch.h"

using namespace chat::terminal;

namespace {

std::string rows(std::string_view text, const WrapRule& rule) {
    std::string out;
    for (const auto& row : wrap(text, rule)) {
        out += text.substr(row.begin, row.end - row.begin);
        out += '|';
    }
    return out;
}

}  // namespace

TEST_CASE("wrapping") {
    struct Case {
        const char* what;
        std::string_view text;
        WrapRule rule;
        std::string_view rows;
    };
    const Case cases[] = {
        {"nothing", "", {5, 5, 0}, "|"},
        {"fits", "hello", {5, 5, 0}, "hello|"},
        {"words", "the quick brown fox", {9, 9, 0}, "the quick|brown fox|"},
        {"a blank over the edge", "hello world", {5, 5, 0}, "hello|world|"},
        {"many blanks over the edge", "hello      world", {5, 5, 0}, "hello|world|"},
        {"blanks within", "a  b c", {4, 4, 0}, "a  b|c|"},
        {"blanks at the end", "ab   ", {2, 2, 0}, "ab|"},
        {"a word too long", "abcdefgh", {3, 3, 0}, "abc|def|gh|"},
        {"a long word after a short one", "ab cdefgh", {4, 4, 0}, "ab|cdef|gh|"},
        {"narrower rest", "abcdefgh", {4, 2, 0}, "abcd|ef|gh|"},
        {"newlines", "a\nb\n\nc", {5, 5, 0}, "a|b||c|"},
        {"blanks after a newline stay", "a\n  b", {5, 5, 0}, "a|  b|"},
        {"Chinese breaks anywhere", "早上好今天", {5, 5, 0}, "早上|好今|天|"},
        {"Chinese among Latin", "ab早上cd", {5, 5, 0}, "ab早|上cd|"},
        {"no comma at the start", "早上好，今天", {6, 6, 0}, "早上|好，今|天|"},
        {"no bracket at the end", "早上（好）", {6, 6, 0}, "早上|（好）|"},
        {"punctuation only, still", "，，，", {2, 2, 0}, "，|，|，|"},
        {"a wide one at the edge", "a早", {2, 2, 0}, "a|早|"},
        {"too wide for any row", "早上", {1, 1, 0}, "早|上|"},
        {"marks stay", "e\u0301e\u0301e\u0301", {2, 2, 0}, "e\u0301e\u0301|e\u0301|"},
        {"family stays", "aa👨\u200d👩\u200d👧", {3, 3, 0}, "aa|👨\u200d👩\u200d👧|"},
        {"flags stay", "🇨🇳🇩🇪", {3, 3, 0}, "🇨🇳|🇩🇪|"},
        {"not after the head, aligned", "<a> abcdefgh", {8, 4, 4}, "<a> abcd|efgh|"},
        {"after the head, if it helps", "<a> abcdefgh", {8, 8, 4}, "<a>|abcdefgh|"},
        {"a head too long", "<abcdef> x", {4, 4, 9}, "<abc|def>|x|"},
    };
    for (const auto& c : cases) {
        INFO(c.what);
        CHECK(rows(c.text, c.rule) == c.rows);
    }
}
