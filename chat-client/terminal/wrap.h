// SPDX-License-Identifier: MIT
// Cutting a text into rows of the screen: at newlines, then between words, between Chinese
// characters, and where neither helps between graphemes; never inside one. Offsets are bytes,
// widths are columns. The text has gone through printable().
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace chat::terminal {

struct WrapRule {
    int columns_first = 0;       // room in the first row
    int columns_rest = 0;        // room in each further row
    std::size_t head_bytes = 0;  // "<alice> ": no row ends right after it without need
};

struct TextRow {
    std::size_t begin = 0;
    std::size_t end = 0;  // without the blanks or the newline that ended the row
};

// At least one row. A row is wider than its room only if one wide grapheme alone is.
std::vector<TextRow> wrap(std::string_view text, const WrapRule& rule);

}  // namespace chat::terminal
