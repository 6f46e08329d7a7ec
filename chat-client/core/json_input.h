// SPDX-License-Identifier: MIT
// `--json`, the way in: one line with one JSON object is one thing that the user wants. Unknown
// fields are ignored; a field of another type than it must have makes the line bad input, which is
// said in a sentence. The names are a contract with other people's programs.
#pragma once

#include <string_view>

#include "chat-client/core/user_input.h"

namespace chat::client {

UserInput parse_json_line(std::string_view line);

}  // namespace chat::client
