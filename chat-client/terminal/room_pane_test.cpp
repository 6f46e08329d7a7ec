// SPDX-License-Identifier: MIT
#include "chat-client/terminal/room_pane.h"

#include <fmt/format.h>

#include "chat-client/terminal/book_test_support.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::client;
using namespace chat::terminal;

namespace {

RoomPane pane(std::string name = "dev") {
    return RoomPane(std::move(name), {test_clock, test_date}, {}, english);
}

Welcome welcome(std::uint64_t next, std::uint64_t head = 0, std::string key = "key") {
    return {"alice", "dev", next, std::move(key), false, false, head, {}};
}
Message message(std::uint64_t seq, std::string text, std::string from = "bob") {
    const bool own = from == "alice";
    return {"dev", seq, std::move(from), std::move(text), {}, own};
}
Message old(std::uint64_t seq) {
    return {"dev", seq, "bob", fmt::format("old {}", seq), {}, false, false, true};
}

// The last `rows` rows.
std::string page(RoomPane& room, int rows = 50) {
    room.scrollback().resize(60, rows);
    std::string out;
    for (const auto& row : room.scrollback().page()) {
        out += fmt::format("{}{}{}|", row.head, row.text,
                           row.mark.empty() ? "" : fmt::format(" ({})", row.mark));
    }
    return out;
}

void show(RoomPane& room, const Event& event, bool looked_at = true) {
    room.show(event, {}, looked_at);
}

}  // namespace

TEST_CASE("older entries come in front in one piece, and the marker behind them") {
    auto room = pane();
    show(room, welcome(5, 8));
    show(room, Members{"dev", {"alice", "bob"}});
    show(room, old(3));
    show(room, old(4));
    CHECK(page(room) == "-- you are in dev as alice|-- here: alice, bob|");
    show(room, HistoryEnd{"dev", 3, false});
    show(room, message(5, "missed"));
    show(room, message(6, "missed too"));
    CHECK(page(room) ==
          "<bob> old 3|<bob> old 4|-- you are in dev as alice|-- here: alice, bob|"
          "new since you left|<bob> missed|<bob> missed too|");
}

TEST_CASE("who reads up to the oldest line asks for what is before it") {
    auto room = pane();
    CHECK_FALSE(room.ask_older());  // not there yet
    show(room, welcome(5));
    const auto first = room.ask_older();
    REQUIRE(first);
    CHECK(first->room == "dev");
    CHECK(first->before == 0);
    CHECK(room.loading());
    CHECK_FALSE(room.ask_older());  // under way
    show(room, old(3));
    show(room, old(4));
    show(room, HistoryEnd{"dev", 3, false});
    CHECK_FALSE(room.loading());
    const auto second = room.ask_older(7);
    REQUIRE(second);
    CHECK(second->before == 3);
    CHECK(second->limit == 7);
    show(room, Gap{"dev", 1, 2, true});
    show(room, HistoryEnd{"dev", 3, true});
    const auto all =
        "-- 2 entries, 1 to 2, can no longer be had|"
        "<bob> old 3|<bob> old 4|-- you are in dev as alice|";
    CHECK(page(room) == all);
    CHECK_FALSE(room.ask_older());
    CHECK(page(room) == all);
}

TEST_CASE("the beginning is said to who looks for it, and not to who only comes in") {
    auto room = pane();
    show(room, welcome(2));
    show(room, old(1));
    show(room, HistoryEnd{"dev", 1, true});
    CHECK(page(room).starts_with("<bob> old 1|"));
    CHECK_FALSE(room.ask_older());
    CHECK(page(room).starts_with("this is where dev begins|<bob> old 1|"));
}

TEST_CASE("nothing is asked of a server that keeps nothing, or has another log now") {
    auto classic = pane();
    show(classic, welcome(1, 1, ""));
    CHECK_FALSE(classic.ask_older());

    auto room = pane();
    show(room, welcome(5));
    show(room, message(5, "x"));
    show(room, welcome(6));
    CHECK(room.ask_older());
    show(room, HistoryEnd{"dev", 5, false});
    show(room, welcome(1));
    CHECK_FALSE(room.ask_older());
}

TEST_CASE("older lines that were refused can be asked for again") {
    auto room = pane();
    show(room, welcome(5));
    CHECK(room.ask_older());
    show(room, Error{ErrorCode::queue_full, "ask again later", "dev"});
    CHECK_FALSE(room.loading());
    CHECK(room.ask_older());
}

TEST_CASE("a gap counts what is missing, where it is missing") {
    auto room = pane();
    show(room, welcome(5));
    show(room, message(5, "a"));
    show(room, Gap{"dev", 6, 9});
    show(room, message(10, "b"));
    CHECK(page(room, 3) == "<bob> a|-- 4 entries, 6 to 9, can no longer be had|<bob> b|");
}

TEST_CASE("own messages tell how far they have got, the newest of them") {
    auto room = pane();
    show(room, welcome(5));
    for (std::uint64_t seq = 5; seq < 9; ++seq)
        show(room, message(seq, fmt::format("{}", seq), "alice"));
    CHECK(page(room, 4) == "<alice> 5|<alice> 6 (stored)|<alice> 7 (stored)|<alice> 8 (stored)|");
    for (std::uint64_t seq = 5; seq < 9; ++seq)
        show(room, Receipt{"dev", seq, 3, 7});
    show(room, Receipt{"dev", 7, 7, 7});
    show(room, Receipt{"dev", 99, 7, 7});
    CHECK(page(room, 4) ==
          "<alice> 5|<alice> 6 (reached 3/7)|<alice> 7 (reached 7/7)|<alice> 8 (reached 3/7)|");
    show(room, message(9, "x", "alice"));
    show(room, Receipt{"dev", 9, 0, 0});  // nobody else is in the room
    CHECK(page(room, 1) == "<alice> x (stored)|");

    auto classic = pane();
    show(classic, welcome(1, 1, ""));
    show(classic, message(1, "x", "alice"));
    CHECK(page(classic, 1) == "<alice> x|");
}

TEST_CASE("what is under way is shown once, and in its place when it is there") {
    auto room = pane();
    show(room, welcome(5));
    room.say("1", "hello", {});
    room.say("2", "again", {});
    auto lines = room.pending(9);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].text == "hello");
    CHECK(lines[0].mark == "pending");
    CHECK(lines[0].who == "alice");
    CHECK(room.pending(1)[0].text == "again");
    show(room, Accepted{"1", "dev", 5});
    CHECK(room.pending(9)[0].mark == "stored");
    show(room, message(5, "hello", "alice"));
    CHECK(room.pending(9).size() == 1);
    show(room, Error{ErrorCode::uncertain, "perhaps", "dev", "2"});
    CHECK(room.pending(9).empty());
    CHECK(page(room, 2) == "<alice> hello (stored)|-- perhaps|");
}

TEST_CASE("topic and pin are those of now") {
    auto room = pane();
    auto first = welcome(5);
    first.topic = "cake";
    show(room, first);
    show(room, PinnedNow{"dev", 2, "read this", {}});
    CHECK(room.topic() == "cake");
    CHECK(room.pinned() == "read this");
    show(room, Topic{"dev", 3, "bob", "old", {}, true});
    show(room, Announcement{"dev", 4, "older", {}, true, true});
    CHECK(room.topic() == "cake");
    CHECK(room.pinned() == "read this");
    show(room, Topic{"dev", 5, "bob", "pie", {}});
    show(room, Announcement{"dev", 6, "read that", {}, false, true});
    CHECK(room.topic() == "pie");
    CHECK(room.pinned() == "read that");
    CHECK(page(room, 2) == "-- bob set the topic: pie|! 管理员: [pinned] read that|");
    show(room, Announcement{"dev", 7, "", {}, false, true});
    show(room, Topic{"dev", 8, "bob", "", {}});
    CHECK(room.topic().empty());
    CHECK(room.pinned().empty());
    CHECK(page(room, 2) == "-- nothing is pinned any more|-- bob took the topic away|");
}

TEST_CASE("what is unread, and whether it is meant for the reader") {
    struct Row {
        std::string text;
        bool called;
    };
    const Row table[] = {
        {"hello", false},        {"alice: hello", true},
        {"hello ALICE!", true},  {"malice", false},
        {"alice2", false},       {"alices", false},
        {"malice, alice", true}, {"你好alice你好", true},
        {"@alice", true},        {"", false},
        {"alic", false},
    };
    for (const auto& row : table) {
        CAPTURE(row.text);
        auto room = pane();
        show(room, welcome(5));
        show(room, message(5, row.text), false);
        CHECK(room.unread() == 1);
        CHECK(room.called() == row.called);
        room.look_at();
        CHECK(room.unread() == 0);
        CHECK_FALSE(room.called());
    }

    auto room = pane();
    show(room, welcome(5), false);
    show(room, old(4), false);
    show(room, Joined{"dev", 5, "carol", {}}, false);
    show(room, message(6, "mine", "alice"), false);
    show(room, message(7, "looked at"), true);
    CHECK(room.unread() == 0);
    show(room, Announcement{"dev", 8, "all of you", {}}, false);
    CHECK(room.unread() == 1);
    CHECK(room.called());

    auto conversation = pane("@bob");
    show(conversation, Message{"@bob", 5, "bob", "psst", {}}, false);
    CHECK(conversation.called());
}

TEST_CASE("who is here") {
    auto room = pane();
    show(room, welcome(5));
    CHECK(room.present() == 0);
    show(room, Joined{"dev", 5, "eve", {}});
    CHECK(room.present() == 0);  // nobody has told yet who else is
    show(room, Members{"dev", {"alice", "bob", "eve"}});
    CHECK(room.present() == 3);
    show(room, Left{"dev", 6, "bob", {}});
    show(room, Left{"dev", 4, "eve", {}, true});
    CHECK(room.present() == 2);
    room.ask_names();
    show(room, Members{"dev", std::vector<std::string>(31, "x")});
    CHECK(page(room).find("here: x, x") != std::string::npos);
    show(room, Members{"dev", std::vector<std::string>(31, "x")});
    CHECK(page(room, 1) == "-- 31 people are here|");
}
