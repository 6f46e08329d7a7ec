// SPDX-License-Identifier: MIT
// Graphemes on whose width terminals, the C library and we may not agree: emoji, joined and
// presented characters, Indic vowel signs, characters too new for somebody's tables. Part of the
// screen, not of the pure pieces, since it asks the C library under the present locale.
#pragma once

#include <string>

#include "chat-client/terminal/text.h"

namespace chat::terminal {

struct Measure {
    bool disputed = false;
    int columns_worst = 0;  // the most that any terminal may give it
};

Measure measure(const Cluster& cluster);
bool has_disputed(std::string_view text);

// What to show of a disputed grapheme where its worst case would not fit: its first character if
// that cannot be too wide, else a question mark; as wide as the grapheme should be.
std::string reduced(const Cluster& cluster);

}  // namespace chat::terminal
