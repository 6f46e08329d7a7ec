// SPDX-License-Identifier: MIT
// Every fixed text of the full screen, in one place for translators. Each is whole: no sentence is
// put together from pieces. `{}` is a number, in the form of the fmt library.
#pragma once

#include <string_view>

namespace chat::terminal {

struct Words {
    std::string_view name_prompt;
    std::string_view trust_prompt;
    std::string_view trust_explained;
    std::string_view new_below_one;
    std::string_view new_below_many;
    std::string_view scrolled_up;
    std::string_view lag;
    std::string_view waiting;
    std::string_view present;
};

inline constexpr Words english{
    .name_prompt = "name: ",
    .trust_prompt = "trust this key? (yes/no) ",
    .trust_explained =
        "You are new to this server. If the person who runs it tells you the same "
        "key, nobody listens in between.",
    .new_below_one = "1 new line below",
    .new_below_many = "{} new lines below",
    .scrolled_up = "older lines",
    .lag = "lag {} ms",
    .waiting = "{} not sent yet",
    .present = "{} here",
};

}  // namespace chat::terminal
