// SPDX-License-Identifier: MIT
// `--plain`: events as lines, for pipes and for people who want no full screen.
//
//   <alice> text      * alice joined      * alice left      ! announcement      -- the program
//
// Where the style says so, `= ` stands in front of what is older and was asked for.
//
// What happens in another room than the one where one landed has `[dev] ` or `[@bob] ` before it.
// <~alice> is somebody who came by the plain-text protocol and may be anyone. Line breaks inside a
// text are continued on lines that begin with two spaces. Characters that could steer a terminal
// do not get through.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chat-client/core/event.h"

namespace chat::client {

struct PlainStyle {
    std::string_view clock;    // "HH:MM " or empty
    std::string_view landing;  // its events have no room before them
    // What was found is dated: the user's zone is not the core's business.
    std::string (*date)(WallTime) = nullptr;
    bool all_names = false;  // of Members, however many
    bool marker = false;     // a line before it says that what was missed begins here
    bool mark_history = false;
};

// Whole lines, each with its end; none for what is no news to a person.
std::string to_plain_lines(const Event& event, const PlainStyle& style);

// The same sentences, without mark and line end, for front ends that have marks of their own.
// program_lines is empty for what is an entry of the room. author is the name as it is shown.
std::vector<std::string> program_lines(const Event& event, std::string (*date)(WallTime));
std::string author(const Message& event);
std::string joined_sentence(const Joined& event);
std::string left_sentence(const Left& event);
std::string topic_sentence(const Topic& event);
// Where nothing is pinned any more too.
std::string announced(const Announcement& event);
std::string pinned(std::string_view text);
bool unpins(const Announcement& event);
// All of them, however many: for who has asked.
std::string names_sentence(const Members& event);
inline constexpr std::string_view missed_from_here = "new since you left";

}  // namespace chat::client
