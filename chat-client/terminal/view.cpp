// SPDX-License-Identifier: MIT
#include "chat-client/terminal/view.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "chat-client/terminal/bar.h"
#include "chat-client/terminal/input_line.h"
#include "chat-client/terminal/text.h"

namespace chat::terminal {
namespace {

// Which rows belong to what.
struct Layout {
    bool title = false;
    bool pinned = false;
    int pane_rows = 0;
    bool status = false;
};

// Below this what is pinned would take too much from what is said.
constexpr int rows_with_pinned = 8;

Layout layout_of(int rows, const Status& status) {
    Layout layout;
    layout.title = rows >= 4;
    layout.status = rows >= 3;
    layout.pinned = rows >= rows_with_pinned && !status.pinned.empty();
    for (const bool taken : {layout.title, layout.pinned, layout.status, true})
        rows -= taken ? 1 : 0;
    layout.pane_rows = std::max(0, rows);
    return layout;
}

FrameRow title_bar(int columns, const Status& status) {
    constexpr int topic_columns_min = 12;
    const auto topic = printable_line(status.topic);
    return bar(columns,
               {{printable_line(status.room)},
                {printable_line(status.server)},
                {topic, Style::bar, std::min(topic_columns_min, columns_of(topic))}},
               {{printable_line(status.name)}});
}

FrameRow pinned_row(int columns, const Status& status, const Words& words) {
    const auto text = fmt::format(fmt::runtime(words.pinned), printable_line(status.pinned));
    RowWriter row(columns);
    row.add(shortened(text, columns), Style::announcement);
    return row.take();
}

// "[2:dev 3]", "[3:@bob 1!]", of the one that is shown "[*1:lobby]"
std::string room_mark(const RoomMark& room) {
    const auto name = printable_line(room.name);
    const auto* const star = room.shown ? "*" : "";
    if (room.unread == 0) return fmt::format("[{}{}:{}]", star, room.number, name);
    return fmt::format("[{}{}:{} {}{}]", star, room.number, name, room.unread,
                       room.called ? "!" : "");
}

// As many rooms as fit, in the order of their numbers: the one that is shown, then those where he
// is called, those with news, the quiet ones; and how many there are beside them.
Item room_item(int columns, const std::vector<RoomMark>& rooms, const Words& words) {
    const auto weight = [](const RoomMark& room) {
        return room.shown ? 3 : room.unread == 0 ? 0 : room.called ? 2 : 1;
    };
    const auto more = [&](std::size_t count) {
        return fmt::format(fmt::runtime(words.more_rooms), count);
    };
    int wanted_columns = 0;
    for (const auto& room : rooms)
        wanted_columns += columns_of(room_mark(room)) + 1;
    if (wanted_columns > columns + 1) columns -= columns_of(more(rooms.size())) + 1;
    std::vector<bool> listed(rooms.size());
    std::size_t left_out = rooms.size();
    bool called = false;
    bool all_fit = true;
    for (int wanted = 3; wanted >= 0 && all_fit; --wanted) {
        for (std::size_t i = 0; i < rooms.size(); ++i) {
            if (weight(rooms[i]) != wanted) continue;
            const int width = columns_of(room_mark(rooms[i])) + 1;
            all_fit = all_fit && width <= columns + 1;
            if (width > columns + 1) continue;
            columns -= width;
            listed[i] = true;
            --left_out;
            called = called || wanted == 2;
        }
    }
    std::string text;
    for (std::size_t i = 0; i < rooms.size(); ++i) {
        if (!listed[i]) continue;
        if (!text.empty()) text += ' ';
        text += room_mark(rooms[i]);
    }
    if (left_out > 0 && left_out < rooms.size()) text += " " + more(left_out);
    return {std::move(text), called ? Style::bar_alert : Style::bar};
}

std::string below_words(const Status& status, const Scrollback& scrollback, const Words& words) {
    if (status.loading) return std::string(words.loading);
    if (scrollback.at_bottom()) return {};
    const auto count = scrollback.new_below();
    if (count == 0) return std::string(words.scrolled_up);
    if (count == 1) return std::string(words.new_below_one);
    return fmt::format(fmt::runtime(words.new_below_many), count);
}

FrameRow status_bar(int columns, const Status& status, const Scrollback& scrollback,
                    const Words& words) {
    std::vector<Item> right;
    right.push_back(
        {below_words(status, scrollback, words),
         scrollback.new_below() > 0 && !status.loading ? Style::bar_alert : Style::bar});
    if (status.waiting > 0) {
        right.push_back({fmt::format(fmt::runtime(words.waiting), status.waiting)});
    }
    if (status.present > 0) {
        right.push_back({fmt::format(fmt::runtime(words.present), status.present)});
    }
    if (status.lag_ms) right.push_back({fmt::format(fmt::runtime(words.lag), *status.lag_ms)});
    const Style style = status.alert ? Style::bar_alert : Style::bar;
    const auto connection = printable_line(status.connection);
    // All that the others leave, and at least half.
    constexpr int gap = 2;
    int left_over = columns - columns_of(connection) - 2 * gap;
    for (const Item& item : right)
        left_over -= item.text.empty() ? 0 : columns_of(item.text) + gap;
    return bar(
        columns,
        {{connection, style}, room_item(std::max(columns / 2, left_over), status.rooms, words)},
        right);
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
        case LineKind::pending:
            return {Style::dim, Style::dim};
        case LineKind::announcement:
            return {Style::announcement, Style::announcement};
        case LineKind::join:
        case LineKind::leave:
        case LineKind::divider:
            return {Style::dim, Style::dim};
        case LineKind::gap:
            return {Style::error, Style::error};
        case LineKind::topic:
        case LineKind::notice:
            return {Style::accent, Style::accent};
        case LineKind::error:
            return {Style::error, Style::error};
    }
    return {Style::normal, Style::normal};
}

// "--- text ---" from edge to edge.
FrameRow divider_row(int columns, std::string_view text) {
    const auto shown = shortened(text, columns);
    const int left = (columns - columns_of(shown)) / 2;
    const auto dashes = [](int count) { return std::string(static_cast<std::size_t>(count), '-'); };
    RowWriter writer(columns);
    if (left >= 2) {
        writer.add(dashes(left - 1) + " " + shown + " ", Style::accent);
        writer.add(dashes(writer.left()), Style::accent);
    } else {
        writer.add(shown, Style::accent);
    }
    return writer.take();
}

FrameRow pane_row(int columns, const PaneRow& row) {
    if (row.kind == LineKind::divider) return divider_row(columns, row.text);
    const auto styles = styles_of(row);
    RowWriter writer(columns);
    writer.blank(row.indent, Style::normal);
    if (!row.time.empty()) {
        writer.add(row.time, Style::dim);
        writer.blank(1, Style::normal);
    }
    writer.add(row.head, styles.head);
    writer.add(row.text, styles.text);
    const int mark_columns = columns_of(row.mark);
    if (mark_columns > 0 && writer.left() >= mark_columns + 1) {
        writer.blank(writer.left() - mark_columns, Style::normal);
        writer.add(row.mark, Style::dim);
    }
    return writer.take();
}

// What is under way stands below what was said, and takes at most half of the pane; who reads
// further up does not see it.
std::vector<FrameRow> pane(Size size, const Status& status, const Scrollback& scrollback) {
    Scrollback below;
    std::vector<PaneRow> under_way;
    if (scrollback.at_bottom() && size.rows > 1 && !status.pending.empty()) {
        below.resize(size.columns, std::max(size.rows / 2, 1));
        for (const auto& line : status.pending)
            below.append(line);
        under_way = below.page();
    }
    auto shown = scrollback.page();
    const auto room = static_cast<std::size_t>(size.rows) - under_way.size();
    if (shown.size() > room) {
        shown.erase(shown.begin(), shown.end() - static_cast<std::ptrdiff_t>(room));
    }
    shown.insert(shown.end(), under_way.begin(), under_way.end());

    std::vector<FrameRow> rows;
    for (const auto& row : shown)
        rows.push_back(pane_row(size.columns, row));
    return rows;
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
    const auto layout = layout_of(size.rows, status);

    Frame frame;
    frame.size = size;
    if (layout.title) frame.rows.push_back(title_bar(size.columns, status));
    if (layout.pinned) frame.rows.push_back(pinned_row(size.columns, status, words));
    scrollback.resize(size.columns, layout.pane_rows);
    if (layout.pane_rows > 0) {
        // New text stands next to the line where one types, also while there is little of it.
        auto rows = pane({size.columns, layout.pane_rows}, status, scrollback);
        frame.rows.resize(frame.rows.size() + static_cast<std::size_t>(layout.pane_rows) -
                          rows.size());
        std::ranges::move(rows, std::back_inserter(frame.rows));
    }
    if (layout.status) frame.rows.push_back(status_bar(size.columns, status, scrollback, words));
    frame.cursor_row = static_cast<int>(frame.rows.size());
    frame.rows.push_back(input_row(size.columns, status, editor, words, frame.cursor_column));
    return frame;
}

}  // namespace chat::terminal
