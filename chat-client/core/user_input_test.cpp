// SPDX-License-Identifier: MIT
#include "chat-client/core/user_input.h"

#include "chat-client/core/input_test_support.h"
#include "tests/support/catch.h"

using namespace chat::client;

TEST_CASE("a line is text, a command, or refused") {
    struct Row {
        std::string line;
        std::string meaning;
    };
    const Row table[] = {
        {"hello", "say hello"},
        {"  two  spaces ", "say   two  spaces "},
        {"", "say "},
        {"你好 👋", "say 你好 👋"},
        {"quit", "quit"},
        {"quit \t\r", "quit"},
        {"/quit", "quit"},
        {"/quit now ", "refused bad_input"},
        {"/help me", "refused bad_input"},
        {"quit now", "say quit now"},
        {" quit", "say  quit"},
        {"Quit", "say Quit"},
        {"/help", "help"},
        {"/help \r", "help"},
        {"//", "say /"},
        {"//quit", "say /quit"},
        {"///x", "say //x"},
        {" /quit", "say  /quit"},
        {"/", "refused unknown_command"},
        {"/ quit", "refused unknown_command"},
        {"/quitt", "refused unknown_command"},
        {"/qui", "refused unknown_command"},
        {"/QUIT", "refused unknown_command"},
        {"/whisper eve secret", "refused unknown_command"},
        {"/msg eve  a  secret ", "say a  secret to @eve"},
        {"/msg @eve hi", "say hi to @eve"},
        {"/msg eve", "join @eve"},
        {"/msg", "refused bad_input"},
        {"/msg @", "refused bad_input"},
        {"/join dev", "join dev"},
        {"/join\tdev \r", "join dev"},
        {"/join @bob", "join @bob"},
        {"/join", "refused bad_input"},
        {"/join two words", "refused bad_input"},
        {"/part", "part "},
        {"/part dev", "part dev"},
        {"/part two words", "refused bad_input"},
        {"/rooms", "rooms"},
        {"/rooms dev", "refused bad_input"},
        {"/names", "members of "},
        {"/names dev", "members of dev"},
        {"/topic", "show topic of "},
        {"/topic a  new one ", "topic a  new one of "},
        {"/topic -", "topic  of "},
        {"/topic --", "topic -- of "},
        {"/search a b", "search a b in "},
        {"/search ", "search  in "},
        {"/history", "history of  before 0, 50"},
        {"/history 256", "history of  before 0, 256"},
        {"/history 0", "refused bad_input"},
        {"/history 257", "refused bad_input"},
        {"/history ten", "refused bad_input"},
        {"/history 5 6", "refused bad_input"},
        {"/history -5", "refused bad_input"},
        {"/history 99999999999", "refused bad_input"},
    };
    for (const auto& row : table) {
        CAPTURE(row.line);
        CHECK(described(parse_line(row.line)) == row.meaning);
    }
}

TEST_CASE("yes and no, and what is neither") {
    struct Row {
        std::string line;
        std::optional<bool> answer;
    };
    const Row table[] = {
        {"yes", true},       {"y", true},          {"YES\r", true},        {" y ", true},
        {"no", false},       {"N", false},         {"\tNo\t", false},      {"", std::nullopt},
        {" ", std::nullopt}, {"ye", std::nullopt}, {"yes!", std::nullopt}, {"yes no", std::nullopt},
    };
    for (const auto& row : table) {
        CAPTURE(row.line);
        CHECK(parse_yes_no(row.line) == row.answer);
    }
}

TEST_CASE("who mistypes a command is told which, without its arguments, and what to do") {
    const auto input = parse_line("/whisper eve secret");
    const auto& text = std::get<Refused>(input).error.text;
    CHECK(text.find("/whisper;") != std::string::npos);
    CHECK(text.find("secret") == std::string::npos);
    CHECK(text.find("/help") != std::string::npos);
}

TEST_CASE("who uses a command wrongly is told how it is used") {
    const auto input = parse_line("/join");
    CHECK(std::get<Refused>(input).error.text == "it is used so: /join ROOM");
}

TEST_CASE("the help names every command on a line of its own") {
    const std::string help = help_text();
    for (const char* entry :
         {"/help ", "\n/join ROOM ", "\n/msg NAME [TEXT] ", "\n/quit ", "\n//TEXT "}) {
        CAPTURE(entry);
        CHECK(help.find(entry) != std::string::npos);
    }
    CHECK_FALSE(help.ends_with('\n'));
}
