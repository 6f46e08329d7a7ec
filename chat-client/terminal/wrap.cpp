// SPDX-License-Identifier: MIT
#include "chat-client/terminal/wrap.h"

#include <algorithm>
#include <array>

#include "chat-client/terminal/text.h"

namespace chat::terminal {
namespace {

using namespace std::string_view_literals;

// Punctuation that must not begin, or not end, a row (the common part of JIS X 4051, GB/T 15834).
constexpr std::array never_first{"，"sv, "。"sv, "、"sv, "；"sv, "："sv, "！"sv, "？"sv, "）"sv,
                                 "】"sv, "》"sv, "〉"sv, "」"sv, "』"sv, "”"sv,  "’"sv,  "…"sv};
constexpr std::array never_last{"（"sv, "【"sv, "《"sv, "〈"sv, "「"sv, "『"sv, "“"sv, "‘"sv};

bool may_break_between(const Cluster& before, const Cluster& after) {
    if (before.bytes == " ") return true;
    if (before.columns < 2 && after.columns < 2) return false;
    return std::ranges::find(never_first, after.bytes) == never_first.end() &&
           std::ranges::find(never_last, before.bytes) == never_last.end();
}

class Wrapper {
  public:
    Wrapper(std::string_view text, const WrapRule& rule) : text_(text), rule_(rule) {}

    std::vector<TextRow> run() {
        std::size_t at = 0;
        Cluster before;
        for (const auto& cluster : Clusters(text_)) {
            if (cluster.bytes == "\n") {
                finish_row(at, at + 1);
                before = {};
            } else {
                place(before, cluster, at);
                before = cluster;
            }
            at += cluster.bytes.size();
        }
        finish_row(at, at);
        return std::move(rows_);
    }

  private:
    int room() const { return rows_.empty() ? rule_.columns_first : rule_.columns_rest; }

    void place(const Cluster& before, const Cluster& cluster, std::size_t at) {
        if (at > begin_ && !before.bytes.empty() && may_break_between(before, cluster) &&
            break_helps(at)) {
            break_ = at;
            columns_after_break_ = 0;
        }
        // A blank that does not fit hangs over the edge and is cut off with the row.
        while (columns_ + cluster.columns > room() && cluster.bytes != " " && at > begin_) {
            if (break_ > begin_) {
                const int left = columns_after_break_;
                finish_row(break_, break_);
                columns_ = left;
            } else {
                finish_row(at, at);
            }
        }
        columns_ += cluster.columns;
        columns_after_break_ += cluster.columns;
    }

    // Behind the head it does only if the next row has more room.
    bool break_helps(std::size_t at) const {
        return at != rule_.head_bytes || rule_.columns_rest > room() - columns_;
    }

    void finish_row(std::size_t end, std::size_t next_begin) {
        std::size_t shown = end;
        while (shown > begin_ && text_[shown - 1] == ' ')
            --shown;
        rows_.push_back({begin_, shown});
        begin_ = next_begin;
        break_ = next_begin;
        columns_ = 0;
        columns_after_break_ = 0;
    }

    std::string_view text_;
    const WrapRule& rule_;
    std::vector<TextRow> rows_;
    std::size_t begin_ = 0;  // of the row being filled
    std::size_t break_ = 0;  // the last place where it may end; begin_ while there is none
    int columns_ = 0;
    int columns_after_break_ = 0;
};

}  // namespace

std::vector<TextRow> wrap(std::string_view text, const WrapRule& rule) {
    return Wrapper(text, rule).run();
}

}  // namespace chat::terminal
