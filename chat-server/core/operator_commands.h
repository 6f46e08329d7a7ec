// SPDX-License-Identifier: MIT
// What the operator can do, on the console behind a slash and through `chat-server ctl`. One
// sorted table; adding a command is one line of it and one function.
#pragma once

#include <string>
#include <string_view>

#include "chat-server/core/chat.h"

namespace chat::server {

struct OperatorAnswer {
    bool ok = true;
    std::string text;  // lines, without a line end at the end
};

using AddressText = std::string (*)(const Endpoint&);

// `command` is its name and argument without the slash. Never longer work than one look at every
// member and room.
OperatorAnswer run_operator_command(const Now& now, std::string_view command, Chat& chat,
                                    AddressText address_text);

// An announcement as the operator typed it.
OperatorAnswer announce(const Now& now, std::string_view text, Chat& chat);

}  // namespace chat::server
