// SPDX-License-Identifier: MIT
// What a user can tell the program: a line typed or piped, or a JSON object. Front ends turn
// bytes into these; the terminal process acts on them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "chat-client/core/event.h"

namespace chat::client {

// `room` is empty where the user did not say which: the front end fills in where he is. "@bob" is
// the conversation with bob, which begins with the first message.
struct Say {
    std::string text;
    std::string id;  // of a program that wants to hear of this message again; may be empty
    std::string room = {};
};
// Typed text goes there from now on. "@bob": begins, or opens, the conversation with bob.
struct JoinRoom {
    std::string room;
};
// A conversation is only put away: it comes again with the next message.
struct PartRoom {
    std::string room;
};
struct ListRooms {};
struct ListMembers {
    std::string room;
};
struct SetTopic {
    std::string text;  // empty: none
    std::string room = {};
};
// It is known here; the server is not asked.
struct ShowTopic {
    std::string room = {};
};
struct WantHistory {
    std::string room;
    std::uint64_t before = 0;  // 0: before the oldest that is known
    std::uint32_t limit = 50;
};
struct SearchFor {
    std::string words;      // empty: what is older than the last search has found
    std::string room = {};  // empty: all of ours
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
    std::variant<Say, Quit, QuitAtOnce, Suspend, Help, NameGiven, TrustDecided, Refused, JoinRoom,
                 PartRoom, ListRooms, ListMembers, SetTopic, ShowTopic, WantHistory, SearchFor>;

// The word `quit` alone leaves; a line that begins with a slash is a command of help_text(), whose
// table is the one place where they stand; `//text` says "/text". A command that is not there, or
// has not what it needs, is refused, so that a mistyped one is not told to everybody. Any other
// line is said as it is; an empty one is an empty Say, which is not sent.
UserInput parse_line(std::string_view line);

// yes, y, no or n, in any case, with or without blanks around it. Nothing: neither.
std::optional<bool> parse_yes_no(std::string_view line);

// The lines `/help` shows.
std::string help_text();

}  // namespace chat::client
