// SPDX-License-Identifier: MIT
// One picture of the whole screen as plain data: rows of styled text and where the cursor stands.
// What a style looks like on a given terminal is decided in screen.cpp alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chat::terminal {

enum class Style : std::uint8_t {
    normal,
    dim,
    bold,
    accent,
    announcement,
    error,
    own,
    bar,        // title and status lines
    bar_alert,  // what must not be overlooked in them
    name_0,
    name_1,
    name_2,
    name_3,
    name_4,
    name_5,
};
inline constexpr int name_styles = 6;

// Always the same for one name, on every machine.
Style name_style(std::string_view name);

struct Span {
    std::string text;
    Style style = Style::normal;
    bool operator==(const Span&) const = default;
};

// Never wider than the screen. What it does not fill is blank.
using FrameRow = std::vector<Span>;

struct Size {
    int columns = 0;
    int rows = 0;
    bool operator==(const Size&) const = default;
};

struct Frame {
    Size size;
    std::vector<FrameRow> rows;  // size.rows of them
    int cursor_row = 0;
    int cursor_column = 0;
    bool operator==(const Frame&) const = default;
};

int columns_of(const FrameRow& row);

// The picture's text, each row ended by a newline, without the blanks at its right.
std::string to_text(const Frame& frame);

}  // namespace chat::terminal
