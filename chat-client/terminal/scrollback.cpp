// SPDX-License-Identifier: MIT
#include "chat-client/terminal/scrollback.h"

#include <algorithm>
#include <utility>

#include "chat-client/terminal/text.h"

namespace chat::terminal {
namespace {

// Below this width the time is left out, and continuation rows are not aligned with the text.
constexpr int roomy_columns = 30;
// Without alignment, still enough to tell a continuation from a line of its own: nobody can
// write a newline and what looks like somebody else's line.
constexpr int narrow_indent = 2;
constexpr int narrow_indent_columns = 8;

// The marks of the plain form (docs: CLI), so that both read alike. No name can imitate them,
// because a message always begins with an angle bracket.
std::string head_of(const Line& line) {
    const std::string who = printable_line(line.who);
    switch (line.kind) {
        case LineKind::message:
        case LineKind::own:
            return "<" + who + "> ";
        case LineKind::announcement:
            return who.empty() ? "! " : "! " + who + ": ";
        case LineKind::join:
        case LineKind::leave:
            return "* ";
        case LineKind::notice:
        case LineKind::error:
            return "-- ";
    }
    return {};
}

std::size_t row_of(const std::vector<TextRow>& rows, std::size_t offset) {
    const auto after = std::ranges::upper_bound(rows, offset, {}, &TextRow::begin);
    return static_cast<std::size_t>(after - rows.begin()) - 1;
}

}  // namespace

void Scrollback::append(const Line& line) {
    const std::string head = head_of(line);
    std::string text = printable(line.text);
    while (text.ends_with('\n'))
        text.pop_back();
    lines_.push_back({line.kind, printable_line(line.time), line.who, head + text, head.size()});
    bytes_ += lines_.back().bytes();
    while (lines_.size() > 1 && (lines_.size() > limits_.lines_max || bytes_ > limits_.bytes_max)) {
        bytes_ -= lines_.front().bytes();
        lines_.pop_front();
        ++first_id_;
    }
    if (top_ && top_->id < first_id_) top_ = Place{first_id_, 0};
    unseen_id_ = top_ ? std::max(unseen_id_, first_id_) : next_id();
}

void Scrollback::resize(int columns, int rows) {
    columns = std::max(columns, 1);
    rows = std::max(rows, 1);
    if (columns == columns_ && rows == rows_) return;
    columns_ = columns;
    rows_ = rows;
    if (top_) settle(*top_);
}

void Scrollback::scroll(Scroll action) {
    if (lines_.empty()) return;
    // One row is kept, so that the eye finds its place again.
    const int step = std::max(rows_ - 1, 1);
    const Place top = top_ ? *top_ : bottom_top();
    switch (action) {
        case Scroll::page_up:
            return settle(moved_up(top, step));
        case Scroll::page_down:
            return settle(moved_down(top, step));
        case Scroll::top:
            return settle({first_id_, 0});
        case Scroll::bottom:
            return settle({next_id() - 1, line(next_id() - 1).body.size()});
    }
}

// Puts the pane's top there, or the reader at the bottom if the pane would not be full.
void Scrollback::settle(Place top) {
    if (moved_up(top, 0) >= bottom_top()) {
        top_.reset();
        unseen_id_ = next_id();
        return;
    }
    top_ = top;
    unseen_id_ = std::max(unseen_id_, moved_down(top, rows_ - 1).id + 1);
}

Scrollback::Place Scrollback::bottom_top() const {
    const auto& last = lines_.back();
    return moved_up({next_id() - 1, last.body.size()}, rows_ - 1);
}

Scrollback::Place Scrollback::moved_up(Place place, int rows) const {
    auto cut = shape(line(place.id)).rows;
    auto row = row_of(cut, place.offset);
    auto left = static_cast<std::size_t>(rows);
    while (left > row) {
        if (place.id == first_id_) return {first_id_, 0};
        left -= row + 1;
        cut = shape(line(--place.id)).rows;
        row = cut.size() - 1;
    }
    return {place.id, cut[row - left].begin};
}

Scrollback::Place Scrollback::moved_down(Place place, int rows) const {
    auto cut = shape(line(place.id)).rows;
    auto row = row_of(cut, place.offset);
    auto left = static_cast<std::size_t>(rows);
    while (left > cut.size() - 1 - row) {
        if (place.id + 1 == next_id()) return {place.id, cut.back().begin};
        left -= cut.size() - row;
        cut = shape(line(++place.id)).rows;
        row = 0;
    }
    return {place.id, cut[row + left].begin};
}

std::vector<PaneRow> Scrollback::page() const {
    std::vector<PaneRow> page;
    if (lines_.empty()) return page;
    const Place top = top_ ? *top_ : bottom_top();
    const auto wanted = static_cast<std::size_t>(rows_);
    for (auto id = top.id; id < next_id() && page.size() < wanted; ++id) {
        const auto& stored = line(id);
        const auto cut = shape(stored);
        auto row = id == top.id ? row_of(cut.rows, top.offset) : 0;
        for (; row < cut.rows.size() && page.size() < wanted; ++row) {
            page.push_back(pane_row(stored, cut, row));
        }
    }
    return page;
}

Scrollback::Shape Scrollback::shape(const Stored& line) const {
    const bool roomy = columns_ >= roomy_columns;
    const int time_columns = line.time.empty() ? 0 : columns_of(line.time) + 1;
    const bool shows_time = roomy && time_columns > 0 && time_columns <= columns_ / 3;
    const int time_room = shows_time ? time_columns : 0;

    const auto head = std::string_view(line.body).substr(0, line.head_bytes);
    const int aligned = time_room + columns_of(head);
    int indent = columns_ >= narrow_indent_columns ? narrow_indent : 0;
    if (roomy && aligned <= columns_ / 2) indent = aligned;
    return {shows_time, indent,
            wrap(line.body, {columns_ - time_room, columns_ - indent, line.head_bytes})};
}

PaneRow Scrollback::pane_row(const Stored& line, const Shape& shape, std::size_t row) const {
    const auto [begin, end] = shape.rows[row];
    const auto body = std::string_view(line.body);
    const auto head_end = std::clamp(line.head_bytes, begin, end);
    PaneRow out{line.kind, line.who, 0, {}, {}, {}};
    if (row > 0) {
        out.indent = shape.indent;
    } else if (shape.shows_time) {
        out.time = line.time;
    }
    out.head = body.substr(begin, head_end - begin);
    out.text = body.substr(head_end, end - head_end);
    return out;
}

}  // namespace chat::terminal
