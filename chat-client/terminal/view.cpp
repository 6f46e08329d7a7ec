// SPDX-License-Identifier: MIT
#include "chat-client/terminal/view.h"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <utility>
#include <vector>

#include "chat-client/terminal/input_line.h"
#include "chat-client/terminal/text.h"

namespace chat::terminal {
namespace {

// Which rows belong to what.
struct Layout {
    bool title = false;
    int pane_rows = 0;
    bool status = false;
};

Layout layout_of(int rows) {
    Layout layout;
    layout.title = rows >= 4;
    layout.status = rows >= 3;
    layout.pane_rows = std::max(0, rows - 1 - (layout.status ? 1 : 0) - (layout.title ? 1 : 0));
    return layout;
}

// Fills a row from the left and never beyond its width.
class RowWriter {
  public:
    explicit RowWriter(int columns) : left_(columns) {}

    // What does not fit is cut off between graphemes.
    void add(std::string_view text, Style style) {
        const auto part = prefix_of_columns(text, left_);
        if (part.empty()) return;
        left_ -= columns_of(part);
        row_.push_back({std::string(part), style});
    }
    void blank(int columns, Style style) {
        add(std::string(static_cast<std::size_t>(std::max(columns, 0)), ' '), style);
    }
    int left() const { return left_; }
    FrameRow take() { return std::move(row_); }

  private:
    FrameRow row_;
    int left_;
};

struct Item {
    std::string text;
    Style style = Style::bar;
};

// Items at the left and at the right, the first of each the most important: what there is no room
// for is left out from the ends of the lists. The very first is shortened rather than left out.
FrameRow bar(int columns, const std::vector<Item>& left, const std::vector<Item>& right) {
    constexpr int gap = 2;
    std::vector<Item> shown_left;
    std::vector<Item> shown_right;
    int used = 0;
    const auto offer = [&](const Item& item, std::vector<Item>& shown) {
        const int margin = used == 0 ? 2 : gap;
        const int width = columns_of(item.text) + margin;
        if (item.text.empty() || used + width > columns) return;
        used += width;
        shown.push_back(item);
    };
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
        if (i < left.size()) {
            const bool first = i == 0 && columns_of(left[0].text) + 2 > columns;
            offer(first ? Item{shortened(left[0].text, columns - 2), left[0].style} : left[i],
                  shown_left);
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

FrameRow title_bar(int columns, const Status& status) {
    return bar(columns, {{printable_line(status.room)}, {printable_line(status.server)}},
               {{printable_line(status.name)}});
}

std::string below_words(const Scrollback& scrollback, const Words& words) {
    if (scrollback.at_bottom()) return {};
    const auto count = scrollback.new_below();
    if (count == 0) return std::string(words.scrolled_up);
    if (count == 1) return std::string(words.new_below_one);
    return fmt::format(fmt::runtime(words.new_below_many), count);
}

FrameRow status_bar(int columns, const Status& status, const Scrollback& scrollback,
                    const Words& words) {
    std::vector<Item> right;
    right.push_back({below_words(scrollback, words),
                     scrollback.new_below() > 0 ? Style::bar_alert : Style::bar});
    if (status.waiting > 0) {
        right.push_back({fmt::format(fmt::runtime(words.waiting), status.waiting)});
    }
    if (status.present > 0) {
        right.push_back({fmt::format(fmt::runtime(words.present), status.present)});
    }
    if (status.lag_ms) right.push_back({fmt::format(fmt::runtime(words.lag), *status.lag_ms)});
    const Style style = status.alert ? Style::bar_alert : Style::bar;
    return bar(columns, {{printable_line(status.connection), style}}, right);
}

struct LineStyles {
    Style head;
    Style text;
};

LineStyles styles_of(const PaneRow& row) {
    switch (row.kind) {
        case LineKind::message:
            return {name_style(row.who), Style::normal};
        case LineKind::own:
            return {Style::own, Style::normal};
        case LineKind::announcement:
            return {Style::announcement, Style::announcement};
        case LineKind::join:
        case LineKind::leave:
            return {Style::dim, Style::dim};
        case LineKind::notice:
            return {Style::accent, Style::accent};
        case LineKind::error:
            return {Style::error, Style::error};
    }
    return {Style::normal, Style::normal};
}

FrameRow pane_row(int columns, const PaneRow& row) {
    const auto styles = styles_of(row);
    RowWriter writer(columns);
    writer.blank(row.indent, Style::normal);
    if (!row.time.empty()) {
        writer.add(row.time, Style::dim);
        writer.blank(1, Style::normal);
    }
    writer.add(row.head, styles.head);
    writer.add(row.text, styles.text);
    return writer.take();
}

// The prompt gives way before the text does.
std::string prompt_for(int columns, const Status& status, const Words& words) {
    std::string prompt;
    switch (status.question) {
        case Question::name:
            prompt = words.name_prompt;
            break;
        case Question::trust:
            prompt = words.trust_prompt;
            break;
        case Question::none:
            if (!status.name.empty()) prompt = fmt::format("<{}> ", printable_line(status.name));
            break;
    }
    if (columns_of(prompt) <= columns / 2) return prompt;
    return columns >= 8 ? "> " : "";
}

FrameRow input_row(int columns, const Status& status, const Editor& editor, const Words& words,
                   int& cursor_column) {
    constexpr std::string_view mark = "…";
    const auto prompt = prompt_for(columns, status, words);
    const int prompt_columns = columns_of(prompt);
    const auto input = input_line(editor, columns - prompt_columns);
    cursor_column = prompt_columns + input.cursor_column;

    RowWriter row(columns);
    row.add(prompt, status.question == Question::none ? Style::own : Style::accent);
    if (input.more_left) row.add(mark, Style::accent);
    row.add(input.text, Style::normal);
    if (input.more_right) {
        row.blank(row.left() - 1, Style::normal);
        row.add(mark, Style::accent);
    }
    return row.take();
}

}  // namespace

Frame compose(Size size, const Status& status, Scrollback& scrollback, const Editor& editor,
              const Words& words) {
    size = {std::max(size.columns, 1), std::max(size.rows, 1)};
    const auto layout = layout_of(size.rows);
    scrollback.resize(size.columns, layout.pane_rows);

    Frame frame;
    frame.size = size;
    if (layout.title) frame.rows.push_back(title_bar(size.columns, status));
    if (layout.pane_rows > 0) {
        // New text stands next to the line where one types, also while there is little of it.
        const auto page = scrollback.page();
        frame.rows.resize(frame.rows.size() + static_cast<std::size_t>(layout.pane_rows) -
                          page.size());
        for (const auto& row : page)
            frame.rows.push_back(pane_row(size.columns, row));
    }
    if (layout.status) frame.rows.push_back(status_bar(size.columns, status, scrollback, words));
    frame.cursor_row = static_cast<int>(frame.rows.size());
    frame.rows.push_back(input_row(size.columns, status, editor, words, frame.cursor_column));
    return frame;
}

}  // namespace chat::terminal
