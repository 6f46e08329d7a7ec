// SPDX-License-Identifier: MIT
#include "chat-client/terminal/input_line.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "chat-client/terminal/text.h"

namespace chat::terminal {
namespace {

// Below this there is no room for marks.
constexpr int columns_with_marks = 4;

// A grapheme as it is shown: usually itself, else what printable_line() makes of it.
struct Glyph {
    std::string text;
    int columns = 0;
};

struct Stretch {
    std::size_t begin = 0;
    std::size_t end = 0;
    int cursor_column = 0;
    bool shows_cursor = false;  // with the whole of the glyph under it
};

bool marks_left(std::size_t begin, int columns) {
    return begin > 0 && columns >= columns_with_marks;
}

// As many glyphs from `begin` on as fit before the last column, which is for the right mark or
// for the cursor behind the last glyph.
Stretch stretch_from(std::size_t begin, const std::vector<Glyph>& glyphs, std::size_t cursor,
                     int columns) {
    Stretch stretch{begin, begin, 0, false};
    int at = marks_left(begin, columns) ? 1 : 0;
    for (; stretch.end < glyphs.size(); ++stretch.end) {
        if (stretch.end == cursor) stretch.cursor_column = at;
        if (at + glyphs[stretch.end].columns > columns - 1) break;
        at += glyphs[stretch.end].columns;
    }
    if (cursor == glyphs.size()) stretch.cursor_column = at;
    stretch.shows_cursor = cursor < stretch.end || stretch.end == glyphs.size();
    return stretch;
}

}  // namespace

InputLine input_line(const Editor& editor, int columns) {
    std::vector<Glyph> glyphs;
    std::size_t cursor = 0;
    std::size_t offset = 0;
    for (const auto& cluster : Clusters(editor.text())) {
        Glyph glyph{printable_line(cluster.bytes), 0};
        glyph.columns = columns_of(glyph.text);
        if (offset < editor.cursor()) ++cursor;
        offset += cluster.bytes.size();
        glyphs.push_back(std::move(glyph));
    }

    // The first half-row step from the start that shows the cursor.
    const int step = std::max(columns / 2, 1);
    Stretch stretch = stretch_from(0, glyphs, cursor, columns);
    while (!stretch.shows_cursor && stretch.begin < cursor) {
        auto begin = stretch.begin;
        for (int width = 0; begin < cursor && width < step; ++begin)
            width += glyphs[begin].columns;
        stretch = stretch_from(begin, glyphs, cursor, columns);
    }

    InputLine line;
    line.more_left = marks_left(stretch.begin, columns);
    for (auto i = stretch.begin; i < stretch.end; ++i)
        line.text += glyphs[i].text;
    line.more_right = stretch.end < glyphs.size() && columns >= columns_with_marks;
    line.cursor_column = std::min(stretch.cursor_column, columns - 1);
    return line;
}

}  // namespace chat::terminal
