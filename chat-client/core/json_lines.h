// SPDX-License-Identifier: MIT
// `--json`, the way out: events as one JSON object a line. Field and type names are a contract with
// other people's programs: they are added to, never changed.
#pragma once

#include <string>
#include <string_view>

#include "chat-client/core/event.h"

namespace chat::client {

// Without the line end. Invalid UTF-8 becomes U+FFFD. `landing`: the room of a sentence of the
// server that speaks of none.
std::string to_json_line(const Event& event, std::string_view landing);

// RFC 3339 in UTC with milliseconds.
std::string to_rfc3339(WallTime time);

}  // namespace chat::client
