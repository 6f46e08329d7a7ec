// SPDX-License-Identifier: MIT
// `--plain`: events as lines, for pipes and for people who want no full screen.
//
//   <alice> text      * alice joined      * alice left      ! announcement      -- the program
//
// <~alice> is somebody who came by the plain-text protocol and may be anyone.
// Line breaks inside a text are continued on lines that begin with two spaces. Characters that
// could steer a terminal do not get through.
#pragma once

#include <string>
#include <string_view>

#include "chat-client/core/event.h"

namespace chat::client {

// Whole lines, each with its end; none for what is no news to a person. `clock` is "HH:MM " or
// empty.
std::string to_plain_lines(const Event& event, std::string_view clock);

// The same sentences, without mark and line end, for front ends that have marks of their own.
// program_sentence is empty for what is an entry of the room. author is the name as it is shown.
std::string author(const Message& event);
std::string program_sentence(const Event& event);
std::string joined_sentence(const Joined& event);
std::string left_sentence(const Left& event);

}  // namespace chat::client
