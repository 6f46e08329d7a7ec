// SPDX-License-Identifier: MIT
// Rows of the picture: one that is filled from the left, and the bars above and below the
// messages, which show of their items what there is room for. Texts are printable already.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat-client/terminal/frame.h"

namespace chat::terminal {

// Fills a row from the left and never beyond its width.
class RowWriter {
  public:
    explicit RowWriter(int columns) : left_(columns) {}

    // What does not fit is cut off between graphemes.
    void add(std::string_view text, Style style);
    void blank(int columns, Style style);
    int left() const { return left_; }
    FrameRow take() { return std::move(row_); }

  private:
    FrameRow row_;
    int left_;
};

struct Item {
    std::string text;
    Style style = Style::bar;
    int columns_min = 0;  // it may be shortened to this; 0: it may not
};

// Items at the left and at the right, the first of each the most important: what there is no room
// for is left out from the ends of the lists. The very first is shortened rather than left out.
FrameRow bar(int columns, const std::vector<Item>& left, const std::vector<Item>& right);

}  // namespace chat::terminal
