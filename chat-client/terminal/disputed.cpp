// SPDX-License-Identifier: MIT
#include "chat-client/terminal/disputed.h"

#include <algorithm>
#include <wchar.h>

#include "proto/wire/text.h"

namespace chat::terminal {
namespace {

// How many code points curses keeps in one cell (CCHARW_MAX).
constexpr int code_points_per_cell = 5;

constexpr char32_t emoji_presentation = 0xfe0f;

bool is_disputed(char32_t c) {
    return c >= 0x1f000 ||                  // emoji, flags, tags: newer than many a terminal
           c == 0x200c || c == 0x200d ||    // joined or not
           (c >= 0xfe00 && c <= 0xfe0f) ||  // presentation
           (c >= 0x0900 && c <= 0x0dff) ||  // Indic vowel signs: beside or within the letter
           (c >= 0x1100 && c <= 0x11ff) ||  // Hangul in pieces
           (c >= 0xe000 && c <= 0xf8ff);    // private use: icons
}

}  // namespace

Measure measure(const Cluster& cluster) {
    if (cluster.bytes.size() == 1) return {false, 1};
    Measure result;
    int columns = 0;
    int code_points = 0;
    for (auto rest = cluster.bytes; !rest.empty();) {
        const auto step = decode_character(rest);
        rest.remove_prefix(step.bytes);
        const char32_t c = step.code_point.value_or(U'\ufffd');
        const int width = wcwidth(static_cast<wchar_t>(c));
        if (is_disputed(c) || width < 0 || ++code_points > code_points_per_cell) {
            result.disputed = true;
        }
        columns += std::max(width, 0);
        // Where a terminal's tables are older or newer than ours, anything visible may be 2.
        if (width != 0 || c == emoji_presentation) result.columns_worst += 2;
    }
    if (columns != cluster.columns) result.disputed = true;
    if (!result.disputed) result.columns_worst = columns;
    return result;
}

bool has_disputed(std::string_view text) {
    if (std::ranges::all_of(text, [](char c) { return (c & '\x80') == 0; })) return false;
    for (const auto& cluster : Clusters(text)) {
        if (measure(cluster).disputed) return true;
    }
    return false;
}

std::string reduced(const Cluster& cluster) {
    const auto alone =
        first_cluster(cluster.bytes.substr(0, decode_character(cluster.bytes).bytes));
    const bool usable = measure(alone).columns_worst <= cluster.columns;
    std::string out(usable ? alone.bytes : std::string_view("?"));
    const int used = usable ? alone.columns : 1;
    out.append(static_cast<std::size_t>(cluster.columns - used), ' ');
    return out;
}

}  // namespace chat::terminal
