// SPDX-License-Identifier: MIT
#include "chat-client/terminal/keys.h"

#include "chat-client/terminal/key_sequences.h"
#include "tests/support/catch.h"

using namespace chat::terminal;

TEST_CASE("what keys mean") {
    using C = Key::Code;
    struct Case {
        Key key;
        Action action;
    };
    const Case cases[] = {
        {{C::character, false, false, "早"}, Insert{"早"}},
        {{C::character, false, false, " "}, Insert{" "}},
        {{C::paste, false, false, "a\rb"}, Insert{"a\rb"}},
        {{C::enter, false, false, ""}, Command::submit},
        {{C::enter, false, true, ""}, EditAction::newline},
        {{C::character, true, false, "j"}, Command::submit},
        {{C::character, true, false, "a"}, EditAction::home},
        {{C::character, true, false, "e"}, EditAction::end},
        {{C::character, true, false, "b"}, EditAction::left},
        {{C::character, true, false, "f"}, EditAction::right},
        {{C::character, true, false, "k"}, EditAction::kill_to_end},
        {{C::character, true, false, "u"}, EditAction::kill_to_start},
        {{C::character, true, false, "w"}, EditAction::delete_word_back},
        {{C::character, true, false, "y"}, EditAction::yank},
        {{C::character, true, false, "h"}, EditAction::delete_back},
        {{C::character, true, false, "t"}, EditAction::transpose},
        {{C::character, false, true, "b"}, EditAction::word_left},
        {{C::character, false, true, "f"}, EditAction::word_right},
        {{C::character, false, true, "d"}, EditAction::delete_word_forward},
        {{C::backspace, false, true, ""}, EditAction::delete_word_back},
        {{C::backspace, false, false, ""}, EditAction::delete_back},
        {{C::del, false, false, ""}, EditAction::delete_forward},
        {{C::left, true, false, ""}, EditAction::word_left},
        {{C::right, true, false, ""}, EditAction::word_right},
        {{C::home, false, false, ""}, EditAction::home},
        {{C::end, false, false, ""}, EditAction::end},
        {{C::left, false, true, ""}, Command::room_before},
        {{C::right, false, true, ""}, Command::room_after},
        {{C::character, false, true, "1"}, GoToRoom{1}},
        {{C::character, false, true, "9"}, GoToRoom{9}},
        {{C::up, false, false, ""}, EditAction::older},
        {{C::down, false, false, ""}, EditAction::newer},
        {{C::page_up, false, false, ""}, Scroll::page_up},
        {{C::page_down, false, false, ""}, Scroll::page_down},
        {{C::home, true, false, ""}, Scroll::top},
        {{C::end, true, false, ""}, Scroll::bottom},
        {{C::character, true, false, "l"}, Command::redraw},
        {{C::character, true, false, "c"}, Command::leave},
        {{C::character, true, false, "z"}, Command::suspend},
        {{C::resize, false, false, ""}, Command::resize},
        // Without a meaning: nothing, and above all no text.
        {{C::character, true, false, "x"}, {}},
        {{C::character, false, true, "早"}, {}},
        {{C::character, false, true, "0"}, {}},
        {{C::character, true, true, "1"}, {}},
        {{C::escape, false, false, ""}, {}},
        {{C::tab, false, false, ""}, {}},
        {{C::left, true, true, ""}, {}},
    };
    for (const auto& c : cases) {
        CAPTURE(static_cast<int>(c.key.code), c.key.ctrl, c.key.alt, c.key.text);
        CHECK((action_for(c.key, false) == c.action));
        CHECK((action_for(c.key, true) == c.action));
    }
}

TEST_CASE("Ctrl-D leaves only where there is nothing to delete") {
    const Key key{Key::Code::character, true, false, "d"};
    CHECK((action_for(key, true) == Action{Command::leave}));
    CHECK((action_for(key, false) == Action{EditAction::delete_forward}));
}

TEST_CASE("every sequence of a function key has a meaning, and only one") {
    for (const auto& sequence : key_sequences) {
        INFO(sequence.bytes + 1);
        const Key key{sequence.code, sequence.ctrl, sequence.alt, {}};
        CHECK((action_for(key, false) != Action{}));
        int same = 0;
        for (const auto& other : key_sequences) {
            if (std::string_view(other.bytes) == sequence.bytes) ++same;
        }
        CHECK(same == 1);
    }
}
