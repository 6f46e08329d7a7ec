// SPDX-License-Identifier: MIT
#include "chat-client/terminal/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <utf8proc.h>

#include "proto/wire/text.h"

namespace chat::terminal {
namespace {

constexpr char32_t replacement = 0xfffd;
constexpr char32_t joiner = 0x200d;
constexpr char32_t text_presentation = 0xfe0e;
constexpr char32_t emoji_presentation = 0xfe0f;
constexpr char32_t keycap = 0x20e3;
constexpr char32_t black_flag = 0x1f3f4;
constexpr char32_t tag_first = 0xe0020;
constexpr char32_t tag_cancel = 0xe007f;
constexpr std::string_view dotted_circle = "\u25cc";
constexpr std::string_view leading_filler = "\u115f";
constexpr std::string_view vowel_filler = "\u1160";
constexpr std::string_view tab = "    ";

struct CodePoint {
    char32_t value = 0;
    std::string_view bytes;
};

// Bytes that are no UTF-8 count as U+FFFD one by one, so that they cannot glue graphemes.
CodePoint first_code_point(std::string_view text) {
    const auto step = decode_character(text);
    return {step.code_point.value_or(replacement), text.substr(0, step.bytes)};
}

const utf8proc_property_t& property(char32_t c) {
    return *utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
}

bool is_mark(char32_t c) {
    const auto category = property(c).category;
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
           category == UTF8PROC_CATEGORY_ME;
}

bool is_pictograph(char32_t c) {
    return property(c).boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

bool is_prepended(char32_t c) {
    return property(c).boundclass == UTF8PROC_BOUNDCLASS_PREPEND;
}
bool is_vowel_jamo(char32_t c) {
    return property(c).boundclass == UTF8PROC_BOUNDCLASS_V;
}
bool is_final_jamo(char32_t c) {
    return property(c).boundclass == UTF8PROC_BOUNDCLASS_T;
}
bool is_tag(char32_t c) {
    return c >= tag_first && c <= tag_cancel;
}

bool is_variation_selector(char32_t c) {
    return (c >= 0xfe00 && c <= text_presentation) || c == emoji_presentation ||
           (c >= 0xe0100 && c <= 0xe01ef) || (c >= 0x180b && c <= 0x180d) || c == 0x180f;
}

// Joiners and variation selectors: nothing at all to see without the character they belong to.
bool needs_company(char32_t c) {
    return c == joiner || c == 0x200c || is_variation_selector(c);
}

// Has no glyph, or is not for a reader: must be spelled out wherever it stands.
bool is_unshowable(char32_t c) {
    if (is_control(c)) return true;
    const auto& p = property(c);
    switch (p.category) {
        case UTF8PROC_CATEGORY_CC:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP:
        case UTF8PROC_CATEGORY_CS:
            return true;
        case UTF8PROC_CATEGORY_CF:
            return c != joiner && c != 0x200c && !is_prepended(c) && !is_tag(c);
        default:
            return p.boundclass == UTF8PROC_BOUNDCLASS_CONTROL;
    }
}

int columns_of_code_point(char32_t c) {
    const auto& p = property(c);
    switch (p.boundclass) {
        case UTF8PROC_BOUNDCLASS_V:
        case UTF8PROC_BOUNDCLASS_T:
            return 0;  // part of the syllable that the L before them began
        case UTF8PROC_BOUNDCLASS_REGIONAL_INDICATOR:
            return 1;
        default:
            break;
    }
    switch (p.category) {
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_ME:
            return 0;
        case UTF8PROC_CATEGORY_MC:
            return 1;
        case UTF8PROC_CATEGORY_CF:
            return is_prepended(c) ? 1 : 0;
        default:
            return std::clamp(static_cast<int>(p.charwidth), 1, 2);
    }
}

// Adds up one grapheme's width as its code points come.
class ClusterWidth {
  public:
    void add(char32_t c) {
        if (first_ == 0) {
            first_ = c;
            // Shown on a dotted circle or a filler, see show_cluster().
            if (is_mark(c)) columns_ = 1;
            if (is_vowel_jamo(c) || is_final_jamo(c)) columns_ = 2;
        }
        columns_ += columns_of_code_point(c);
        if (c == emoji_presentation && is_pictograph(last_)) columns_ = 2;
        if (c == keycap && last_ == emoji_presentation) columns_ = 2;
        last_ = c;
    }
    int columns() const { return std::clamp(columns_, 1, 2); }

  private:
    char32_t first_ = 0;
    char32_t last_ = 0;
    int columns_ = 0;
};

void spell_out(char32_t c, std::string& out) {
    if (c < 0x20 || c == 0x7f) {
        out += '^';
        out += static_cast<char>(c ^ 0x40);
    } else if (c <= 0xffff) {
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
        fmt::format_to(std::back_inserter(out), "\\U{:08x}", static_cast<unsigned>(c));
    }
}

// England's flag and its like: a black flag, then tags to the end of the grapheme. Anywhere else
// tags are a way to hide text.
bool is_tagged_flag(std::string_view cluster) {
    const auto flag = first_code_point(cluster);
    if (flag.value != black_flag) return false;
    char32_t last = 0;
    for (cluster.remove_prefix(flag.bytes.size()); !cluster.empty();) {
        const auto [c, bytes] = first_code_point(cluster);
        if (!is_tag(c) || last == tag_cancel) return false;
        last = c;
        cluster.remove_prefix(bytes.size());
    }
    return last == tag_cancel;
}

enum class Unshowable { spell_out, leave_out };

// One grapheme of any text, made safe. What only lacks its base, or its end, is completed or
// spelled out for reading; an editor keeps it, since keys bring a grapheme code point by code
// point.
void show_cluster(std::string_view cluster, Unshowable how, std::string& out) {
    const bool tags_belong = is_tagged_flag(cluster);
    bool based = false;
    int marks = 0;
    char32_t last = 0;
    while (!cluster.empty()) {
        const auto [c, bytes] = first_code_point(cluster);
        cluster.remove_prefix(bytes.size());
        const bool misplaced = (is_tag(c) && !tags_belong) || (!based && needs_company(c));
        const bool hidden = is_unshowable(c) || (misplaced && how == Unshowable::spell_out);
        if (hidden) {
            if (++marks > marks_per_cluster_max) return;
            if (how == Unshowable::spell_out) spell_out(c, out);
            based = false;
            continue;
        }
        const bool joined = last == joiner && is_pictograph(c);
        if (based && !joined && ++marks > marks_per_cluster_max) return;
        if (!based && how == Unshowable::spell_out) {
            if (is_mark(c)) out += dotted_circle;
            if (is_vowel_jamo(c) || is_final_jamo(c)) out += leading_filler;
            if (is_final_jamo(c)) out += vowel_filler;
        }
        if (c == replacement) {
            out += "\ufffd";
        } else {
            out += bytes;
        }
        based = true;
        last = c;
    }
}

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

Cluster first_cluster(std::string_view text) {
    if (text.empty()) return {};
    const auto is_ascii = [](char c) { return c >= ' ' && c <= '~'; };
    if (is_ascii(text[0]) && (text.size() == 1 || is_ascii(text[1]))) return {text.substr(0, 1), 1};

    ClusterWidth width;
    auto [last, bytes] = first_code_point(text);
    width.add(last);
    std::size_t end = bytes.size();
    utf8proc_int32_t state = 0;
    while (end < text.size()) {
        const auto next = first_code_point(text.substr(end));
        if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(last),
                                             static_cast<utf8proc_int32_t>(next.value), &state)) {
            break;
        }
        width.add(next.value);
        end += next.bytes.size();
        last = next.value;
    }
    return {text.substr(0, end), width.columns()};
}

int columns_of(std::string_view text) {
    if (is_plain(text)) return static_cast<int>(text.size());
    int columns = 0;
    for (const auto& cluster : Clusters(text))
        columns += cluster.columns;
    return columns;
}

std::string_view prefix_of_columns(std::string_view text, int columns) {
    if (is_plain(text)) return text.substr(0, static_cast<std::size_t>(std::max(columns, 0)));
    std::size_t end = 0;
    for (const auto& cluster : Clusters(text)) {
        columns -= cluster.columns;
        if (columns < 0) break;
        end += cluster.bytes.size();
    }
    return text.substr(0, end);
}

std::string shortened(std::string_view text, int columns) {
    const auto whole = prefix_of_columns(text, columns);
    if (whole.size() == text.size()) return std::string(text);
    if (columns < 1) return {};
    return std::string(prefix_of_columns(text, columns - 1)) + "…";
}

std::string printable(std::string_view raw) {
    if (is_plain(raw)) return std::string(raw);
    std::string out;
    out.reserve(raw.size() + 16);
    for (const auto& cluster : Clusters(raw)) {
        if (cluster.bytes == "\n" || cluster.bytes == "\r\n") {
            out += '\n';
        } else if (cluster.bytes == "\t") {
            out += tab;
        } else {
            show_cluster(cluster.bytes, Unshowable::spell_out, out);
        }
    }
    return out;
}

std::string printable_line(std::string_view raw) {
    std::string out = printable(raw);
    for (std::size_t at = 0; (at = out.find('\n', at)) != std::string::npos;) {
        out.replace(at, 1, "⏎");
    }
    return out;
}

std::string typeable(std::string_view raw) {
    if (is_plain(raw)) return std::string(raw);
    std::string out;
    out.reserve(raw.size());
    for (const auto& cluster : Clusters(raw)) {
        if (cluster.bytes == "\n" || cluster.bytes == "\r\n" || cluster.bytes == "\r") {
            out += '\n';
        } else if (cluster.bytes == "\t") {
            out += tab;
        } else {
            show_cluster(cluster.bytes, Unshowable::leave_out, out);
        }
    }
    return out;
}

}  // namespace chat::terminal
