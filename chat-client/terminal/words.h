// SPDX-License-Identifier: MIT
// Every fixed text of the full screen, in one place for translators. Each is whole: no sentence is
// put together from pieces. `{}` is a number or a name, in the form of the fmt library. What the
// program says in lines too is in chat-client/core/plain_lines.
#pragma once

#include <string_view>

#include "chat-client/core/plain_lines.h"

namespace chat::terminal {

struct Words {
    std::string_view name_prompt;
    std::string_view trust_prompt;
    std::string_view trust_explained;
    std::string_view too_long;
    std::string_view new_below_one;
    std::string_view new_below_many;
    std::string_view scrolled_up;
    std::string_view loading;
    std::string_view lag;
    std::string_view waiting;
    std::string_view present;
    std::string_view more_rooms;
    std::string_view missed;
    std::string_view begins_here;
    std::string_view nothing_older;
    std::string_view not_in_room;
    std::string_view no_place;
    std::string_view pinned;
    std::string_view topic;
    std::string_view no_topic;
    std::string_view pending;
    std::string_view stored;
    std::string_view seen;
};

inline constexpr Words english{
    .name_prompt = "name: ",
    .trust_prompt = "trust this key? (yes/no) ",
    .trust_explained =
        "You are new to this server. If the person who runs it tells you the same "
        "key, nobody listens in between.",
    .too_long = "that is too long for one message; the rest was left out",
    .new_below_one = "1 new line below",
    .new_below_many = "{} new lines below",
    .scrolled_up = "older lines",
    .loading = "fetching older lines",
    .lag = "lag {} ms",
    .waiting = "{} not sent yet",
    .present = "{} here",
    .more_rooms = "+{}",
    .missed = client::missed_from_here,
    .begins_here = "this is where {} begins",
    .nothing_older = "there is nothing older in {} than what is here already; scroll up",
    .not_in_room = "you are not in {}",
    .no_place = "there is no place for more lines of {} here",
    .pinned = "! [pinned] {}",
    .topic = "the topic of {} is: {}",
    .no_topic = "{} has no topic",
    .pending = "pending",
    .stored = "stored",
    .seen = "reached {}/{}",
};

}  // namespace chat::terminal
