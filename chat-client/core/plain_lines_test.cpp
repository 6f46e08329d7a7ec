// SPDX-License-Identifier: MIT
#include "chat-client/core/plain_lines.h"

#include "tests/support/catch.h"

using namespace chat;
using namespace chat::client;

namespace {

std::string date(WallTime time) {
    return "day " + std::to_string(time.unix_ms);
}

std::string lines(const Event& event, std::string_view clock = "") {
    return to_plain_lines(event, {clock, "lobby", date});
}

}  // namespace

TEST_CASE("every event is a line that programs can tell from the others") {
    struct Row {
        Event event;
        std::string lines;
    };
    const Row table[] = {
        {Message{"lobby", 1, "alice", "你好  👋", {}}, "<alice> 你好  👋\n"},
        {Message{"lobby", 2, "bob", "mine", {}, true}, "<bob> mine\n"},
        {Message{"lobby", 3, "bob", "", {}, true}, "<bob> \n"},
        {Message{"lobby", 3, "bob", "x", {}, false, true}, "<~bob> x\n"},
        {Joined{"lobby", 4, "alice", {}}, "* alice joined\n"},
        {Left{"lobby", 5, "alice", {}}, "* alice left\n"},
        {Announcement{"lobby", 6, "大家好", {}}, "! 大家好\n"},
        {Announcement{"lobby", 6, "read this", {}, false, true}, "! [pinned] read this\n"},
        {Announcement{"lobby", 6, "", {}, false, true}, "-- nothing is pinned any more\n"},
        {PinnedNow{"lobby", 6, "read this", {}}, "! [pinned] read this\n"},
        {Topic{"lobby", 7, "alice", "cake", {}}, "-- alice set the topic: cake\n"},
        {Topic{"lobby", 7, "alice", "", {}}, "-- alice took the topic away\n"},
        {Welcome{.name = "bob", .room = "lobby"},
         "-- you are in lobby as bob; /help lists the commands\n"},
        {Members{"lobby", {"bob", "小明"}}, "-- here: bob, 小明\n"},
        {Members{"lobby", std::vector<std::string>(31, "bob")}, "-- 31 people are here\n"},
        {Gap{"lobby", 5, 9}, "-- 5 entries, 5 to 9, can no longer be had\n"},
        {Gap{"lobby", 5, 5}, "-- entry 5 can no longer be had\n"},
        {Gap{"lobby", 1, 4, true}, "-- 4 entries, 1 to 4, can no longer be had\n"},
        {HistoryEnd{"lobby", 1, true}, "-- there is nothing older in lobby\n"},
        {TrustQuestion{"abcdefghij2345674567"},
         "-- The key of this server is abcdefghij2345674567. Trust it? (yes/no)\n"},
        {Remark{"too fast"}, "-- too fast\n"},
        {RoomList{}, "-- there are no rooms\n"},
        {SearchResult{"cake", {}, false}, "-- nothing was found for \"cake\"\n"},
        {Error{ErrorCode::name_taken, "that name is taken"}, "-- that name is taken\n"},
        {StateChange{Connection::connecting, {}}, "-- connecting\n"},
        {StateChange{Connection::online, {}}, "-- connected\n"},
        {StateChange{Connection::reconnecting, "no answer"},
         "-- the connection is lost, trying again: no answer\n"},
        {StateChange{Connection::offline, {}}, "-- disconnected\n"},
    };
    for (const auto& row : table) {
        CAPTURE(row.lines);
        CHECK(lines(row.event) == row.lines);
        CHECK(lines(row.event, "23:59 ") == "23:59 " + row.lines);
    }
    CHECK(lines(HistoryEnd{"lobby", 5, true}).empty());  // the gap before it has said it
}

TEST_CASE("what happens in another room says where") {
    struct Row {
        Event event;
        std::string lines;
    };
    const Row table[] = {
        {Message{"dev", 1, "alice", "a\nb", {}}, "23:59 [dev] <alice> a\n  b\n"},
        {Message{"@bob", 1, "bob", "psst", {}}, "23:59 [@bob] <bob> psst\n"},
        {Joined{"dev", 4, "alice", {}}, "23:59 [dev] * alice joined\n"},
        {Topic{"dev", 7, "alice", "cake", {}}, "23:59 [dev] -- alice set the topic: cake\n"},
        {RoomLeft{"dev"}, "23:59 [dev] -- you have left dev\n"},
        {Error{ErrorCode::not_in_room, "no", "dev"}, "23:59 [dev] -- no\n"},
        {Welcome{.name = "al", .room = "dev", .landing = false, .topic = "cake"},
         "23:59 [dev] -- you are in dev as al\n23:59 [dev] -- the topic is: cake\n"},
        {Welcome{.name = "al", .room = "@bob", .landing = false},
         "23:59 [@bob] -- this is where you and bob talk, and nobody else\n"},
    };
    for (const auto& row : table) {
        CAPTURE(row.lines);
        CHECK(lines(row.event, "23:59 ") == row.lines);
    }
}

TEST_CASE("lists have a line for each of theirs") {
    CHECK(lines(RoomList{{{"dev", "cake", 3, true}, {"ops", "", 0, false}}}, "23:59 ") ==
          "23:59 -- dev, 3 here, yours: cake\n"
          "23:59 -- ops, 0 here\n");
    const SearchResult found{
        "cake", {{"dev", 9, "eve", "no\ncake", {7}}, {"ops", 6, "", "cake!", {6}}}, true};
    CHECK(lines(found) ==
          "-- 2 found for \"cake\"\n"
          "-- [dev] day 7 <eve> no\n"
          "  cake\n"
          "-- [ops] day 6 ! cake!\n"
          "-- there is more of it, older: /search alone goes on\n");
    // What was not looked at may have it.
    CHECK(lines(SearchResult{"cake", {}, false, true}) ==
          "-- nothing older was found for \"cake\"\n"
          "-- the server cannot search the newest messages at present; search again later\n");
}

TEST_CASE("what is older is told from what happens now, where there is no clock") {
    const PlainStyle style{"", "lobby", date, false, false, true};
    Message message{"dev", 1, "a", "b", {}};
    CHECK(to_plain_lines(message, style) == "[dev] <a> b\n");
    message.history = true;
    CHECK(to_plain_lines(message, style) == "[dev] = <a> b\n");
    CHECK(to_plain_lines(message, {"23:59 ", "lobby", date}) == "23:59 [dev] <a> b\n");
    CHECK(to_plain_lines(Left{"lobby", 2, "eve", {}, true}, style) == "= * eve left\n");
    CHECK(to_plain_lines(Left{"lobby", 2, "eve", {}, false}, style) == "* eve left\n");
}

TEST_CASE("all the names, for who has asked; and where what was missed begins") {
    const Members many{"dev", std::vector<std::string>(31, "bob")};
    const auto all = to_plain_lines(many, {"", "lobby", date, true});
    CHECK(all.starts_with("[dev] -- here: bob, bob"));
    CHECK(to_plain_lines(Message{"dev", 1, "a", "b", {}}, {"", "lobby", date, false, true}) ==
          "[dev] -- new since you left\n[dev] <a> b\n");
}

TEST_CASE("what is no news: that a message was accepted, or seen; the message itself comes") {
    const Event events[] = {Accepted{"1", "lobby", 2}, Receipt{"lobby", 2, 1, 2},
                            HistoryEnd{"lobby", 2, false}, Members{"@bob", {"bob", "eve"}}};
    for (const auto& event : events)
        CHECK(lines(event, "23:59 ").empty());
}

TEST_CASE("nobody can forge a line or steer the terminal with a text or a name") {
    struct Row {
        Event event;
        std::string lines;
    };
    const Row table[] = {
        {Message{"lobby", 1, "eve", "x\n<bob> forged", {}}, "12:00 <eve> x\n  <bob> forged\n"},
        {Message{"lobby", 1, "eve", "a\n\nb\n", {}}, "12:00 <eve> a\n  \n  b\n  \n"},
        {Message{"lobby", 1, "eve", "a\r-- forged", {}}, "12:00 <eve> a -- forged\n"},
        {Message{"lobby", 1, "eve", "\x1b]0;title\x07\x1b[2J", {}}, "12:00 <eve> ]0;title[2J\n"},
        {Message{"lobby", 1, "eve", "\u202egnp\xff", {}}, "12:00 <eve> gnp\ufffd\n"},
        {Message{"lobby", 1, "e\x1b[31mve\n!", "x", {}}, "12:00 <e[31mve\n  !> x\n"},
        {Message{"d\nev\x1b", 1, "eve", "x", {}}, "12:00 [d ev] <eve> x\n"},
        {Members{"lobby", {"a\nb", "\x1b[2J"}}, "12:00 -- here: a\n  b, [2J\n"},
        {Joined{"lobby", 1, "eve\n! forged", {}}, "12:00 * eve\n  ! forged joined\n"},
        {Announcement{"lobby", 1, "\x9b\n\x1b", {}}, "12:00 ! \ufffd\n  \n"},
        {RoomList{{{"dev", "x\n! forged", 3, false}}}, "12:00 -- dev, 3 here: x\n  ! forged\n"},
        {Remark{"one\ntwo"}, "12:00 -- one\n  two\n"},
    };
    for (const auto& row : table) {
        CAPTURE(row.lines);
        CHECK(lines(row.event, "12:00 ") == row.lines);
    }
}

TEST_CASE("sentences for other front ends: for what the program says, not for entries") {
    using Lines = std::vector<std::string>;
    CHECK(program_lines(Remark{"too fast"}, date) == Lines{"too fast"});
    CHECK(program_lines(StateChange{Connection::offline, "bye"}, date) ==
          Lines{"disconnected: bye"});
    CHECK(joined_sentence({"lobby", 1, "eve", {}}) == "eve joined");
    CHECK(left_sentence({"lobby", 1, "eve", {}}) == "eve left");
    const Event entries[] = {Message{"lobby", 1, "eve", "x", {}}, Joined{"lobby", 2, "eve", {}},
                             Left{"lobby", 3, "eve", {}},         Announcement{"lobby", 4, "x", {}},
                             Topic{"lobby", 5, "eve", "x", {}},   Accepted{"1", "lobby", 1}};
    for (const auto& entry : entries)
        CHECK(program_lines(entry, date).empty());
}
