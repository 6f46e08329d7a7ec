// SPDX-License-Identifier: MIT
#include "proto/wire/name.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utf8proc.h>

#include "proto/wire/limits.h"
#include "proto/wire/text.h"

namespace chat {
namespace {

struct LookAlike {
    char32_t letter;
    char latin;
};

// After case folding, so lower case only. Cyrillic, Greek, Armenian and a few Latin ones that
// NFKC leaves alone. Sorted, for the binary search.
constexpr std::array look_alikes = std::to_array<LookAlike>({
    {U'ı', 'i'}, {U'ſ', 's'}, {U'ɑ', 'a'}, {U'ɡ', 'g'}, {U'ɩ', 'i'}, {U'ʏ', 'y'}, {U'α', 'a'},
    {U'ι', 'i'}, {U'κ', 'k'}, {U'ν', 'v'}, {U'ο', 'o'}, {U'ρ', 'p'}, {U'υ', 'u'}, {U'χ', 'x'},
    {U'а', 'a'}, {U'г', 'r'}, {U'е', 'e'}, {U'к', 'k'}, {U'м', 'm'}, {U'о', 'o'}, {U'р', 'p'},
    {U'с', 'c'}, {U'т', 't'}, {U'у', 'y'}, {U'х', 'x'}, {U'ѕ', 's'}, {U'і', 'i'}, {U'ј', 'j'},
    {U'ѵ', 'v'}, {U'һ', 'h'}, {U'ӏ', 'l'}, {U'ԁ', 'd'}, {U'ԛ', 'q'}, {U'ԝ', 'w'}, {U'հ', 'h'},
    {U'ո', 'n'}, {U'ս', 'u'}, {U'ց', 'g'}, {U'օ', 'o'},
});
static_assert(std::ranges::is_sorted(look_alikes, {}, &LookAlike::letter));

// Compared after digits and punctuation have been read as letters, see imitation_key.
constexpr std::array<std::string_view, 9> reserved_keys{
    "admin", "administrator", "operator", "root", "server", "system", "系统", "服务器", "系統"};

// Names that contain one of these speak for the administrator to a reader in a hurry.
constexpr std::array<std::string_view, 2> reserved_parts{administrator_name, "管理員"};

// Legal as names, but "\n欢迎 说: 进入聊天室" would have two readings.
constexpr std::array<std::string_view, 2> reserved_words{"欢迎", "说:"};

constexpr char32_t ascii_last = 0x7f;

bool is_forbidden(char32_t c) {
    if (c <= ascii_last) return c <= ' ' || c == ascii_last;
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
        case UTF8PROC_CATEGORY_CN:
        case UTF8PROC_CATEGORY_ZS:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP:
        case UTF8PROC_CATEGORY_CC:
        case UTF8PROC_CATEGORY_CF:
        case UTF8PROC_CATEGORY_CS:
        case UTF8PROC_CATEGORY_CO:
            return true;
        default:
            // Hangul fillers and the braille blank are letters and symbols that show nothing.
            return c == 0x115f || c == 0x1160 || c == 0x3164 || c == 0xffa0 || c == 0x2800;
    }
}

bool is_mark(char32_t c) {
    if (c <= ascii_last) return false;
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
           category == UTF8PROC_CATEGORY_ME;
}

std::string fold(std::string_view name) {
    utf8proc_uint8_t* mapped = nullptr;
    const auto length = utf8proc_map(
        reinterpret_cast<const utf8proc_uint8_t*>(name.data()),
        static_cast<utf8proc_ssize_t>(name.size()), &mapped,
        static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                       UTF8PROC_CASEFOLD | UTF8PROC_IGNORE));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
    if (length < 0) return std::string(name);
    return {reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length)};
}

// How a reserved word is imitated: figures for letters, dots and dashes between them. Only for
// comparing with the reserved names; among people `bob1` and `bobl` may both exist.
std::string imitation_key(std::string_view key) {
    std::string plain;
    for (const char c : key) {
        switch (c) {
            case '0':
                plain += 'o';
                break;
            case '1':
            case '!':
            case '|':
            case 'l':
                plain += 'i';
                break;
            case '3':
                plain += 'e';
                break;
            case '4':
            case '@':
                plain += 'a';
                break;
            case '5':
            case '$':
                plain += 's';
                break;
            case '7':
                plain += 't';
                break;
            case '.':
            case '-':
            case '_':
            case '*':
            case '~':
            case '\'':
            case '`':
                break;
            default:
                plain += c;
        }
    }
    return plain;
}

// The mark of who came by the plain-text protocol and may be anyone, and what looks like it.
constexpr std::array<std::string_view, 6> marks{"~", "～", "∼", "〜", "˜", "⁓"};

}  // namespace

std::expected<void, NameError> check_name(std::string_view name) {
    if (name.empty()) return std::unexpected(NameError::empty);
    if (name.size() > name_bytes_max) return std::unexpected(NameError::too_long);
    // Most names, and lists have very many.
    const auto is_plain = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= ascii_last && !is_forbidden(byte);
    };
    if (std::ranges::all_of(name, is_plain)) return {};
    if (!is_valid_utf8(name)) return std::unexpected(NameError::not_utf8);
    bool first = true;
    while (!name.empty()) {
        const auto step = decode_character(name);
        if (is_forbidden(*step.code_point) || (first && is_mark(*step.code_point))) {
            return std::unexpected(NameError::forbidden_character);
        }
        first = false;
        name.remove_prefix(step.bytes);
    }
    return {};
}

std::string name_key(std::string_view name) {
    const std::string folded = fold(name);
    std::string key;
    for (std::string_view rest = folded; !rest.empty();) {
        const auto step = decode_character(rest);
        const auto found = step.code_point ? std::ranges::lower_bound(look_alikes, *step.code_point,
                                                                      {}, &LookAlike::letter)
                                           : look_alikes.end();
        if (found != look_alikes.end() && found->letter == *step.code_point) {
            key += found->latin;
        } else {
            key += rest.substr(0, step.bytes);
        }
        rest.remove_prefix(step.bytes);
    }
    return key;
}

bool is_reserved_name(std::string_view name) {
    const std::string key = name_key(name);
    const std::string imitation = imitation_key(key);
    const auto is_imitated = [&](std::string_view r) { return imitation_key(r) == imitation; };
    const auto is_part = [&](std::string_view r) { return imitation.find(r) != std::string::npos; };
    const auto is_marked = [&](std::string_view m) { return name.starts_with(m); };
    return std::ranges::any_of(reserved_keys, is_imitated) ||
           std::ranges::any_of(marks, is_marked) || std::ranges::any_of(reserved_parts, is_part) ||
           std::ranges::find(reserved_words, name) != reserved_words.end();
}

}  // namespace chat
