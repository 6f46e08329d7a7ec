// SPDX-License-Identifier: MIT
#include "chat-client/terminal/keys.h"

#include <string_view>

namespace chat::terminal {
namespace {

using Code = Key::Code;

enum Modifiers : std::uint8_t { plain = 0, ctrl = 1, alt = 2 };

struct Binding {
    Code code;
    std::string_view character;
    Modifiers modifiers;
    Action action;
};

// The Emacs keys, as in every shell, and those printed on a keyboard.
const Binding bindings[] = {
    {Code::enter, "", plain, Command::submit},
    {Code::character, "j", ctrl, Command::submit},
    {Code::enter, "", alt, EditAction::newline},
    {Code::character, "j", static_cast<Modifiers>(ctrl | alt), EditAction::newline},

    {Code::left, "", plain, EditAction::left},
    {Code::character, "b", ctrl, EditAction::left},
    {Code::right, "", plain, EditAction::right},
    {Code::character, "f", ctrl, EditAction::right},
    {Code::left, "", ctrl, EditAction::word_left},
    {Code::character, "b", alt, EditAction::word_left},
    {Code::right, "", ctrl, EditAction::word_right},
    {Code::character, "f", alt, EditAction::word_right},
    {Code::home, "", plain, EditAction::home},
    {Code::character, "a", ctrl, EditAction::home},
    {Code::end, "", plain, EditAction::end},
    {Code::character, "e", ctrl, EditAction::end},

    {Code::backspace, "", plain, EditAction::delete_back},
    {Code::character, "h", ctrl, EditAction::delete_back},
    {Code::del, "", plain, EditAction::delete_forward},
    {Code::character, "d", ctrl, EditAction::delete_forward},
    {Code::backspace, "", alt, EditAction::delete_word_back},
    {Code::character, "h", static_cast<Modifiers>(ctrl | alt), EditAction::delete_word_back},
    {Code::character, "w", ctrl, EditAction::delete_word_back},
    {Code::character, "d", alt, EditAction::delete_word_forward},
    {Code::del, "", ctrl, EditAction::delete_word_forward},
    {Code::character, "u", ctrl, EditAction::kill_to_start},
    {Code::character, "k", ctrl, EditAction::kill_to_end},
    {Code::character, "y", ctrl, EditAction::yank},
    {Code::character, "t", ctrl, EditAction::transpose},

    {Code::up, "", plain, EditAction::older},
    {Code::character, "p", ctrl, EditAction::older},
    {Code::down, "", plain, EditAction::newer},
    {Code::character, "n", ctrl, EditAction::newer},

    {Code::page_up, "", plain, Scroll::page_up},
    {Code::page_down, "", plain, Scroll::page_down},
    {Code::home, "", ctrl, Scroll::top},
    {Code::character, "<", alt, Scroll::top},
    {Code::end, "", ctrl, Scroll::bottom},
    {Code::character, ">", alt, Scroll::bottom},

    {Code::left, "", alt, Command::room_before},
    {Code::right, "", alt, Command::room_after},

    {Code::character, "c", ctrl, Command::leave},
    {Code::character, "z", ctrl, Command::suspend},
    {Code::character, "l", ctrl, Command::redraw},
    {Code::resize, "", plain, Command::resize},
};

bool matches(const Binding& binding, const Key& key) {
    return binding.code == key.code && binding.character == key.text &&
           binding.modifiers == ((key.ctrl ? ctrl : plain) | (key.alt ? alt : plain));
}

}  // namespace

Action action_for(const Key& key, bool editor_empty) {
    if (key.code == Code::paste) return Insert{key.text};
    if (key.code == Code::character && !key.ctrl && !key.alt) return Insert{key.text};
    if (editor_empty && key == Key{Code::character, true, false, "d"}) return Command::leave;
    if (key.code == Code::character && key.alt && !key.ctrl && key.text >= "1" && key.text <= "9" &&
        key.text.size() == 1) {
        return GoToRoom{static_cast<std::size_t>(key.text[0] - '0')};
    }
    for (const auto& binding : bindings) {
        if (matches(binding, key)) return binding.action;
    }
    return {};
}

}  // namespace chat::terminal
