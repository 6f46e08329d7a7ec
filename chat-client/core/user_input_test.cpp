// SPDX-License-Identifier: MIT
#include "chat-client/core/user_input.h"

#include "tests/support/catch.h"

using namespace chat::client;

namespace {

std::string described(const UserInput& input) {
    if (const auto* say = std::get_if<Say>(&input)) return "say " + say->text;
    if (std::holds_alternative<Quit>(input)) return "quit";
    if (std::holds_alternative<Help>(input)) return "help";
    if (const auto* refused = std::get_if<Refused>(&input)) {
        return "refused " + std::string(code_word(refused->error.code));
    }
    return "something else";
}

}  // namespace

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
        {"/quit now ", "quit"},
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
        {"/msg eve secret", "refused unknown_command"},
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
    const auto input = parse_line("/msg eve secret");
    const auto& text = std::get<Refused>(input).error.text;
    CHECK(text.find("/msg;") != std::string::npos);
    CHECK(text.find("secret") == std::string::npos);
    CHECK(text.find("/help") != std::string::npos);
}

TEST_CASE("the help names every command on a line of its own") {
    const std::string help = help_text();
    for (const char* entry : {"/help ", "\n/quit ", "\n//TEXT "}) {
        CAPTURE(entry);
        CHECK(help.find(entry) != std::string::npos);
    }
    CHECK_FALSE(help.ends_with('\n'));
}
