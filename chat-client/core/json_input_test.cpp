// SPDX-License-Identifier: MIT
#include "chat-client/core/json_input.h"

#include "chat-client/core/input_test_support.h"
#include "tests/support/catch.h"

using namespace chat::client;

TEST_CASE("lines of JSON become what the user wants, or say what is wrong with them") {
    struct Row {
        std::string line;
        std::string meaning;
    };
    const Row table[] = {
        {R"({"type":"message","text":"hi"})", "say hi"},
        {R"( {"text":"\u4f60\ud83d\udc4b\n/quit","id":"7","new":[],"type":"message"} )",
         "say 你👋\n/quit (7)"},
        {R"({"type":"message","text":"hi","id":""})", "say hi"},
        {R"({"type":"message","text":"hi","id":7})", "refused bad_input"},
        {R"({"type":"message","text":"hi","id":null})", "refused bad_input"},
        {R"({"type":"message","text":""})", "say "},
        {R"({"type":"quit"})", "quit"},
        {R"({"type":"quit","why":"bye"})", "quit"},
        {R"({"type":"message","text":"hi","room":"dev"})", "say hi to dev"},
        {R"({"type":"message","text":"hi","to":"bob","id":"7"})", "say hi (7) to @bob"},
        {R"({"type":"message","text":"hi","to":"bob","room":"dev"})", "refused bad_input"},
        {R"({"type":"message","text":"hi","to":""})", "refused bad_input"},
        {R"({"type":"message","text":"hi","to":7})", "refused bad_input"},
        {R"({"type":"message","text":"hi","room":["dev"]})", "refused bad_input"},
        {R"({"type":"join","room":"x"})", "join x"},
        {R"({"type":"join","room":"@bob"})", "join @bob"},
        {R"({"type":"join"})", "refused bad_input"},
        {R"({"type":"join","room":""})", "refused bad_input"},
        {R"({"type":"join","room":7})", "refused bad_input"},
        {R"({"type":"part","room":"x"})", "part x"},
        {R"({"type":"part"})", "refused bad_input"},
        {R"({"type":"history"})", "history of  before 0, 50"},
        {R"({"type":"history","room":"x","before":18446744073709551615,"limit":256})",
         "history of x before 18446744073709551615, 256"},
        {R"({"type":"history","limit":0})", "refused bad_input"},
        {R"({"type":"history","limit":257})", "refused bad_input"},
        {R"({"type":"history","limit":"9"})", "refused bad_input"},
        {R"({"type":"history","before":-1})", "refused bad_input"},
        {R"({"type":"history","before":1.5})", "refused bad_input"},
        {R"({"type":"history","before":null})", "refused bad_input"},
        {R"({"type":"history","before":18446744073709551616})", "refused bad_input"},
        {R"({"type":"rooms"})", "rooms"},
        {R"({"type":"members"})", "members of "},
        {R"({"type":"members","room":"x"})", "members of x"},
        {R"({"type":"topic","text":"cake"})", "topic cake of "},
        {R"({"type":"topic","text":"","room":"x"})", "topic  of x"},
        {R"({"type":"topic","room":"x"})", "refused bad_input"},
        {R"({"type":"search","words":"a b"})", "search a b in "},
        {R"({"type":"search","words":"a b","room":"x"})", "search a b in x"},
        {R"({"type":"search","words":""})", "refused bad_input"},
        {R"({"type":"search"})", "refused bad_input"},
        {R"({"type":"message"})", "refused bad_input"},
        {R"({"type":"message","text":7})", "refused bad_input"},
        {R"({"type":"message","text":null})", "refused bad_input"},
        {R"({"type":"mesage","text":"hi"})", "refused bad_input"},
        {R"({"type":["quit"]})", "refused bad_input"},
        {R"({"text":"hi"})", "refused bad_input"},
        {R"({"type":"quit"}{"type":"quit"})", "refused bad_input"},
        {R"({"type":"quit")", "refused bad_input"},
        {R"(["quit"])", "refused bad_input"},
        {R"("quit")", "refused bad_input"},
        {"quit", "refused bad_input"},
        {"null", "refused bad_input"},
        {"", "refused bad_input"},
        {"{\"type\":\"message\",\"text\":\"\xff\"}", "refused bad_input"},
        {R"({"type":"message","text":"\ud800"})", "refused bad_input"},
        {std::string(60'000, '['), "refused bad_input"},
    };
    for (const auto& row : table) {
        CAPTURE(row.line);
        const UserInput input = parse_json_line(row.line);
        if (const auto* refused = std::get_if<Refused>(&input)) {
            CHECK_FALSE(refused->error.text.empty());
        }
        CHECK(described(input) == row.meaning);
    }
}

TEST_CASE("who writes a wrong field is told which, and of which type") {
    const auto text = [](std::string_view line) {
        return std::get<Refused>(parse_json_line(line)).error.text;
    };
    CHECK(text(R"({"type":"history","limit":0})") ==
          "in an input of type \"history\", \"limit\" must be a whole number from 1 to 256");
    CHECK(text(R"({"type":"join"})") == "in an input of type \"join\", \"room\" is missing");
}
