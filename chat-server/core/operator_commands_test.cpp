// SPDX-License-Identifier: MIT
#include "chat-server/core/operator_commands.h"

#include "chat-server/core/chat_test_support.h"

using namespace chat;
using namespace chat::server;
using namespace chat::server::chat_test;

using Lines = std::vector<std::string>;

namespace {

struct Console {
    Stage stage;

    std::string ask(std::string_view command, bool expect_ok = true) {
        const auto answer = run_operator_command(stage.now, command, stage.chat, address_text);
        CAPTURE(command);
        CHECK(answer.ok == expect_ok);
        stage.commit();
        return answer.text;
    }
};

bool contains(const std::string& text, std::string_view part) {
    INFO(text);
    INFO(part);
    const bool found = text.find(part) != std::string::npos;
    CHECK(found);
    return found;
}

}  // namespace

TEST_CASE("what is pinned is announced, seen by some, and unpinned") {
    Console c;
    c.stage.come("bob");
    c.stage.come("eve");
    c.stage.commit();
    CHECK(c.ask("seen") == "nothing was announced since the server started");
    CHECK(c.ask("unpin", false) == "nothing is pinned");
    CHECK(c.ask("pin", false) == "usage: /pin TEXT");
    CHECK(c.ask("pin  be kind ").empty());
    CHECK(c.stage.chat.lobby().pinned() == 3);
    c.stage.chat.arrived(1, 1, 4);
    CHECK(announce(c.stage.now, "lunch", c.stage.chat).ok);
    c.stage.commit();
    CHECK(c.ask("seen") == "reached 1 of 2 in lobby: be kind\nreached 0 of 2 in lobby: lunch");
    CHECK(c.ask("unpin") == "nothing is pinned any more");
    CHECK(c.stage.chat.lobby().pinned() == 0);
    CHECK(c.stage.store.lines(1) == Lines{"+bob", "+eve", "^ be kind", "! lunch", "^ "});
    for (int i = 0; i < 20; ++i)
        announce(c.stage.now, "n" + std::to_string(i), c.stage.chat);
    c.stage.commit();
    CHECK(c.stage.chat.announced().size() == announced_max);
    contains(c.ask("seen"), "n19");
}

TEST_CASE("while nothing can be stored the operator is told, and nothing waits for later") {
    Console c;
    c.ask("pin rules");
    c.stage.come("bob");
    c.stage.fail();
    for (const char* command : {"pin TEXT", "unpin"})
        contains(run_operator_command(c.stage.now, command, c.stage.chat, address_text).text,
                 "nothing can be stored");
    CHECK_FALSE(announce(c.stage.now, "x", c.stage.chat).ok);
    c.stage.wait(storing_retry);
    c.stage.commit();
    CHECK(c.stage.store.lines(1) == Lines{"^ rules", "+bob"});
}

TEST_CASE("rooms and people are listed") {
    Console c;
    const auto bob = c.stage.come("bob", 7);
    const RoomId dev = c.stage.open(bob, "dev");
    c.stage.chat.join_classic(c.stage.now, path(9), "carl", "carl");
    c.stage.commit();
    c.stage.chat.say(c.stage.now, bob, dev, frame::MsgKind::topic, "tea");
    c.stage.chat.open_conversation(c.stage.now, bob, "bob");
    c.stage.chat.member(bob).programs = 2;
    c.stage.commit();
    CHECK(c.ask("rooms") ==
          "present  members  entries  room\n"
          "1        1        2        dev  (tea)\n"
          "2        1        2        lobby");
    CHECK(c.ask("rooms dev") ==
          "present  members  entries  room\n"
          "2        1        2        lobby");
    CHECK_FALSE(c.ask("rooms a b", false).empty());
    const std::string who = c.ask("who");
    contains(who, "2 members are here");
    contains(who, "\nbob  port 7  ");
    contains(who, "2 programs  here for 0 s  in lobby, dev");
    contains(who, "\ncarl  port 9  classic  here for 0 s  in lobby");
    c.stage.chat.member(bob).programs = 0;
    contains(c.ask("who"), "\nbob  expected back  ");
    contains(c.ask("stats"), "rooms               2\n");
    contains(c.ask("stats"), "people              1\n");
    contains(c.ask("stats"), "entries             4\n");
    // What is no longer kept does not count.
    c.stage.chat.trimmed(1, 2);
    contains(c.ask("stats"), "entries             3\n");
    contains(c.ask("rooms"), "\n2        1        1        lobby");
}

TEST_CASE("a word too many is told, and nothing is done") {
    Console c;
    c.ask("pin rules");
    c.stage.come("bob");
    c.stage.commit();
    for (const std::string command : {"unpin", "seen", "who", "stats", "help"}) {
        for (const char* more : {" x", " lobby 5"})
            CHECK(c.ask(command + more, false) == "usage: /" + command);
    }
    CHECK(c.ask("kick bob now", false) == "usage: /kick NAME");
    CHECK(c.ask("rooms a b", false) == "usage: /rooms [NAME]");
    CHECK(c.stage.chat.lobby().pinned() != 0);
    CHECK(c.stage.chat.roster().size() == 1);
}

TEST_CASE("a long list of rooms is cut, and goes on where it was cut") {
    Console c;
    for (int i = 0; i < 30; ++i) {
        const auto member = c.stage.come("p" + std::to_string(i));
        for (int j = 0; j < 5; ++j)
            c.stage.open(member, "r" + std::to_string(i * 5 + j));
        c.stage.commit();
    }
    std::size_t rooms = 0;
    std::string command = "rooms";
    for (int pages = 0; !command.empty(); ++pages) {
        REQUIRE(pages < 10);
        const std::string answer = c.ask(command);
        rooms += static_cast<std::size_t>(std::ranges::count(answer, '\n'));
        const auto more = answer.find("there are more: /");
        command.clear();
        if (more == std::string::npos) break;
        --rooms;
        command = answer.substr(more + std::string_view("there are more: /").size());
    }
    CHECK(rooms == c.stage.chat.rooms());
}
