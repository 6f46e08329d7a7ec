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
        {Welcome{.name = "bob", .room = "lobby", .next = 7},
         R"({"type":"welcome","name":"bob","room":"lobby","next":7})"},
        {Welcome{.name = "bob", .room = "lobby", .next = 7, .server_key = "abcdefghij2345674567"},
         R"({"type":"welcome","name":"bob","room":"lobby",)"
         R"("server_key":"abcdefghij2345674567","next":7})"},
        {Welcome{.name = "bob",
                 .room = "dev",
                 .next = 7,
                 .landing = false,
                 .first_time = true,
                 .head = 10,
                 .topic = "a topic"},
         R"({"type":"welcome","name":"bob","room":"dev","next":7,"topic":"a topic","missed":3,)"
         R"("first_time":true})"},
        {Welcome{.name = "bob", .room = "dev", .next = 7, .head = 7},
         R"({"type":"welcome","name":"bob","room":"dev","next":7})"},
        {Members{"lobby", {"bob", "小明"}},
         R"({"type":"members","room":"lobby","names":["bob","小明"]})"},
        {Members{"lobby", {}}, R"({"type":"members","room":"lobby","names":[]})"},
        {Message{"dev", 7, "eve", "你好 👋", time},
         R"({"type":"message","room":"dev","seq":7,"from":"eve","text":"你好 👋",)"
         R"("time":"2023-11-14T22:13:20.123Z","own":false})"},
        {Message{"lobby", 8, "bob", "a\"b\\c\nd", time, true},
         R"({"type":"message","room":"lobby","seq":8,"from":"bob","text":"a\"b\\c\nd",)"
         R"("time":"2023-11-14T22:13:20.123Z","own":true})"},
        {Message{"@eve", 8, "eve", "x", time, false, true, true},
         R"({"type":"message","room":"@eve","seq":8,"from":"eve","text":"x",)"
         R"("time":"2023-11-14T22:13:20.123Z","own":false,"unverified":true,"history":true})"},
        {Joined{"lobby", 9, "eve", time},
         R"({"type":"join","room":"lobby","seq":9,"name":"eve","time":"2023-11-14T22:13:20.123Z"})"},
        {Joined{"lobby", 9, "eve", time, true},
         R"({"type":"join","room":"lobby","seq":9,"name":"eve","time":"2023-11-14T22:13:20.123Z",)"
         R"("history":true})"},
        {Left{"lobby", 10, "eve", time},
         R"({"type":"leave","room":"lobby","seq":10,"name":"eve","time":"2023-11-14T22:13:20.123Z"})"},
        {Announcement{"lobby", UINT64_MAX, "大家好", time},
         R"({"type":"announcement","room":"lobby","seq":18446744073709551615,"text":"大家好",)"
         R"("time":"2023-11-14T22:13:20.123Z"})"},
        {Announcement{"lobby", 3, "read this", time, true, true},
         R"({"type":"announcement","room":"lobby","seq":3,"text":"read this",)"
         R"("time":"2023-11-14T22:13:20.123Z","pinned":true,"history":true})"},
        {Announcement{"lobby", 4, "", time, false, true},
         R"({"type":"unpinned","room":"lobby","seq":4,"time":"2023-11-14T22:13:20.123Z"})"},
        {Topic{"dev", 5, "eve", "cake", time},
         R"({"type":"topic","room":"dev","seq":5,"name":"eve","text":"cake",)"
         R"("time":"2023-11-14T22:13:20.123Z"})"},
        {PinnedNow{"dev", 5, "read this", time},
         R"({"type":"pinned","room":"dev","seq":5,"text":"read this",)"
         R"("time":"2023-11-14T22:13:20.123Z"})"},
        {Receipt{"dev", 5, 3, 7}, R"({"type":"receipt","room":"dev","seq":5,"seen":3,"of":7})"},
        {HistoryEnd{"dev", 5, true},
         R"({"type":"history_end","room":"dev","first":5,"at_start":true,"gone_to":4})"},
        {RoomLeft{"dev"}, R"({"type":"parted","room":"dev"})"},
        {RoomList{{{"dev", "cake", 3, true}}},
         R"({"type":"rooms","rooms":[{"name":"dev","topic":"cake","present":3,"joined":true}]})"},
        {RoomList{}, R"({"type":"rooms","rooms":[]})"},
        {SearchResult{
             "cake", {{"dev", 5, "eve", "no cake", time}, {"ops", 6, "", "!", time}}, true},
         R"({"type":"found","words":"cake","hits":[)"
         R"({"room":"dev","seq":5,"from":"eve","text":"no cake","time":"2023-11-14T22:13:20.123Z"},)"
         R"({"room":"ops","seq":6,"from":"","text":"!","time":"2023-11-14T22:13:20.123Z"}],)"
         R"("more":true})"},
        {SearchResult{"cake", {}, false},
         R"({"type":"found","words":"cake","hits":[],"more":false})"},
        {Accepted{"no. 1 \"a\"", "lobby", 8},
         R"({"type":"accepted","id":"no. 1 \"a\"","room":"lobby","seq":8})"},
        {Accepted{"", "lobby", 9}, R"({"type":"accepted","id":"","room":"lobby","seq":9})"},
        {Gap{"lobby", 5, 9}, R"({"type":"gap","room":"lobby","from":5,"to":9})"},
        {Gap{"lobby", 1, 9, true},
         R"({"type":"gap","room":"lobby","from":1,"to":9,"history":true})"},
        {TrustQuestion{"abcdefghij2345674567"},
         R"({"type":"trust","server_key":"abcdefghij2345674567"})"},
        {Remark{"too fast"}, R"({"type":"remark","room":"lobby","text":"too fast"})"},
        {StateChange{Connection::online, {}}, R"({"type":"state","state":"online"})"},
        {StateChange{Connection::reconnecting, "no answer"},
         R"({"type":"state","state":"reconnecting","reason":"no answer"})"},
        {Error{ErrorCode::name_taken, "choose another"},
         R"({"type":"error","code":"name_taken","text":"choose another"})"},
        {Error{ErrorCode::not_in_room, "no", "dev", "7"},
         R"({"type":"error","code":"not_in_room","text":"no","room":"dev","id":"7"})"},
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
