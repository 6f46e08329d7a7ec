// SPDX-License-Identifier: MIT
#include "chat-client/core/plain_lines.h"

#include "tests/support/catch.h"

using namespace chat;
using namespace chat::client;

TEST_CASE("every event is a line that programs can tell from the others") {
    struct Row {
        Event event;
        std::string lines;
    };
    const Row table[] = {
        {Message{1, "alice", "你好  👋", {}, false}, "<alice> 你好  👋\n"},
        {Message{2, "bob", "mine", {}, true}, "<bob> mine\n"},
        {Message{3, "bob", "", {}, true}, "<bob> \n"},
        {Message{3, "bob", "x", {}, false, true}, "<~bob> x\n"},
        {Joined{4, "alice", {}}, "* alice joined\n"},
        {Left{5, "alice", {}}, "* alice left\n"},
        {Announcement{6, "大家好", {}}, "! 大家好\n"},
        {Welcome{"bob", "lobby", 1, {}}, "-- you are in lobby as bob; /help lists the commands\n"},
        {Members{"lobby", {"bob", "小明"}}, "-- here: bob, 小明\n"},
        {Members{"lobby", std::vector<std::string>(31, "bob")}, "-- 31 people are here\n"},
        {Gap{"lobby", 5, 9}, "-- entries 5 to 9 can no longer be had\n"},
        {Gap{"lobby", 5, 5}, "-- entry 5 can no longer be had\n"},
        {TrustQuestion{"abcdefghij2345674567"},
         "-- The key of this server is abcdefghij2345674567. Trust it? (yes/no)\n"},
        {Remark{"too fast"}, "-- too fast\n"},
        {Error{ErrorCode::name_taken, "that name is taken"}, "-- that name is taken\n"},
        {StateChange{Connection::connecting, {}}, "-- connecting\n"},
        {StateChange{Connection::online, {}}, "-- connected\n"},
        {StateChange{Connection::reconnecting, "no answer"},
         "-- the connection is lost, trying again: no answer\n"},
        {StateChange{Connection::offline, {}}, "-- disconnected\n"},
    };
    for (const auto& row : table) {
        CAPTURE(row.lines);
        CHECK(to_plain_lines(row.event, "") == row.lines);
        CHECK(to_plain_lines(row.event, "23:59 ") == "23:59 " + row.lines);
    }
}

TEST_CASE("that a message was accepted is no news: the message itself comes") {
    CHECK(to_plain_lines(Accepted{"1", "lobby", 2}, "23:59 ").empty());
}

TEST_CASE("nobody can forge a line or steer the terminal with a text or a name") {
    struct Row {
        Event event;
        std::string lines;
    };
    const Row table[] = {
        {Message{1, "eve", "x\n<bob> forged", {}, false}, "12:00 <eve> x\n  <bob> forged\n"},
        {Message{1, "eve", "a\n\nb\n", {}, false}, "12:00 <eve> a\n  \n  b\n  \n"},
        {Message{1, "eve", "a\r-- forged", {}, false}, "12:00 <eve> a -- forged\n"},
        {Message{1, "eve", "\x1b]0;title\x07\x1b[2J", {}, false}, "12:00 <eve> ]0;title[2J\n"},
        {Message{1, "eve", "\u202egnp\xff", {}, false}, "12:00 <eve> gnp\ufffd\n"},
        {Message{1, "e\x1b[31mve\n!", "x", {}, false}, "12:00 <e[31mve\n  !> x\n"},
        {Members{"lobby", {"a\nb", "\x1b[2J"}}, "12:00 -- here: a\n  b, [2J\n"},
        {Joined{1, "eve\n! forged", {}}, "12:00 * eve\n  ! forged joined\n"},
        {Announcement{1, "\x9b\n\x1b", {}}, "12:00 ! \ufffd\n  \n"},
        {Remark{"one\ntwo"}, "12:00 -- one\n  two\n"},
    };
    for (const auto& row : table) {
        CAPTURE(row.lines);
        CHECK(to_plain_lines(row.event, "12:00 ") == row.lines);
    }
}

TEST_CASE("sentences for other front ends: for what the program says, not for entries") {
    CHECK(program_sentence(Remark{"too fast"}) == "too fast");
    CHECK(program_sentence(StateChange{Connection::offline, "bye"}) == "disconnected: bye");
    CHECK(joined_sentence({1, "eve", {}}) == "eve joined");
    CHECK(left_sentence({1, "eve", {}}) == "eve left");
    const Event entries[] = {Message{1, "eve", "x", {}, false}, Joined{2, "eve", {}},
                             Left{3, "eve", {}}, Announcement{4, "x", {}},
                             Accepted{"1", "lobby", 1}};
    for (const auto& entry : entries)
        CHECK(program_sentence(entry).empty());
}
