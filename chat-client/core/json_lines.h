// SPDX-License-Identifier: MIT
// `--json`: events as one JSON object a line, and lines back into what the user wants. Field and
// type names are a contract with other people's programs: they are added to, never changed.
#pragma once

#include <string>
#include <string_view>

#include "chat-client/core/event.h"
#include "chat-client/core/user_input.h"

namespace chat::client {

// Without the line end. Invalid UTF-8 becomes U+FFFD.
std::string to_json_line(const Event& event, std::string_view room);

UserInput parse_json_line(std::string_view line);

// RFC 3339 in UTC with milliseconds.
std::string to_rfc3339(WallTime time);

}  // namespace chat::client
