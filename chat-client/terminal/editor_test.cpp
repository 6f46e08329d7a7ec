// SPDX-License-Identifier: MIT
// The state of an editor is written as its text with `|` where the cursor is.
#include "chat-client/terminal/editor.h"

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/catch.h"

using namespace chat::terminal;

namespace {

std::string state(const Editor& editor) {
    std::string text = editor.text();
    text.insert(editor.cursor(), "|");
    return text;
}

Editor editor_at(std::string_view state) {
    const auto cursor = state.find('|');
    Editor editor;
    editor.insert(state.substr(cursor + 1));
    editor.apply(EditAction::home);
    editor.insert(state.substr(0, cursor));
    return editor;
}

using A = EditAction;

}  // namespace

TEST_CASE("editing") {
    struct Case {
        std::string_view before;
        std::vector<A> actions;
        std::string_view after;
    };
    const Case cases[] = {
        {"|", {A::left, A::right, A::home, A::end}, "|"},
        {"|", {A::delete_back, A::delete_forward, A::delete_word_back, A::transpose}, "|"},
        {"ab|c", {A::left}, "a|bc"},
        {"ab|c", {A::right}, "abc|"},
        {"ab|c", {A::right, A::right}, "abc|"},
        {"ab|c", {A::home}, "|abc"},
        {"a|bc", {A::end}, "abc|"},

        {"早上|好", {A::left}, "早|上好"},
        {"cafe\u0301|!", {A::left}, "caf|e\u0301!"},
        {"|👨\u200d👩\u200d👧x", {A::right}, "👨\u200d👩\u200d👧|x"},
        {"🇨🇳🇩🇪|", {A::left}, "🇨🇳|🇩🇪"},

        {"abc|d", {A::delete_back}, "ab|d"},
        {"早上|好", {A::delete_back}, "早|好"},
        {"cafe\u0301|", {A::delete_back}, "caf|"},
        {"👍🏽|", {A::delete_back}, "|"},
        {"ab|cd", {A::delete_forward}, "ab|d"},
        {"|👨\u200d👩\u200d👧x", {A::delete_forward}, "|x"},
        {"abc|", {A::delete_forward}, "abc|"},
        // What is left and right of a hole may be one grapheme: the cursor steps behind it.
        {"e\n|\u0301x", {A::delete_back}, "e\u0301|x"},

        {"foo bar|", {A::word_left}, "foo |bar"},
        {"foo bar|", {A::word_left, A::word_left}, "|foo bar"},
        {"foo, |bar", {A::word_left}, "|foo, bar"},
        {"|foo, bar", {A::word_right}, "foo|, bar"},
        {"foo|, bar", {A::word_right}, "foo, bar|"},
        {"说hello，世界|", {A::word_left}, "说hello，|世界"},
        {"说hello，世界|", {A::word_left, A::word_left}, "说|hello，世界"},
        {"|说hello", {A::word_right}, "说|hello"},
        {"cafe\u0301 x|", {A::word_left, A::word_left}, "|cafe\u0301 x"},

        {"foo bar|", {A::delete_word_back}, "foo |"},
        {"foo  |bar", {A::delete_word_back}, "|bar"},
        {"foo |bar baz", {A::delete_word_forward}, "foo | baz"},
        {"foo |bar", {A::kill_to_start}, "|bar"},
        {"foo |bar", {A::kill_to_end}, "foo |"},
        {"foo |bar", {A::clear}, "|"},

        {"foo |bar", {A::kill_to_end, A::home, A::yank}, "bar|foo "},
        {"foo bar|", {A::delete_word_back, A::yank, A::yank}, "foo barbar|"},
        {"foo |bar", {A::kill_to_end, A::kill_to_end, A::yank}, "foo bar|"},
        {"foo|", {A::clear, A::yank}, "foo|"},
        {"x|", {A::yank}, "x|"},

        {"ab|", {A::transpose}, "ba|"},
        {"a|bc", {A::transpose}, "ba|c"},
        {"|ab", {A::transpose}, "|ab"},
        {"a|", {A::transpose}, "a|"},
        {"早👍🏽|", {A::transpose}, "👍🏽早|"},

        {"a|b", {A::newline}, "a\n|b"},
    };
    for (const auto& c : cases) {
        auto editor = editor_at(c.before);
        REQUIRE(state(editor) == c.before);
        for (const auto action : c.actions)
            CHECK(editor.apply(action));
        CHECK(state(editor) == c.after);
    }
}

TEST_CASE("inserting") {
    struct Case {
        std::string_view before;
        std::string_view raw;
        std::string_view after;
    };
    const Case cases[] = {
        {"|", "hello", "hello|"},
        {"a|c", "b", "ab|c"},
        {"caf|!", "e\u0301", "cafe\u0301|!"},
        {"cafe|!", "\u0301", "cafe\u0301|!"},
        {"👨|x", "\u200d", "👨\u200d|x"},
        {"🇨|x", "🇳", "🇨🇳|x"},
        {"|", "one\r\ntwo\rthree", "one\ntwo\nthree|"},
        {"|", "\033[31mred\a", "[31mred|"},
        {"a|", "\t", "a    |"},
    };
    for (const auto& c : cases) {
        auto editor = editor_at(c.before);
        CHECK(editor.insert(c.raw));
        CHECK(state(editor) == c.after);
    }
}

TEST_CASE("the size has a limit, at a grapheme") {
    Editor editor;
    CHECK(editor.insert(std::string(Editor::text_bytes_max - 4, 'a')));
    CHECK_FALSE(editor.insert("早早"));
    CHECK(editor.text().size() == Editor::text_bytes_max - 1);
    CHECK(editor.text().ends_with("a早"));
    CHECK_FALSE(editor.insert("e\u0301"));
    CHECK(editor.text().ends_with("a早"));
    CHECK(editor.apply(EditAction::newline));
    CHECK_FALSE(editor.apply(EditAction::newline));
    CHECK(editor.text().size() == Editor::text_bytes_max);
    CHECK(editor.apply(EditAction::kill_to_start));
    CHECK(editor.empty());
    CHECK(editor.apply(EditAction::yank));
    CHECK_FALSE(editor.apply(EditAction::yank));
    CHECK(editor.text().size() == Editor::text_bytes_max);
}

TEST_CASE("history") {
    Editor editor;
    CHECK(editor.take().empty());
    editor.apply(A::older);
    CHECK(state(editor) == "|");
    for (const std::string_view line : {"one", "two", "two", "three"}) {
        editor.insert(line);
        CHECK(editor.take() == line);
        CHECK(state(editor) == "|");
    }
    editor.insert("draft");
    editor.apply(A::left);
    const std::pair<A, std::string_view> steps[] = {
        {A::older, "three|"}, {A::older, "two|"},   {A::older, "one|"},   {A::older, "one|"},
        {A::newer, "two|"},   {A::newer, "three|"}, {A::newer, "draft|"}, {A::newer, "draft|"},
    };
    for (const auto& [action, after] : steps) {
        editor.apply(action);
        CHECK(state(editor) == after);
    }

    SECTION("an old line sent again becomes the newest") {
        editor.apply(A::older);
        editor.apply(A::older);
        editor.insert("!");
        CHECK(editor.take() == "two!");
        editor.apply(A::older);
        CHECK(state(editor) == "two!|");
        editor.apply(A::older);
        editor.apply(A::older);
        CHECK(state(editor) == "two|");
    }
}

TEST_CASE("history is bounded") {
    Editor editor;
    for (std::size_t i = 0; i < Editor::history_max + 10; ++i) {
        editor.insert(std::to_string(i));
        editor.take();
    }
    for (std::size_t i = 0; i < 2 * Editor::history_max; ++i)
        editor.apply(A::older);
    CHECK(state(editor) == "10|");
}
