// SPDX-License-Identifier: MIT
// What a user can tell the program: a line typed or piped, or a JSON object. Front ends turn
// bytes into these; the terminal process acts on them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "chat-client/core/event.h"

namespace chat::client {

struct Say {
    std::string text;
    std::string id;  // of a program that wants to hear of this message again; may be empty
};
struct Quit {};
// Ctrl-C: without sending what still waits.
struct QuitAtOnce {};
struct Suspend {};
struct Help {};
struct NameGiven {
    std::string name;
};
// To a TrustQuestion.
struct TrustDecided {
    bool trusted = false;
};
// Asked for something that is not there; the user is told.
struct Refused {
    Error error;
};
using UserInput =
    std::variant<Say, Quit, QuitAtOnce, Suspend, Help, NameGiven, TrustDecided, Refused>;

// `quit` and `/quit` leave, `/help` helps, `//text` says "/text", any other line that begins with
// a slash is refused, so that a mistyped command is not told to everybody. An empty line is an
// empty Say, which is not sent.
UserInput parse_line(std::string_view line);

// yes, y, no or n, in any case, with or without blanks around it. Nothing: neither.
std::optional<bool> parse_yes_no(std::string_view line);

// The lines `/help` shows.
std::string help_text();

}  // namespace chat::client
