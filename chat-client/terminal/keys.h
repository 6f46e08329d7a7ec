// SPDX-License-Identifier: MIT
// What a key means. The screen says which key it was; one table says what it does; whoever owns
// editor, scrollback and screen carries it out. The help and the manual are written from this
// table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "chat-client/terminal/editor.h"
#include "chat-client/terminal/scrollback.h"

namespace chat::terminal {

struct Key {
    enum class Code : std::uint8_t {
        character,  // `text` is one character; with `ctrl` a small ASCII letter or sign
        enter,
        tab,
        backspace,
        del,
        escape,
        left,
        right,
        up,
        down,
        home,
        end,
        page_up,
        page_down,
        resize,
        paste,  // `text` is all of it, as it came
    };
    Code code = Code::character;
    bool ctrl = false;
    bool alt = false;
    std::string text;

    bool operator==(const Key&) const = default;
};

struct Insert {
    std::string text;
    bool operator==(const Insert&) const = default;
};

// Rooms have the numbers that the picture shows.
struct GoToRoom {
    std::size_t number = 0;
    bool operator==(const GoToRoom&) const = default;
};

// What is neither editing nor scrolling.
enum class Command : std::uint8_t {
    submit,  // what is typed is complete
    redraw,
    leave,
    suspend,
    resize,
    room_before,
    room_after,
};

// Nothing, for a key without a meaning.
using Action = std::variant<std::monostate, Insert, EditAction, Scroll, GoToRoom, Command>;

// `editor_empty` matters to Ctrl-D, which deletes a character or leaves.
Action action_for(const Key& key, bool editor_empty);

}  // namespace chat::terminal
