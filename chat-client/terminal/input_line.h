// SPDX-License-Identifier: MIT
// The part of a text being edited that one row shows: all of it if it fits, else a stretch around
// the cursor with marks where more is hidden. Moves by half a row, so that it stands still while
// somebody types or moves within it.
#pragma once

#include <string>

#include "chat-client/terminal/editor.h"

namespace chat::terminal {

struct InputLine {
    bool more_left = false;   // the row's first column is for a mark
    std::string text;         // printable
    bool more_right = false;  // the row's last column is for a mark
    int cursor_column = 0;    // 0 to columns - 1
};

// `columns` is at least 1.
InputLine input_line(const Editor& editor, int columns);

}  // namespace chat::terminal
