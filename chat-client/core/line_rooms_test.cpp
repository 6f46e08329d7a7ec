// SPDX-License-Identifier: MIT
#include "chat-client/core/line_rooms.h"

#include "chat-client/core/input_test_support.h"
#include "tests/support/catch.h"

using namespace chat::client;

namespace {

std::string addressed(LineRooms& rooms, UserInput input) {
    rooms.address(input);
    return described(input);
}

Welcome welcome(std::string room, bool landing = false) {
    return {.name = "alice", .room = std::move(room), .landing = landing};
}

}  // namespace

TEST_CASE("typed text goes to where one is") {
    LineRooms rooms("lobby");
    CHECK(addressed(rooms, Say{"a", {}}) == "say a to lobby");
    CHECK(addressed(rooms, Say{"a", {}, "dev"}) == "say a to dev");
    CHECK(addressed(rooms, JoinRoom{"Dev"}) == "join Dev");
    CHECK(addressed(rooms, Say{"a", {}}) == "say a to Dev");
    rooms.show(welcome("dev"));
    CHECK(addressed(rooms, Say{"a", {}}) == "say a to dev");
    CHECK(addressed(rooms, ListMembers{}) == "members of dev");
    CHECK(addressed(rooms, SetTopic{"x"}) == "topic x of dev");
    CHECK(addressed(rooms, WantHistory{}) == "history of dev before 0, 50");
    CHECK(addressed(rooms, SearchFor{"x"}) == "search x in ");
    CHECK(addressed(rooms, PartRoom{}) == "part dev");
    CHECK(addressed(rooms, Say{"a", {}}) == "say a to lobby");
    // Nobody is moved by what others do.
    rooms.show(welcome("@bob"));
    CHECK(addressed(rooms, Say{"a", {}}) == "say a to lobby");
}

TEST_CASE("a topic that is not there is not taken away") {
    LineRooms rooms("lobby");
    CHECK(addressed(rooms, SetTopic{""}) == "topic  of lobby");  // not known yet
    rooms.show(welcome("lobby", true));
    CHECK(addressed(rooms, SetTopic{""}) == "show topic of lobby");
    CHECK(addressed(rooms, SetTopic{"x"}) == "topic x of lobby");
    CHECK(addressed(rooms, SetTopic{""}) == "topic  of lobby");  // x is under way
    rooms.show(Topic{"lobby", 3, "alice", "x", {}});
    CHECK(addressed(rooms, SetTopic{""}) == "topic  of lobby");
    rooms.show(Topic{"lobby", 4, "alice", "", {}});
    CHECK(addressed(rooms, SetTopic{""}) == "show topic of lobby");
}

TEST_CASE("after a refused join one is where one was; what was meant for it is told nobody else") {
    LineRooms rooms("lobby");
    addressed(rooms, JoinRoom{"@nobody"});
    CHECK(addressed(rooms, Say{"secret", {}}) == "say secret to @nobody");
    rooms.show(Error{ErrorCode::bad_input, "something else", "@nobody"});
    rooms.show(Error{ErrorCode::nobody, "nobody is called so", "@other"});
    CHECK(addressed(rooms, Say{"secret", {}}) == "say secret to @nobody");
    rooms.show(Error{ErrorCode::nobody, "nobody is called so", "@nobody"});
    CHECK(addressed(rooms, Say{"a", {}}) == "say a to lobby");
}

TEST_CASE("the room where one lands may be written otherwise") {
    LineRooms rooms("Lobby");
    rooms.show(welcome("lobby", true));
    CHECK(rooms.landing() == "lobby");
    CHECK(addressed(rooms, Say{"a", {}}) == "say a to lobby");
}

TEST_CASE("leaving a room, here or from another program, is going back") {
    LineRooms rooms("lobby");
    addressed(rooms, JoinRoom{"dev"});
    rooms.show(welcome("dev"));
    rooms.show(RoomLeft{"dev"});
    CHECK(addressed(rooms, Say{"a", {}}) == "say a to lobby");
}

TEST_CASE("only what was asked for is told at length") {
    LineRooms rooms("lobby");
    const Members members{"lobby", {"alice"}};
    CHECK_FALSE(rooms.show(members).whole);
    addressed(rooms, ListMembers{});
    CHECK(rooms.show(members).whole);
    CHECK_FALSE(rooms.show(members).whole);
    const HistoryEnd end{"lobby", 1, true};
    CHECK_FALSE(rooms.show(end).news);
    addressed(rooms, WantHistory{});
    CHECK(rooms.show(end).news);
}

TEST_CASE("the topic is known") {
    LineRooms rooms("lobby");
    CHECK(rooms.topic_sentence("lobby") == "lobby has no topic");
    auto first = welcome("lobby", true);
    first.topic = "cake";
    rooms.show(first);
    CHECK(rooms.topic_sentence("lobby") == "the topic of lobby is: cake");
    rooms.show(Topic{"lobby", 1, "bob", "old", {}, true});
    CHECK(rooms.topic_sentence("lobby") == "the topic of lobby is: cake");
    rooms.show(Topic{"lobby", 9, "bob", "pie", {}});
    CHECK(rooms.topic_sentence("Lobby") == "the topic of Lobby is: pie");
}

TEST_CASE("where what was missed begins") {
    LineRooms rooms("lobby");
    rooms.show({Welcome{.name = "alice", .room = "lobby", .next = 5, .head = 9}});
    CHECK_FALSE(rooms.show(Message{"lobby", 4, "bob", "x", {}, false, false, true}).marker);
    CHECK_FALSE(rooms.show(Message{"dev", 5, "bob", "x", {}}).marker);
    CHECK(rooms.show(Message{"lobby", 5, "bob", "x", {}}).marker);
    CHECK_FALSE(rooms.show(Message{"lobby", 6, "bob", "x", {}}).marker);
}
