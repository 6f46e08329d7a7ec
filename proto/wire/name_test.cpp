// SPDX-License-Identifier: MIT
#include "proto/wire/name.h"

#include "tests/support/catch.h"

using namespace chat;

TEST_CASE("a name is judged before it is used") {
    struct Row {
        std::string name;
        std::string expected;
    };
    const Row table[] = {
        {"bob", "good"},
        {"小明", "good"},
        {"a", "good"},
        {"👩‍👩‍👧", "forbidden"},  // joiners can hide differences between names
        {"👋", "good"},
        {"Zoë", "good"},
        {"O'Brien-2_x.", "good"},
        {std::string(32, 'x'), "good"},
        {std::string(33, 'x'), "too long"},
        {"一二三四五六七八九十", "good"},
        {"一二三四五六七八九十一", "too long"},
        {std::string(65'505, 'x'), "too long"},
        {"", "empty"},
        {"\xff", "not utf-8"},
        {"\xc3\x28", "not utf-8"},
        {"\xed\xa0\x80", "not utf-8"},
        {"\xc0\xaf", "not utf-8"},
        {"小\xe6\x98", "not utf-8"},
        {"a b", "forbidden"},
        {"a\tb", "forbidden"},
        {std::string("a\0b", 3), "forbidden"},
        {"a\x1b[31m", "forbidden"},
        {"a\u00a0b", "forbidden"},
        {"a\u200bb", "forbidden"},
        {"\u202ebob", "forbidden"},
        {"a\u3000b", "forbidden"},
        {"\u3164", "forbidden"},
        {"\u0301a", "forbidden"},
        {"e\u0301", "good"},
        {"\ue000", "forbidden"},
    };
    for (const auto& row : table) {
        CAPTURE(row.name);
        const auto checked = check_name(row.name);
        std::string actual = "good";
        if (!checked) {
            switch (checked.error()) {
                case NameError::empty:
                    actual = "empty";
                    break;
                case NameError::too_long:
                    actual = "too long";
                    break;
                case NameError::not_utf8:
                    actual = "not utf-8";
                    break;
                case NameError::forbidden_character:
                    actual = "forbidden";
                    break;
            }
        }
        CHECK(actual == row.expected);
    }
}

TEST_CASE("names that look the same are the same") {
    struct Row {
        std::string one;
        std::string other;
        bool same;
    };
    const Row table[] = {
        {"bob", "bob", true},        {"bob", "Bob", true},  {"bob", "ＢＯＢ", true},  // full-width
        {"bob", "bоb", true},                                                         // Cyrillic о
        {"paypal", "раураl", true},                                                   // Cyrillic
        {"Zoë", "Zoe\u0308", true},  // composed or not
        {"straße", "STRASSE", true}, {"bob", "bop", false}, {"bob1", "bobl", false},
        {"小明", "小萌", false},     {"Zoë", "Zoe", false},
    };
    for (const auto& row : table) {
        CAPTURE(row.one, row.other);
        CHECK((name_key(row.one) == name_key(row.other)) == row.same);
    }
}

TEST_CASE("nobody gets a name that begins with the mark of who proved nothing") {
    for (const char* name : {"~x", "~", "～x", "∼x", "˜x", "~~bob"})
        CHECK(is_reserved_name(name));
    for (const char* name : {"x~", "a~b", "-x", ".", "#dev", "/x"})
        CHECK_FALSE(is_reserved_name(name));
}

TEST_CASE("nobody gets the administrator's name or one that passes for it") {
    for (const char* name :
         {"管理员", "管理員", "管理员2", "小管理员",  "管-理-员",      "admin",  "Admin",
          "ADMIN",  "adm1n",  "аdmin",   "a.d.m.i.n", "Administrator", "server", "Ѕystem",
          "5ystem", "system", "root",    "系统",      "服务器",        "欢迎",   "说:"}) {
        CAPTURE(name);
        CHECK(is_reserved_name(name));
    }
    for (const char* name :
         {"bob", "小明", "adam", "administra", "管理", "serverless", "admiral"}) {
        CAPTURE(name);
        CHECK_FALSE(is_reserved_name(name));
    }
}
