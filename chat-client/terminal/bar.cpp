// SPDX-License-Identifier: MIT
#include "chat-client/terminal/bar.h"

#include <algorithm>
#include <cstddef>

#include "chat-client/terminal/text.h"

namespace chat::terminal {

void RowWriter::add(std::string_view text, Style style) {
    const auto part = prefix_of_columns(text, left_);
    if (part.empty()) return;
    left_ -= columns_of(part);
    row_.push_back({std::string(part), style});
}

void RowWriter::blank(int columns, Style style) {
    add(std::string(static_cast<std::size_t>(std::max(columns, 0)), ' '), style);
}

FrameRow bar(int columns, const std::vector<Item>& left, const std::vector<Item>& right) {
    constexpr int gap = 2;
    std::vector<Item> shown_left;
    std::vector<Item> shown_right;
    int used = 0;
    const auto offer = [&](Item item, std::vector<Item>& shown) {
        const int room = columns - used - (used == 0 ? 2 : gap);
        if (item.columns_min > 0 && item.columns_min <= room) {
            item.text = shortened(item.text, room);
        }
        const int width = columns_of(item.text);
        if (item.text.empty() || width > room) return;
        used = columns - room + width;
        shown.push_back(std::move(item));
    };
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
        if (i < left.size()) {
            const bool first = i == 0 && columns > 2;
            offer(first ? Item{left[0].text, left[0].style, 1} : left[i], shown_left);
        }
        if (i < right.size()) offer(right[i], shown_right);
    }

    RowWriter row(columns);
    int wanted = 1;
    for (const auto& item : shown_left) {
        row.blank(wanted, Style::bar);
        row.add(item.text, item.style);
        wanted = gap;
    }
    int right_columns = 1;
    for (const auto& item : shown_right)
        right_columns += columns_of(item.text) + gap;
    if (!shown_right.empty()) right_columns -= gap;
    row.blank(row.left() - right_columns, Style::bar);
    for (std::size_t i = shown_right.size(); i-- > 0;) {
        row.add(shown_right[i].text, shown_right[i].style);
        row.blank(i > 0 ? gap : row.left(), Style::bar);
    }
    row.blank(row.left(), Style::bar);
    return row.take();
}

}  // namespace chat::terminal
