// SPDX-License-Identifier: MIT
#include "chat-client/core/json_lines.h"

#include "tests/support/catch.h"

using namespace chat;
using namespace chat::client;

TEST_CASE("events as JSON lines, to the letter of the contract") {
    const WallTime time{1'700'000'000'123};
    struct Row {
        Event event;
        std::string line;
    };
    const Row table[] = {
        {Welcome{"bob", "lobby", 7, {}},
         R"({"type":"welcome","name":"bob","room":"lobby","next":7})"},
        {Welcome{"bob", "lobby", 7, "abcdefghij2345674567"},
         R"({"type":"welcome","name":"bob","room":"lobby",)"
         R"("server_key":"abcdefghij2345674567","next":7})"},
        {Members{"lobby", {"bob", "小明"}},
         R"({"type":"members","room":"lobby","names":["bob","小明"]})"},
        {Members{"lobby", {}}, R"({"type":"members","room":"lobby","names":[]})"},
        {Message{7, "eve", "你好 👋", time, false},
         R"({"type":"message","room":"lobby","seq":7,"from":"eve","text":"你好 👋",)"
         R"("time":"2023-11-14T22:13:20.123Z","own":false})"},
        {Message{8, "bob", "a\"b\\c\nd", time, true},
         R"({"type":"message","room":"lobby","seq":8,"from":"bob","text":"a\"b\\c\nd",)"
         R"("time":"2023-11-14T22:13:20.123Z","own":true})"},
        {Message{8, "eve", "x", time, false, true},
         R"({"type":"message","room":"lobby","seq":8,"from":"eve","text":"x",)"
         R"("time":"2023-11-14T22:13:20.123Z","own":false,"unverified":true})"},
        {Joined{9, "eve", time},
         R"({"type":"join","room":"lobby","seq":9,"name":"eve","time":"2023-11-14T22:13:20.123Z"})"},
        {Left{10, "eve", time},
         R"({"type":"leave","room":"lobby","seq":10,"name":"eve","time":"2023-11-14T22:13:20.123Z"})"},
        {Announcement{UINT64_MAX, "大家好", time},
         R"({"type":"announcement","room":"lobby","seq":18446744073709551615,"text":"大家好",)"
         R"("time":"2023-11-14T22:13:20.123Z"})"},
        {Accepted{"no. 1 \"a\"", "lobby", 8},
         R"({"type":"accepted","id":"no. 1 \"a\"","room":"lobby","seq":8})"},
        {Accepted{"", "lobby", 9}, R"({"type":"accepted","id":"","room":"lobby","seq":9})"},
        {Gap{"lobby", 5, 9}, R"({"type":"gap","room":"lobby","from":5,"to":9})"},
        {TrustQuestion{"abcdefghij2345674567"},
         R"({"type":"trust","server_key":"abcdefghij2345674567"})"},
        {Remark{"too fast"}, R"({"type":"remark","room":"lobby","text":"too fast"})"},
        {StateChange{Connection::online, {}}, R"({"type":"state","state":"online"})"},
        {StateChange{Connection::reconnecting, "no answer"},
         R"({"type":"state","state":"reconnecting","reason":"no answer"})"},
        {Error{ErrorCode::name_taken, "choose another"},
         R"({"type":"error","code":"name_taken","text":"choose another"})"},
        {Remark{"bad \xff utf"},
         "{\"type\":\"remark\",\"room\":\"lobby\",\"text\":\"bad \ufffd utf\"}"},
        {Remark{std::string("\x1b[2J\0", 5)},
         R"({"type":"remark","room":"lobby","text":"\u001b[2J\u0000"})"},
    };
    for (const auto& row : table) {
        CAPTURE(row.line);
        CHECK(to_json_line(row.event, "lobby") == row.line);
    }
}

TEST_CASE("every code and state has a word of its own") {
    struct CodeRow {
        ErrorCode code;
        const char* word;
    };
    const CodeRow codes[] = {
        {ErrorCode::name_taken, "name_taken"},
        {ErrorCode::name_unusable, "name_unusable"},
        {ErrorCode::room_full, "room_full"},
        {ErrorCode::unreachable, "unreachable"},
        {ErrorCode::ended_by_server, "ended_by_server"},
        {ErrorCode::name_owned, "name_owned"},
        {ErrorCode::too_many_names, "too_many_names"},
        {ErrorCode::replaced, "replaced"},
        {ErrorCode::wrong_password, "wrong_password"},
        {ErrorCode::password_wanted, "password_wanted"},
        {ErrorCode::key_changed, "key_changed"},
        {ErrorCode::key_not_accepted, "key_not_accepted"},
        {ErrorCode::key_unknown, "key_unknown"},
        {ErrorCode::key_declined, "key_declined"},
        {ErrorCode::handshake_altered, "handshake_altered"},
        {ErrorCode::history_restarted, "history_restarted"},
        {ErrorCode::uncertain, "uncertain"},
        {ErrorCode::receiver_died, "receiver_died"},
        {ErrorCode::not_supported, "not_supported"},
        {ErrorCode::unknown_command, "unknown_command"},
        {ErrorCode::bad_input, "bad_input"},
        {ErrorCode::queue_full, "queue_full"},
    };
    for (const auto& row : codes)
        CHECK(code_word(row.code) == row.word);
    struct StateRow {
        Connection state;
        const char* word;
    };
    const StateRow states[] = {
        {Connection::connecting, "connecting"},
        {Connection::online, "online"},
        {Connection::reconnecting, "reconnecting"},
        {Connection::offline, "offline"},
    };
    for (const auto& row : states)
        CHECK(state_word(row.state) == row.word);
}

TEST_CASE("times of any year, in UTC") {
    struct Row {
        std::int64_t unix_ms;
        const char* text;
    };
    const Row table[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {951'782'399'999, "2000-02-28T23:59:59.999Z"},
        {951'782'400'000, "2000-02-29T00:00:00.000Z"},
        {951'868'800'000, "2000-03-01T00:00:00.000Z"},
        {1'709'164'800'000, "2024-02-29T00:00:00.000Z"},
        {1'735'689'599'007, "2024-12-31T23:59:59.007Z"},
        {4'107'542'400'000, "2100-03-01T00:00:00.000Z"},
        {253'402'300'799'999, "9999-12-31T23:59:59.999Z"},
        {-62'167'219'200'000, "0000-01-01T00:00:00.000Z"},
    };
    for (const auto& row : table)
        CHECK(to_rfc3339({row.unix_ms}) == row.text);
}

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
        {R"({"type":"join","room":"x"})", "refused not_supported"},
        {R"({"type":"part"})", "refused not_supported"},
        {R"({"type":"history"})", "refused not_supported"},
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
        std::string meaning = "something else";
        if (const auto* say = std::get_if<Say>(&input)) {
            meaning = "say " + say->text + (say->id.empty() ? "" : " (" + say->id + ")");
        }
        if (std::holds_alternative<Quit>(input)) meaning = "quit";
        if (const auto* refused = std::get_if<Refused>(&input)) {
            meaning = "refused " + std::string(code_word(refused->error.code));
            CHECK_FALSE(refused->error.text.empty());
        }
        CHECK(meaning == row.meaning);
    }
}
