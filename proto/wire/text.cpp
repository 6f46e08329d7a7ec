// SPDX-License-Identifier: MIT
#include "proto/wire/text.h"

#include <algorithm>
#include <utf8proc.h>

namespace chat {
namespace {

bool is_ascii(char c) {
    return static_cast<unsigned char>(c) < 0x80;
}

std::size_t ascii_prefix(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::find_if_not(text, is_ascii) - text.begin());
}

bool is_printable_ascii(char c) {
    return c >= 0x20 && c < 0x7f;
}

// How much of what stands in front is printable ASCII, in whole blocks, which compilers look at in
// one piece. For each message the server looks at each character.
std::size_t printable_ascii_blocks(std::string_view text) {
    constexpr std::size_t block_bytes = 16;
    std::size_t seen = 0;
    for (; text.size() - seen >= block_bytes; seen += block_bytes) {
        bool all = true;
        for (std::size_t i = 0; i < block_bytes; ++i)
            all &= is_printable_ascii(text[seen + i]);
        if (!all) break;
    }
    return seen;
}

}  // namespace

DecodedCharacter decode_character(std::string_view text) {
    if (text.empty()) return {};
    // Nearly all there is, and there is much of it.
    if (is_ascii(text.front())) return {static_cast<char32_t>(text.front()), 1};
    utf8proc_int32_t code_point = -1;
    const auto length = utf8proc_iterate(
        reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
        static_cast<utf8proc_ssize_t>(std::min<std::size_t>(text.size(), 4)), &code_point);
    if (length <= 0 || code_point < 0) return {std::nullopt, 1};
    return {static_cast<char32_t>(code_point), static_cast<std::size_t>(length)};
}

bool is_valid_utf8(std::string_view text) {
    while (!text.empty()) {
        text.remove_prefix(ascii_prefix(text));
        if (text.empty()) break;
        const auto step = decode_character(text);
        if (!step.code_point) return false;
        text.remove_prefix(step.bytes);
    }
    return true;
}

std::string_view trim(std::string_view text, std::string_view blanks) {
    const auto begin = std::min(text.find_first_not_of(blanks), text.size());
    const auto end = text.find_last_not_of(blanks);
    return text.substr(begin, end == std::string_view::npos ? 0 : end + 1 - begin);
}

std::string_view prefix_within(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U)
        --end;
    return text.substr(0, end);
}

bool is_control(char32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) ||        // C0, DEL, C1
           c == 0x061c || c == 0x200e || c == 0x200f ||  // ALM, LRM, RLM
           (c >= 0x2028 && c <= 0x202e) ||               // separators, embeddings, overrides
           (c >= 0x2066 && c <= 0x2069) ||               // isolates
           c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb);  // byte-order mark, annotations
}

std::string clean_line(std::string_view raw) {
    std::string clean;
    clean.reserve(raw.size());
    while (!raw.empty()) {
        const auto step = decode_character(raw);
        if (!step.code_point) {
            clean += "\uFFFD";
        } else if (*step.code_point == U'\n' || *step.code_point == U'\r' ||
                   *step.code_point == U'\t') {
            clean += ' ';
        } else if (!is_control(*step.code_point)) {
            clean += raw.substr(0, step.bytes);
        }
        raw.remove_prefix(step.bytes);
    }
    return clean;
}

std::string clean_text(std::string_view raw) {
    std::string clean;
    clean.reserve(raw.size());
    while (!raw.empty()) {
        const auto step = decode_character(raw);
        if (!step.code_point) {
            clean += "\uFFFD";
        } else if (*step.code_point == U'\n' || *step.code_point == U'\r') {
            clean += '\n';
        } else if (*step.code_point == U'\t') {
            clean += ' ';
        } else if (!is_control(*step.code_point)) {
            clean += raw.substr(0, step.bytes);
        }
        raw.remove_prefix(raw.starts_with("\r\n") ? 2 : step.bytes);
    }
    while (clean.ends_with('\n'))
        clean.pop_back();
    return clean;
}

bool is_clean_line(std::string_view text) {
    return is_clean_text(text) && !text.contains('\n');
}

bool is_clean_text(std::string_view text) {
    if (text.ends_with('\n')) return false;
    while (true) {
        text.remove_prefix(printable_ascii_blocks(text));
        if (text.empty()) return true;
        const auto step = decode_character(text);
        if (!step.code_point) return false;
        if (is_control(*step.code_point) && *step.code_point != U'\n') return false;
        text.remove_prefix(step.bytes);
    }
}

}  // namespace chat
