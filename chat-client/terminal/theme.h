// SPDX-License-Identifier: MIT
// What each style looks like. Colours are terminal colours by number, -1 for the terminal's own;
// the background is always the terminal's own. Without colour (an old terminal, NO_COLOR) the
// attributes alone must tell announcements and alerts from the rest.
#pragma once

#include "chat-client/terminal/frame.h"

namespace chat::terminal {

struct Look {
    bool bold = false;
    bool dim = false;
    bool reverse = false;
    bool reverse_without_colour = false;
    short colour_of_8 = -1;
    short colour_of_256 = -1;  // readable on black and on white
};

Look look_of(Style style);

}  // namespace chat::terminal
