// SPDX-License-Identifier: MIT
#include "chat-server/store/search_text.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utf8proc.h>
#include <utility>

#include "proto/wire/text.h"

namespace chat::server {
namespace {

// Counts up when the rules in this file change.
constexpr std::string_view rules_version = "1";

constexpr std::size_t prefix_characters_min = 3;

struct Range {
    char32_t first;
    char32_t last;
};

// Scripts without blanks between words, and Hangul. Sorted.
constexpr std::array each_a_word = std::to_array<Range>({
    {0x0e00, 0x0eff},    // Thai, Lao
    {0x1000, 0x109f},    // Myanmar
    {0x1100, 0x11ff},    // Hangul Jamo
    {0x1780, 0x17ff},    // Khmer
    {0x2e80, 0x2fdf},    // CJK radicals
    {0x3005, 0x3007},    // 々〆〇
    {0x3021, 0x3029},    // Hangzhou numerals
    {0x3040, 0x318f},    // Hiragana, Katakana, Bopomofo, Hangul compatibility Jamo
    {0x31a0, 0x31bf},    // Bopomofo extended
    {0x31f0, 0x31ff},    // Katakana phonetic extensions
    {0x3400, 0x4dbf},    // Han
    {0x4e00, 0x9fff},    // Han
    {0xac00, 0xd7ff},    // Hangul
    {0xf900, 0xfaff},    // Han, compatibility
    {0x1aff0, 0x1b16f},  // Kana extended
    {0x20000, 0x3fffd},  // Han
});
static_assert(std::ranges::is_sorted(each_a_word, {}, &Range::first));

enum class Part { separator, of_a_word, word };

Part part_of(char32_t c) {
    const auto range = std::ranges::upper_bound(each_a_word, c, {}, &Range::first);
    const bool alone = range != each_a_word.begin() && c <= std::prev(range)->last;
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_NO:
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_MC:
        case UTF8PROC_CATEGORY_ME:
        case UTF8PROC_CATEGORY_CO:
        case UTF8PROC_CATEGORY_CN:  // perhaps a letter of a later Unicode
            return alone ? Part::word : Part::of_a_word;
        case UTF8PROC_CATEGORY_SM:
        case UTF8PROC_CATEGORY_SC:
        case UTF8PROC_CATEGORY_SK:
        case UTF8PROC_CATEGORY_SO:
            return c < 0x80 ? Part::separator : Part::word;
        default:
            return Part::separator;
    }
}

// Accents on Latin, Greek and Cyrillic letters once these are taken apart. Voicing marks of kana
// and vowel signs of other scripts are no accents: without them it is another word.
bool is_accent(utf8proc_int32_t c) {
    return c >= 0x0300 && c <= 0x036f;
}

std::string fold(std::string_view text) {
    constexpr int taken_apart = UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE |
                                UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    const auto* const bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    const auto size = static_cast<utf8proc_ssize_t>(text.size());
    // Most texts are short; the second try has room for what the first one needed. One more place
    // is left, because utf8proc_reencode ends with a zero.
    std::vector<utf8proc_int32_t> points(text.size() + 1);
    utf8proc_ssize_t count = 0;
    for (;;) {
        const auto room = static_cast<utf8proc_ssize_t>(points.size() - 1);
        count = utf8proc_decompose(bytes, size, points.data(), room,
                                   static_cast<utf8proc_option_t>(taken_apart));
        if (count < 0) return {};  // not UTF-8: never in a log
        if (count <= room) break;
        points.resize(static_cast<std::size_t>(count) + 1);
    }
    const auto end = points.begin() + count;
    count = std::remove_if(points.begin(), end, is_accent) - points.begin();
    constexpr int composed = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    const auto length =
        utf8proc_reencode(points.data(), count, static_cast<utf8proc_option_t>(composed));
    if (length < 0) return {};
    return {reinterpret_cast<const char*>(points.data()), static_cast<std::size_t>(length)};
}

// Words as they come, character by character.
class Words {
  public:
    explicit Words(std::size_t bytes) { words_.reserve(bytes); }

    void add(Part part, std::string_view character) {
        if (part != Part::separator) {
            if (!in_word_ || part == Part::word) {
                if (!words_.empty()) words_ += ' ';
                begin_ = words_.size();
            }
            if (words_.size() - begin_ + character.size() <= search_word_bytes_max)
                words_ += character;
        }
        in_word_ = part == Part::of_a_word;
    }
    std::string take() && { return std::move(words_); }

  private:
    std::string words_;
    std::size_t begin_ = 0;  // of the word that is being added to
    bool in_word_ = false;
};

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

void add_phrase(std::string_view words, std::vector<SearchPhrase>& phrases) {
    const std::string_view last = words.substr(words.rfind(' ') + 1);  // npos + 1 is 0
    phrases.push_back({std::string(words), characters_in(last) >= prefix_characters_min});
}

// Where `question`, words of search_text, goes over between characters that are words and others.
void cut_runs(std::string_view words, std::vector<SearchPhrase>& phrases) {
    std::size_t begin = 0;
    while (begin < words.size()) {
        std::size_t end = begin;
        bool alone = false;
        for (std::size_t next = begin; next < words.size();) {
            const std::size_t blank = std::min(words.find(' ', next), words.size());
            const bool this_alone = is_single_character_word(words.substr(next, blank - next));
            if (next == begin) alone = this_alone;
            if (this_alone != alone) break;
            end = blank;
            next = blank + 1;
        }
        add_phrase(words.substr(begin, end - begin), phrases);
        begin = end + 1;
    }
}

}  // namespace

bool is_searched(EntryKind kind) {
    switch (kind) {
        case EntryKind::message:
        case EntryKind::announcement:
        case EntryKind::topic:
        case EntryKind::pinned:
            return true;
        case EntryKind::join:
        case EntryKind::leave:
            break;
    }
    return false;
}

std::size_t characters_in(std::string_view word) {
    return static_cast<std::size_t>(std::ranges::count_if(
        word, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

bool is_single_character_word(std::string_view word) {
    const auto step = decode_character(word);
    return step.code_point && step.bytes == word.size() && part_of(*step.code_point) == Part::word;
}

std::string search_text_version() {
    return std::string(rules_version) + "/" + utf8proc_unicode_version();
}

std::string search_text(std::string_view text) {
    Words words(text.size() * 2);
    if (is_plain(text)) {
        for (const char raw : text) {
            const char c = lower(raw);
            const bool in_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            words.add(in_word ? Part::of_a_word : Part::separator, {&c, 1});
        }
        return std::move(words).take();
    }
    const std::string folded = fold(text);
    for (std::string_view rest = folded; !rest.empty();) {
        const auto step = decode_character(rest);
        words.add(step.code_point ? part_of(*step.code_point) : Part::separator,
                  rest.substr(0, step.bytes));
        rest.remove_prefix(step.bytes);
    }
    return std::move(words).take();
}

std::vector<SearchPhrase> search_phrases(std::string_view question) {
    std::vector<SearchPhrase> phrases;
    // Blanks are looked for after folding, which makes one of the ideographic space.
    const std::string folded = is_plain(question) ? std::string(question) : fold(question);
    for (std::string_view rest = folded; !rest.empty();) {
        const std::size_t end = std::min(rest.find_first_of(" \n"), rest.size());
        cut_runs(search_text(rest.substr(0, end)), phrases);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return phrases;
}

bool matches(std::string_view folded, const std::vector<SearchPhrase>& phrases) {
    const auto stands_in = [folded](const SearchPhrase& phrase) {
        for (std::size_t at = folded.find(phrase.words); at != std::string_view::npos;
             at = folded.find(phrase.words, at + 1)) {
            const std::size_t end = at + phrase.words.size();
            const bool begins = at == 0 || folded[at - 1] == ' ';
            const bool ends = phrase.prefix || end == folded.size() || folded[end] == ' ';
            if (begins && ends) return true;
        }
        return false;
    };
    return std::ranges::all_of(phrases, stands_in);
}

}  // namespace chat::server
