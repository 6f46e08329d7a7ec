// SPDX-License-Identifier: MIT
// For the tests of what users can say: an input as a sentence.
#pragma once

#include <string>

#include "chat-client/core/user_input.h"

namespace chat::client {

inline std::string described(const UserInput& input) {
    if (const auto* say = std::get_if<Say>(&input)) {
        return "say " + say->text + (say->id.empty() ? "" : " (" + say->id + ")") +
               (say->room.empty() ? "" : " to " + say->room);
    }
    if (std::holds_alternative<Quit>(input)) return "quit";
    if (std::holds_alternative<Help>(input)) return "help";
    if (std::holds_alternative<ListRooms>(input)) return "rooms";
    if (const auto* join = std::get_if<JoinRoom>(&input)) return "join " + join->room;
    if (const auto* part = std::get_if<PartRoom>(&input)) return "part " + part->room;
    if (const auto* members = std::get_if<ListMembers>(&input))
        return "members of " + members->room;
    if (const auto* show = std::get_if<ShowTopic>(&input)) return "show topic of " + show->room;
    if (const auto* topic = std::get_if<SetTopic>(&input)) {
        return "topic " + topic->text + " of " + topic->room;
    }
    if (const auto* search = std::get_if<SearchFor>(&input)) {
        return "search " + search->words + " in " + search->room;
    }
    if (const auto* wanted = std::get_if<WantHistory>(&input)) {
        return "history of " + wanted->room + " before " + std::to_string(wanted->before) + ", " +
               std::to_string(wanted->limit);
    }
    if (const auto* refused = std::get_if<Refused>(&input)) {
        return "refused " + std::string(code_word(refused->error.code));
    }
    return "something else";
}

}  // namespace chat::client
