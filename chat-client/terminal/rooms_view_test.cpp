// SPDX-License-Identifier: MIT
// Golden pictures of several rooms, as their events make them. Rows without anything are left out.
#include <fmt/format.h>
#include <string>

#include "chat-client/terminal/book_test_support.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::client;
using namespace chat::terminal;

TEST_CASE("several rooms, and what is unread in them") {
    Reader reader;
    reader.enter("lobby");
    reader.enter("dev");
    reader.enter("@bob");
    reader.enter("ops");
    reader.hear("lobby", "carol", "hello all");
    reader.hear("dev", "carol", "one");
    reader.hear("dev", "carol", "two");
    reader.hear("@bob", "bob", "psst");
    CHECK(reader.picture(72, 10) ==
          " lobby  host:8888                                                 alice\n"
          "12:34 -- you are in lobby as alice; /help lists the commands\n"
          "12:34 <carol> hello all\n"
          " online  [*1:lobby] [2:dev 2] [3:@bob 1!] [4:ops]\n"
          "<alice>\n");
    CHECK(reader.frame(72, 10).rows[8][3].style == Style::bar_alert);
    reader.book.go_to(3);
    CHECK(reader.picture(72, 10) ==
          " @bob  host:8888                                                  alice\n"
          "12:34 -- this is where you and bob talk, and nobody else\n"
          "12:34 <bob> psst\n"
          " online  [1:lobby] [2:dev 2] [*3:@bob] [4:ops]\n"
          "<alice>\n");
}

TEST_CASE("rooms that do not all fit: first where somebody calls, then what is unread") {
    Reader reader;
    reader.enter("lobby");
    for (int i = 2; i <= 9; ++i)
        reader.enter(fmt::format("room{}", i));
    reader.hear("room5", "bob", "x");
    reader.hear("room8", "bob", "alice: x");
    CHECK(reader.status_row(120).starts_with(
        " online  [*1:lobby] [2:room2] [3:room3] [4:room4] [5:room5 1] [6:room6] [7:room7] "
        "[8:room8 1!] [9:room9] "));
    CHECK(reader.status_row(80).starts_with(
        " online  [*1:lobby] [2:room2] [3:room3] [4:room4] [5:room5 1] [8:room8 1!] +3 "));
    CHECK(reader.status_row(60).starts_with(
        " online  [*1:lobby] [2:room2] [5:room5 1] [8:room8 1!] +5 "));
    CHECK(reader.status_row(48).starts_with(" online  [*1:lobby] [5:room5 1] [8:room8 1!] +6 "));
    CHECK(reader.status_row(36).starts_with(" online  [*1:lobby] [8:room8 1!] +7 "));
    CHECK(reader.status_row(24).starts_with(" online  [*1:lobby] +8 "));
    CHECK(reader.status_row(20) == " online             ");
}

TEST_CASE("the topic in the title, shortened, and left out where it would say nothing") {
    Reader reader;
    reader.enter("dev", 0, "the next release: 早上好 what is in and what is out");
    reader.book.go_to(2);
    CHECK(reader.row(72, 10, 0) ==
          " dev  host:8888  the next release: 早上好 what is in and what i…  alice ");
    CHECK(reader.row(40, 10, 0) == " dev  host:8888  the next relea…  alice ");
    CHECK(reader.row(30, 10, 0) == " dev  host:8888         alice ");
}

TEST_CASE("what is pinned stays in sight where there is room") {
    Reader reader;
    reader.enter("lobby");
    reader.show(PinnedNow{"lobby", 3, "read the rules\nfirst, all of them, to the end", {}});
    CHECK(reader.picture(40, 10) ==
          " lobby  host:8888                 alice\n"
          "! [pinned] read the rules⏎first, all of…\n"
          "12:34 -- you are in lobby as alice;\n"
          "         /help lists the commands\n"
          " online\n"
          "<alice>\n");
    CHECK(reader.frame(40, 10).rows[1][0].style == Style::announcement);
    CHECK(reader.row(40, 7, 1).empty());
    reader.show(Announcement{"lobby", 11, "", {}, false, true});
    CHECK(reader.picture(40, 10).find("[pinned]") == std::string::npos);
}

TEST_CASE("what was missed begins behind a line") {
    Reader reader;
    reader.enter("lobby", 3);
    reader.older("lobby", 8, 9, false);
    reader.show(Left{"lobby", 10, "alice", {}});
    reader.next = 11;
    reader.hear("lobby", "bob", "while you were away");
    reader.show(Joined{"lobby", 12, "alice", {}});
    CHECK(reader.picture(60, 12) ==
          " lobby  host:8888                                     alice\n"
          "12:34 <bob> old 8\n"
          "12:34 <bob> old 9\n"
          "12:34 -- you are in lobby as alice; /help lists the commands\n"
          "12:34 * alice left\n"
          "-------------------- new since you left --------------------\n"
          "12:34 <bob> while you were away\n"
          "12:34 * alice joined\n"
          " online\n"
          "<alice>\n");
    CHECK(reader.picture(19, 12).find("\nnew since you left\n") != std::string::npos);
}

TEST_CASE("receipts at the right of one's own messages, where there is room") {
    Reader reader;
    reader.enter("lobby");
    reader.hear("lobby", "alice", "first");
    const auto second = reader.hear("lobby", "alice", "a second one that is long enough to wrap");
    reader.show(Receipt{"lobby", second, 3, 7});
    CHECK(
        reader.picture(44, 10).ends_with("12:34 <alice> first                   stored\n"
                                         "12:34 <alice> a second one that is long\n"
                                         "              enough to wrap     reached 3/7\n"
                                         " online\n"
                                         "<alice>\n"));
    CHECK(
        reader.picture(35, 10).ends_with("12:34 <alice> first          stored\n"
                                         "12:34 <alice> a second one that is\n"
                                         "              long enough to wrap\n"
                                         " online\n"
                                         "<alice>\n"));
}

TEST_CASE("messages under way stand below the conversation, and dim") {
    Reader reader;
    reader.enter("lobby");
    reader.enter_line("one");
    reader.enter_line("two\nlines");
    reader.hear("lobby", "bob", "in between");
    CHECK(
        reader.picture(40, 10).ends_with("12:34 <bob> in between\n"
                                         "12:34 <alice> one                pending\n"
                                         "12:34 <alice> two\n"
                                         "              lines              pending\n"
                                         " online\n"
                                         "<alice>\n"));
    CHECK(reader.frame(40, 10).rows[5][2].style == Style::dim);
    reader.show(Accepted{"1", "lobby", reader.next});
    reader.hear("lobby", "alice", "one");
    CHECK(
        reader.picture(40, 10).ends_with("12:34 <bob> in between\n"
                                         "12:34 <alice> one                 stored\n"
                                         "12:34 <alice> two\n"
                                         "              lines              pending\n"
                                         " online\n"
                                         "<alice>\n"));
    CHECK(reader.frame(40, 10).rows[5][2].style == Style::own);
    // At most half of the pane is theirs, and a pane of one row is the conversation's.
    for (int i = 0; i < 9; ++i)
        reader.enter_line(fmt::format("more {}", i));
    CHECK(reader.picture(40, 7) ==
          " lobby  host:8888                 alice\n"
          "12:34 <bob> in between\n"
          "12:34 <alice> one                 stored\n"
          "12:34 <alice> more 7             pending\n"
          "12:34 <alice> more 8             pending\n"
          " online\n"
          "<alice>\n");
    CHECK(reader.picture(40, 3) ==
          "12:34 <alice> one                 stored\n"
          " online\n"
          "<alice>\n");
    // Who reads further up is not shown them.
    for (int i = 0; i < 9; ++i)
        reader.hear("lobby", "bob", "more");
    reader.frame(40, 10);
    reader.book.current().scrollback().scroll(Scroll::page_up);
    CHECK(reader.picture(40, 10).find("pending") == std::string::npos);
}

TEST_CASE("a hole is told, with its size") {
    Reader reader;
    reader.enter("lobby");
    reader.show(Gap{"lobby", 10, 21});
    reader.next = 22;
    reader.hear("lobby", "bob", "go on");
    CHECK(
        reader.picture(60, 10).ends_with("-- 12 entries, 10 to 21, can no longer be had\n"
                                         "12:34 <bob> go on\n"
                                         " online\n"
                                         "<alice>\n"));
    CHECK(reader.frame(60, 10).rows[6][0].style == Style::error);
}

TEST_CASE("older lines are on their way, then there, then there are no more") {
    Reader reader;
    reader.enter("lobby");
    for (int i = 0; i < 10; ++i)
        reader.hear("lobby", "bob", fmt::format("{}", i));
    reader.frame(50, 7);
    auto& room = reader.book.current();
    room.scrollback().scroll(Scroll::top);
    const auto at_top =
        "12:34 -- you are in lobby as alice; /help lists\n"
        "         the commands\n"
        "12:34 <bob> 0\n"
        "12:34 <bob> 1\n";
    REQUIRE(room.ask_older());
    const std::string title = " lobby  host:8888                           alice\n";
    CHECK(reader.picture(50, 7) ==
          title + at_top + " online                      fetching older lines\n<alice>\n");
    reader.older("lobby", 8, 9, true);
    CHECK(reader.picture(50, 7) ==
          title + at_top + " online                               older lines\n<alice>\n");
    room.scrollback().scroll(Scroll::page_up);
    CHECK(reader.picture(50, 7) == title +
                                       "-- 7 entries, 1 to 7, can no longer be had\n"
                                       "12:34 <bob> old 8\n"
                                       "12:34 <bob> old 9\n"
                                       "12:34 -- you are in lobby as alice; /help lists\n"
                                       " online                               older lines\n"
                                       "<alice>\n");
}

TEST_CASE("an announcement calls from another room") {
    Reader reader;
    reader.enter("lobby");
    reader.enter("dev");
    reader.show(Announcement{"dev", 10, "the server moves", {}});
    CHECK(reader.status_row(60).starts_with(" online  [*1:lobby] [2:dev 1!] "));
    reader.book.go_to(2);
    CHECK(reader.picture(60, 10).find("12:34 ! 管理员: the server moves\n") != std::string::npos);
}

TEST_CASE("rooms and what was found are listed where the reader is") {
    Reader reader;
    reader.enter("lobby");
    reader.enter("dev");
    reader.book.go_to(2);
    reader.show(RoomList{{{"dev", "cake", 3, true}, {"ops", "", 0, false}}});
    reader.show(SearchResult{"cake", {{"lobby", 9, "eve", "no cake", {}}}, false});
    CHECK(reader.picture(60, 12) ==
          " dev  host:8888                                       alice\n"
          "12:34 -- you are in dev as alice\n"
          "12:34 -- dev, 3 here, yours: cake\n"
          "12:34 -- ops, 0 here\n"
          "12:34 -- 1 found for \"cake\"\n"
          "12:34 -- [lobby] 2026-11-21 12:34 <eve> no cake\n"
          " online  [1:lobby] [*2:dev]\n"
          "<alice>\n");
}
