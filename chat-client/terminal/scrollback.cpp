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
        case LineKind::pending:
            return "<" + who + "> ";
        case LineKind::announcement:
            return who.empty() ? "! " : "! " + who + ": ";
        case LineKind::join:
        case LineKind::leave:
            return "* ";
        case LineKind::topic:
        case LineKind::notice:
        case LineKind::error:
        case LineKind::gap:
            return "-- ";
        case LineKind::divider:
            break;
    }
    return {};
}

std::size_t row_of(const std::vector<TextRow>& rows, std::size_t offset) {
    const auto after = std::ranges::upper_bound(rows, offset, {}, &TextRow::begin);
    return static_cast<std::size_t>(after - rows.begin()) - 1;
}

}  // namespace

Scrollback::Stored Scrollback::stored(const Line& line) {
    const std::string head = head_of(line);
    std::string text = printable(line.text);
    while (text.ends_with('\n'))
        text.pop_back();
    return {line.kind, printable_line(line.time), line.who, head + text, head.size(),
            line.seq,  printable_line(line.mark)};
}

std::uint64_t Scrollback::append(const Line& line) {
    lines_.push_back(stored(line));
    bytes_ += lines_.back().bytes();
    while (lines_.size() > 1 && (lines_.size() > limits_.lines_max || bytes_ > limits_.bytes_max))
        drop_oldest();
    keep_places();
    return next_id() - 1;
}

std::size_t Scrollback::prepend(std::span<const Line> lines) {
    std::size_t taken = 0;
    for (; taken < lines.size() && lines_.size() < limits_.lines_max; ++taken) {
        auto line = stored(lines[lines.size() - 1 - taken]);
        if (bytes_ + line.bytes() > limits_.bytes_max) break;
        bytes_ += line.bytes();
        lines_.push_front(std::move(line));
        --first_id_;
    }
    return taken;
}

void Scrollback::set_mark(std::uint64_t number, std::string_view mark) {
    if (number < first_id_ || number >= next_id()) return;
    lines_[static_cast<std::size_t>(number - first_id_)].mark = printable_line(mark);
}

void Scrollback::shrink_by(std::size_t bytes) {
    const auto before = memory();
    while (lines_.size() > 1 && before - memory() < bytes)
        drop_oldest();
    keep_places();
}

void Scrollback::drop_oldest() {
    bytes_ -= lines_.front().bytes();
    lines_.pop_front();
    ++first_id_;
}

// Who read what is gone now reads the oldest there is.
void Scrollback::keep_places() {
    if (top_ && top_->id < first_id_) top_ = Place{first_id_, 0};
    unseen_id_ = top_ ? std::max(unseen_id_, first_id_) : next_id();
}

bool Scrollback::at_top() const {
    if (lines_.empty()) return true;
    return (top_ ? moved_up(*top_, 0) : bottom_top()) == Place{first_id_, 0};
}

std::uint64_t Scrollback::oldest_seq() const {
    for (const auto& line : lines_) {
        if (line.seq != 0) return line.seq;
    }
    return 0;
}

bool Scrollback::full() const {
    // What is nearly full would take a page of older lines only in part.
    return lines_.size() + lines_.size() / 50 >= limits_.lines_max ||
           bytes_ + bytes_ / 50 >= limits_.bytes_max;
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
    PaneRow out{line.kind, line.who, 0, {}, {}, {}, {}};
    if (row > 0) {
        out.indent = shape.indent;
    } else if (shape.shows_time) {
        out.time = line.time;
    }
    out.head = body.substr(begin, head_end - begin);
    out.text = body.substr(head_end, end - head_end);
    if (row + 1 == shape.rows.size()) out.mark = line.mark;
    return out;
}

}  // namespace chat::terminal
