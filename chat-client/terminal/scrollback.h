// SPDX-License-Identifier: MIT
// What has been said, as far as it is remembered, and the part of it that the pane shows. Lines
// are kept as received and cut into rows only when looked at, so that appending costs what the
// line costs and showing costs what is shown, however long the history and however often the
// width changes. Painting (colours, borders) is the view's business.
//
// The reader is either at the bottom, where new lines push old ones up, or somewhere above, where
// the same text stays in the top row whatever arrives and however the width changes. A line below
// him that was never in the pane is counted as new.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat-client/terminal/wrap.h"

namespace chat::terminal {

enum class LineKind : std::uint8_t { message, own, announcement, join, leave, notice, error };

struct Line {
    std::string time;  // "12:34"; may be empty
    LineKind kind = LineKind::notice;
    std::string who;  // of messages and announcements
    std::string text;
};

// One row of the pane. The views live until the next append().
struct PaneRow {
    LineKind kind = LineKind::notice;
    std::string_view who;
    int indent = 0;
    std::string_view time;  // only in a line's first row, and if the pane is wide enough
    std::string_view head;  // "<alice> ", "* ", or the part of it that this row holds
    std::string_view text;
};

enum class Scroll : std::uint8_t { page_up, page_down, top, bottom };

struct ScrollbackLimits {
    std::size_t lines_max = 10'000;
    std::size_t bytes_max = 8U << 20U;
};

class Scrollback {
  public:
    explicit Scrollback(const ScrollbackLimits& limits = {}) : limits_(limits) {}

    // Any bytes; they are made printable here.
    void append(const Line& line);
    // The pane's size. Free if it has not changed.
    void resize(int columns, int rows);
    void scroll(Scroll action);

    // From top to bottom, at most as many rows as the pane has.
    std::vector<PaneRow> page() const;
    bool at_bottom() const { return !top_; }
    std::size_t new_below() const { return static_cast<std::size_t>(next_id() - unseen_id_); }
    std::size_t size() const { return lines_.size(); }

  private:
    struct Stored {
        LineKind kind;
        std::string time;
        std::string who;
        std::string body;  // head and text
        std::size_t head_bytes;
        std::size_t bytes() const { return time.size() + who.size() + body.size(); }
    };
    // A row, told by the text in it: `offset` bytes into the body of line `id`. Lines are numbered
    // from 0 as they come and keep their numbers when older ones are dropped.
    struct Place {
        std::uint64_t id = 0;
        std::size_t offset = 0;
        auto operator<=>(const Place&) const = default;
    };
    struct Shape {
        bool shows_time;
        int indent;
        std::vector<TextRow> rows;
    };

    std::uint64_t next_id() const { return first_id_ + lines_.size(); }
    const Stored& line(std::uint64_t id) const {
        return lines_[static_cast<std::size_t>(id - first_id_)];
    }
    Shape shape(const Stored& line) const;
    PaneRow pane_row(const Stored& line, const Shape& shape, std::size_t row) const;
    Place bottom_top() const;
    Place moved_up(Place place, int rows) const;
    Place moved_down(Place place, int rows) const;
    void settle(Place top);

    ScrollbackLimits limits_;
    std::deque<Stored> lines_;
    std::uint64_t first_id_ = 0;
    std::size_t bytes_ = 0;
    int columns_ = 80;
    int rows_ = 20;
    std::optional<Place> top_;     // of the pane; nothing while at the bottom
    std::uint64_t unseen_id_ = 0;  // the first line that was never in the pane
};

}  // namespace chat::terminal
