// SPDX-License-Identifier: MIT
// Text as a terminal shows it: graphemes (UAX #29), their width in columns, and strangers' text
// made safe and visible. Widths come from utf8proc's tables and the rules below, never from the C
// library, whose answers differ between machines. What a real terminal makes of a grapheme may
// differ again; screen.cpp copes with that. Everything else here and in the view expects text that
// has gone through printable() or typeable().
//
// Widths: East Asian wide and full-width 2; ambiguous and unassigned 1; non-spacing marks and
// joiners nothing of their own; a grapheme with emoji presentation (emoji, flag, keycap, skin
// tone, joined sequence) 2; no grapheme ever less than 1 or more than 2.
#pragma once

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

namespace chat::terminal {

// One grapheme: a view into the text it was cut from, and its width when shown (1 or 2).
struct Cluster {
    std::string_view bytes;
    int columns = 0;
};

// The first grapheme of `text`; empty only if `text` is.
Cluster first_cluster(std::string_view text);

// for (const Cluster& cluster : Clusters(text))
class Clusters {
  public:
    class Iterator {
      public:
        explicit Iterator(std::string_view rest) : rest_(rest), cluster_(first_cluster(rest)) {}
        const Cluster& operator*() const { return cluster_; }
        const Cluster* operator->() const { return &cluster_; }
        Iterator& operator++() {
            rest_.remove_prefix(cluster_.bytes.size());
            cluster_ = first_cluster(rest_);
            return *this;
        }
        bool operator==(std::default_sentinel_t) const { return rest_.empty(); }

      private:
        std::string_view rest_;
        Cluster cluster_;
    };

    explicit Clusters(std::string_view text) : text_(text) {}
    Iterator begin() const { return Iterator(text_); }
    std::default_sentinel_t end() const { return {}; }

  private:
    std::string_view text_;
};

int columns_of(std::string_view text);

// The longest prefix of whole graphemes that is at most `columns` wide.
std::string_view prefix_of_columns(std::string_view text, int columns);
// As it is if it fits, else its prefix and an ellipsis. Empty if nothing fits.
std::string shortened(std::string_view text, int columns);

// A base character with more of them than this is not writing but vandalism; the rest is dropped.
inline constexpr int marks_per_cluster_max = 8;

// What others wrote, as it may stand on the screen: valid UTF-8 (else U+FFFD), controls as ^A,
// characters that are invisible or reorder a line as \u202e, each tab four spaces, a mark without
// a base on a dotted circle. A newline stays, CR LF becomes one. The result contains no other
// control character, so nothing in it can steer a terminal.
std::string printable(std::string_view raw);
// The same in one line: newlines are shown as ⏎.
std::string printable_line(std::string_view raw);

// What a keyboard or a paste brings, as it may stand in an editor and be sent: what printable()
// would have to spell out is left out, every kind of line end is a newline, a tab four spaces.
std::string typeable(std::string_view raw);

}  // namespace chat::terminal
