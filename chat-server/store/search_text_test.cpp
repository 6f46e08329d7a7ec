// SPDX-License-Identifier: MIT
#include "chat-server/store/search_text.h"

#include "tests/support/catch.h"

using namespace chat::server;

TEST_CASE("a text is cut into words that are the same however they were written") {
    const struct {
        const char* text;
        const char* words;
    } table[] = {
        {"", ""},
        {"   ", ""},
        {"Hello, World!", "hello world"},
        {"foo_bar don't example.com:8080", "foo bar don t example com 8080"},
        {"C++ \"quoted\" (AND) OR*", "c quoted and or"},
        {"Ünïcode Straße ÉCOLE", "unicode strasse ecole"},
        {"cafe\u0301", "cafe"},
        {"ΆΛΦΑ ёлка", "αλφα елка"},
        {"ＡＢＣ１２３", "abc123"},
        {"ﬁne ½", "fine 1 ⁄ 2"},
        {"你好世界", "你 好 世 界"},
        {"abc你好def", "abc 你 好 def"},
        {"你好，世界。", "你 好 世 界"},
        {"がぎ ｶﾞ", "が ぎ ガ"},  // their voicing marks are no accents
        {"か\u3099", "が"},
        {"안녕 하세요", "안 녕 하 세 요"},
        {"ไทย", "ไ ท ย"},
        {"ok👍🏽👍", "ok 👍 🏽 👍"},
        {"👨‍👩‍👧", "👨 👩 👧"},
        {"❤️", "❤"},
        {"€5 $5 a=b", "€ 5 5 a b"},
        {"soft\u00adhyphen", "softhyphen"},
        {"a\nb\tc", "a b c"},
    };
    for (const auto& row : table) {
        CAPTURE(row.text);
        CHECK(search_text(row.text) == row.words);
        CHECK(search_text(row.words) == row.words);  // so a question may be folded twice
    }
}

TEST_CASE("a word without an end is cut, at a character") {
    CHECK(search_text(std::string(5000, 'x')) == std::string(search_word_bytes_max, 'x'));
    std::string accents;
    for (int i = 0; i < 100; ++i)
        accents += "жжж";
    CHECK(search_text(accents).size() == search_word_bytes_max);
    CHECK(search_text(std::string(70, 'a') + "é b") == std::string(64, 'a') + " b");
}

TEST_CASE("a question becomes phrases, and words of three letters on may go on") {
    struct Wanted {
        const char* words;
        bool prefix;
    };
    const struct {
        const char* question;
        std::vector<Wanted> phrases;
    } table[] = {
        {"", {}},
        {"\"*\" ()", {}},
        {"Hello wor", {{"hello", true}, {"wor", true}}},
        {"a to the", {{"a", false}, {"to", false}, {"the", true}}},
        {"你好", {{"你 好", false}}},
        {"你好 世界", {{"你 好", false}, {"世 界", false}}},
        {"你好\u3000世界", {{"你 好", false}, {"世 界", false}}},
        {"abc你好", {{"abc", true}, {"你 好", false}}},
        {"你好abc123世", {{"你 好", false}, {"abc123", true}, {"世", false}}},
        {"example.com", {{"example com", true}}},
        {"3.14", {{"3 14", false}}},
        {"NEAR(x y)", {{"near x", false}, {"y", false}}},
        {"👍🏽", {{"👍 🏽", false}}},
    };
    for (const auto& row : table) {
        CAPTURE(row.question);
        const auto phrases = search_phrases(row.question);
        REQUIRE(phrases.size() == row.phrases.size());
        for (std::size_t i = 0; i < phrases.size(); ++i) {
            CHECK(phrases[i].words == row.phrases[i].words);
            CHECK(phrases[i].prefix == row.phrases[i].prefix);
        }
    }
}

TEST_CASE("phrases match whole words, or the beginning of the last one") {
    const struct {
        const char* text;
        const char* question;
        bool found;
    } table[] = {
        {"hello world", "hello", true},
        {"hello world", "hel", true},
        {"hello world", "ello", false},
        {"hello world", "he", false},
        {"see example.com", "example.com", true},
        {"see example.community", "example.com", true},
        {"othello hello", "hello", true},
        {"a b ab", "b", true},
        {"ab abc", "abcd", false},
        {"我们今天开会", "今天", true},
        {"今 天", "今天", true},
        {"天今", "今天", false},
        {"see example.com", "example.co", false},
    };
    for (const auto& row : table) {
        CAPTURE(row.text, row.question);
        CHECK(matches(search_text(row.text), search_phrases(row.question)) == row.found);
    }
}
