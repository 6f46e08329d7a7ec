// SPDX-License-Identifier: MIT
// What has been said, as far as it is remembered, and the part of it that the pane shows. Lines
// are kept as received and cut into rows only when looked at, so that appending costs what the
// line costs and showing costs what is shown, however long the history and however often the
// width changes. Painting (colours, borders) is the view's business.
//
// The reader is either at the bottom, where new lines push old ones up, or somewhere above, where
// the same text stays in the top row whatever arrives and however the width changes. A line below
// him that was never in the pane is counted as new. Older lines can be put in front of all others,
// which moves nothing of what is in the pane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat-client/terminal/wrap.h"

namespace chat::terminal {

enum class LineKind : std::uint8_t {
    message,
    own,
    pending,  // own, and not accepted yet
    announcement,
    join,
    leave,
    topic,
    notice,
    error,
    gap,      // something is missing here
    divider,  // across the whole pane
};
inline constexpr int line_kinds = 11;

struct Line {
    std::string time;  // "12:34"; may be empty
    LineKind kind = LineKind::notice;
    std::string who;  // of messages and announcements
    std::string text;
    std::uint64_t seq = 0;  // of an entry of the room; 0: none
    std::string mark = {};  // at the right of its end, where there is room
};

// One row of the pane. The views live until lines are added or marked.
struct PaneRow {
    LineKind kind = LineKind::notice;
    std::string_view who;
    int indent = 0;
    std::string_view time;  // only in a line's first row, and if the pane is wide enough
    std::string_view head;  // "<alice> ", "* ", or the part of it that this row holds
    std::string_view text;
    std::string_view mark;  // only in a line's last row
};

enum class Scroll : std::uint8_t { page_up, page_down, top, bottom };

struct ScrollbackLimits {
    std::size_t lines_max = 10'000;
    std::size_t bytes_max = 8U << 20U;
};

class Scrollback {
  public:
    explicit Scrollback(const ScrollbackLimits& limits = {}) : limits_(limits) {}

    // Any bytes; they are made printable here. The result stays the line's number.
    std::uint64_t append(const Line& line);
    // Lines older than all others, in order: as many of the newest of them as the limits leave
    // room for. How many that were.
    std::size_t prepend(std::span<const Line> lines);
    // The line may be gone already.
    void set_mark(std::uint64_t number, std::string_view mark);
    // Takes the oldest lines away, at least so many bytes of memory() if there are; never the last.
    void shrink_by(std::size_t bytes);
    // The pane's size. Free if it has not changed.
    void resize(int columns, int rows);
    void scroll(Scroll action);

    // From top to bottom, at most as many rows as the pane has.
    std::vector<PaneRow> page() const;
    bool at_bottom() const { return !top_; }
    // The oldest row is in the pane.
    bool at_top() const;
    // Of the oldest line that has one; 0: none has.
    std::uint64_t oldest_seq() const;
    // Nothing more can be prepended.
    bool full() const;
    // Roughly, in bytes.
    std::size_t memory() const { return bytes_ + lines_.size() * sizeof(Stored); }
    std::size_t new_below() const { return static_cast<std::size_t>(next_id() - unseen_id_); }
    std::size_t size() const { return lines_.size(); }

  private:
    struct Stored {
        LineKind kind;
        std::string time;
        std::string who;
        std::string body;  // head and text
        std::size_t head_bytes;
        std::uint64_t seq;
        std::string mark;
        std::size_t bytes() const { return time.size() + who.size() + body.size(); }
    };
    // A row, told by the text in it: `offset` bytes into the body of line `id`. Lines are numbered
    // upwards as they come, downwards as older ones are put before them, and keep their numbers.
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

    static constexpr std::uint64_t first_id = 1ULL << 62U;

    static Stored stored(const Line& line);
    void drop_oldest();
    void keep_places();
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
    std::uint64_t first_id_ = first_id;
    std::size_t bytes_ = 0;
    int columns_ = 80;
    int rows_ = 20;
    std::optional<Place> top_;            // of the pane; nothing while at the bottom
    std::uint64_t unseen_id_ = first_id;  // the first line that was never in the pane
};

}  // namespace chat::terminal
