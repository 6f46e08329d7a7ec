// SPDX-License-Identifier: MIT
#include "chat-client/terminal/text.h"

#include <fmt/format.h>
#include <string>
#include <vector>

#include "proto/wire/text.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::terminal;

namespace {

std::string cut(std::string_view text) {
    std::string out;
    for (const auto& cluster : Clusters(text)) {
        out += fmt::format("[{}:{}]", cluster.bytes, cluster.columns);
    }
    return out;
}

std::string repeated(std::string_view piece, int times) {
    std::string out;
    for (int i = 0; i < times; ++i)
        out += piece;
    return out;
}

}  // namespace

TEST_CASE("graphemes and their widths") {
    struct Case {
        const char* what;
        std::string_view text;
        std::string_view cut;
    };
    const Case cases[] = {
        {"nothing", "", ""},
        {"letters", "ab", "[a:1][b:1]"},
        {"Chinese", "早上", "[早:2][上:2]"},
        {"full-width letter and half-width kana", "Ａｱ", "[Ａ:2][ｱ:1]"},
        {"ambiguous is narrow", "±é…", "[±:1][é:1][…:1]"},
        {"combining mark", "e\u0301x", "[e\u0301:1][x:1]"},
        {"many marks", "a\u0300\u0301\u0302", "[a\u0300\u0301\u0302:1]"},
        {"mark on a wide character", "中\u0301", "[中\u0301:2]"},
        {"emoji", "👍🎉", "[👍:2][🎉:2]"},
        {"skin tone", "👍🏽a", "[👍🏽:2][a:1]"},
        {"skin tone alone", "🏽", "[🏽:2]"},
        {"family", "👨\u200d👩\u200d👧\u200d👦!", "[👨\u200d👩\u200d👧\u200d👦:2][!:1]"},
        {"kiss with skin tones", "👩🏽\u200d❤\ufe0f\u200d💋\u200d👨🏽",
         "[👩🏽\u200d❤\ufe0f\u200d💋\u200d👨🏽:2]"},
        {"flag", "🇨🇳", "[🇨🇳:2]"},
        {"two flags", "🇨🇳🇩🇪", "[🇨🇳:2][🇩🇪:2]"},
        {"a flag and half of one", "🇨🇳🇩", "[🇨🇳:2][🇩:1]"},
        {"England", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
         "[🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f:2]"},
        {"heart as text", "❤", "[❤:1]"},
        {"heart as emoji", "❤\ufe0f", "[❤\ufe0f:2]"},
        {"copyright as emoji", "©\ufe0f", "[©\ufe0f:2]"},
        {"keycap", "1\ufe0f\u20e3", "[1\ufe0f\u20e3:2]"},
        {"selector on a letter", "a\ufe0f", "[a\ufe0f:1]"},
        {"watch, as text", "⌚\ufe0e", "[⌚\ufe0e:2]"},
        {"Hangul syllable", "한글", "[한:2][글:2]"},
        {"Hangul jamo", "\u1112\u1161\u11ab", "[\u1112\u1161\u11ab:2]"},
        {"old Hangul", "\u1112\u1161\u1161\u11ab\u11ab", "[\u1112\u1161\u1161\u11ab\u11ab:2]"},
        {"Thai", "น้ำ", "[น้ำ:2]"},
        {"Thai consonant and tone", "ก่", "[ก่:1]"},
        {"Devanagari vowel sign", "कि", "[कि:2]"},
        {"Devanagari without", "क", "[क:1]"},
        {"Devanagari conjunct mark", "न\u094d", "[न\u094d:1]"},
        {"Arabic", "سلام", "[س:1][ل:1][ا:1][م:1]"},
        {"unassigned", "\u0378", "[\u0378:1]"},
        {"private use", "\ue000", "[\ue000:1]"},
        {"rare Chinese", "𠀀", "[𠀀:2]"},
        {"newline", "a\nb", "[a:1][\n:1][b:1]"},
    };
    for (const auto& c : cases) {
        INFO(c.what);
        CHECK(cut(c.text) == c.cut);
        CHECK(cut(printable(c.text)) == c.cut);
    }
}

TEST_CASE("every assigned character is one or two columns wide when shown") {
    for (char32_t c = 1; c <= 0x10ffff; ++c) {
        if (c >= 0xd800 && c <= 0xdfff) continue;
        std::string text;
        if (c < 0x80) {
            text = static_cast<char>(c);
        } else {
            if (c < 0x800) {
                text += static_cast<char>(0xc0 | (c >> 6));
            } else {
                if (c < 0x10000) {
                    text += static_cast<char>(0xe0 | (c >> 12));
                } else {
                    text += static_cast<char>(0xf0 | (c >> 18));
                    text += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
                }
                text += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
            }
            text += static_cast<char>(0x80 | (c & 0x3f));
        }
        const auto cluster = first_cluster(text);
        const auto shown = printable(text);
        bool fine = cluster.bytes == text && cluster.columns >= 1 && cluster.columns <= 2;
        // What stands for itself is as wide as promised.
        const auto circled = shown == "◌" + text || shown.starts_with("\u115f");
        if (shown == text || circled) fine = fine && columns_of(shown) >= cluster.columns;
        for (auto rest = std::string_view(shown); !rest.empty();) {
            const auto step = decode_character(rest);
            fine = fine && step.code_point &&
                   (*step.code_point == '\n' || !is_control(*step.code_point));
            rest.remove_prefix(step.bytes);
        }
        if (!fine) {
            CAPTURE(static_cast<unsigned>(c), shown, cluster.columns);
            CHECK(fine);
        }
    }
}

TEST_CASE("strangers' text is made safe and visible") {
    struct Case {
        const char* what;
        std::string_view raw;
        std::string_view shown;
    };
    const Case cases[] = {
        {"nothing", "", ""},
        {"plain", "hello 早上好 👍", "hello 早上好 👍"},
        {"newline", "a\nb", "a\nb"},
        {"CR LF", "a\r\nb", "a\nb"},
        {"CR alone", "a\rb", "a^Mb"},
        {"tab", "a\tb", "a    b"},
        {"clear screen", "\033[2J", "^[[2J"},
        {"window title", "\033]0;owned\007", "^[]0;owned^G"},
        {"CSI as C1", "\u009b2J", "\\u009b2J"},
        {"next line", "a\u0085b", "a\\u0085b"},
        {"delete", "\177", "^?"},
        {"right-to-left override", "\u202etxt.exe\u202c", "\\u202etxt.exe\\u202c"},
        {"isolates", "\u2066a\u2069", "\\u2066a\\u2069"},
        {"marks of direction", "\u200e\u200f\u061c", "\\u200e\\u200f\\u061c"},
        {"line and paragraph separators", "\u2028\u2029", "\\u2028\\u2029"},
        {"zero-width space", "a\u200bb", "a\\u200bb"},
        {"word joiner", "a\u2060b", "a\\u2060b"},
        {"soft hyphen", "a\u00adb", "a\\u00adb"},
        {"byte-order mark", "\ufeffa", "\\ufeffa"},
        {"annotation", "\ufff9a\ufffb", "\\ufff9a\\ufffb"},
        {"hidden tags", "a\U000e0041", "a\\U000e0041"},
        {"tags after a flag that never end", "🏴\U000e0067", "🏴\\U000e0067"},
        {"joiner alone", "\u200d", "\\u200d"},
        {"joiner after a control", "\001\u200d", "^A\\u200d"},
        {"non-joiner within a word", "می\u200cخواهم", "می\u200cخواهم"},
        {"selector alone", "\ufe0f", "\\ufe0f"},
        {"mark alone", "\u0301", "◌\u0301"},
        {"mark after a newline", "\n\u0301", "\n◌\u0301"},
        {"mark after a control", "\033\u0301", "^[◌\u0301"},
        {"vowel sign alone", "\u093e", "◌\u093e"},
        {"vowel jamo alone", "\u1161", "\u115f\u1161"},
        {"final jamo alone", "\u11ab", "\u115f\u1160\u11ab"},
        {"lone continuation byte", "a\200b", "a\ufffdb"},
        {"overlong escape", "\300\233[2J", "\ufffd\ufffd[2J"},
        {"surrogate", "\355\240\200", "\ufffd\ufffd\ufffd"},
        {"too high", "\364\220\200\200", "\ufffd\ufffd\ufffd\ufffd"},
        {"cut short", "\346\227", "\ufffd\ufffd"},
        {"mark on a broken byte", "\377\u0301", "\ufffd\u0301"},
    };
    for (const auto& c : cases) {
        INFO(c.what);
        CHECK(printable(c.raw) == c.shown);
    }
    CHECK(printable(std::string_view("a\0b", 3)) == "a^@b");
    CHECK(printable_line("a\nb\r\nc") == "a⏎b⏎c");
}

TEST_CASE("every control is spelled out") {
    for (int c = 0; c < 0x20; ++c) {
        if (c == '\n' || c == '\t') continue;
        const std::string raw(1, static_cast<char>(c));
        CHECK(printable(raw) == fmt::format("^{}", static_cast<char>(c + 0x40)));
    }
    for (int c = 0x80; c < 0xa0; ++c) {
        const std::string raw{'\xc2', static_cast<char>(c)};
        CHECK(printable(raw) == fmt::format("\\u{:04x}", c));
    }
}

TEST_CASE("a heap of marks is cut down") {
    CHECK(printable("z" + repeated("\u0301", 8) + "a") == "z" + repeated("\u0301", 8) + "a");
    CHECK(printable("z" + repeated("\u0301", 9) + "a") == "z" + repeated("\u0301", 8) + "a");
    CHECK(printable("z" + repeated("\u0301", 4000)) == "z" + repeated("\u0301", 8));
    // Endless joined people, too.
    const auto crowd = printable(repeated("👨\u200d", 1000) + "👨");
    CHECK(crowd.size() < 100);
    CHECK(columns_of(crowd) == 2);
}

TEST_CASE("what is typed keeps its parts and loses what cannot be shown") {
    struct Case {
        std::string_view raw;
        std::string_view kept;
    };
    const Case cases[] = {
        {"hello 早上好", "hello 早上好"},
        {"a\rb\r\nc\nd", "a\nb\nc\nd"},
        {"a\tb", "a    b"},
        {"\033[31mred\033[0m", "[31mred[0m"},
        {"a\u200bb\ufeffc\u202ed", "abcd"},
        {"\u0301", "\u0301"},
        {"\u200d", "\u200d"},
        {"\ufe0f", "\ufe0f"},
        {"\U000e0067", "\U000e0067"},
        {"a\377", "a\ufffd"},
    };
    for (const auto& c : cases)
        CHECK(typeable(c.raw) == c.kept);
}

TEST_CASE("cutting to columns") {
    CHECK(prefix_of_columns("早上好", 5) == "早上");
    CHECK(prefix_of_columns("abc", 9) == "abc");
    CHECK(prefix_of_columns("早", 1).empty());
    CHECK(prefix_of_columns("abc", -1).empty());
    CHECK(shortened("早上好", 6) == "早上好");
    CHECK(shortened("早上好", 5) == "早上…");
    CHECK(shortened("早上好", 4) == "早…");
    CHECK(shortened("abc", 1) == "…");
    CHECK(shortened("abc", 0).empty());
}
