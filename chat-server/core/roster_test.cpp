// SPDX-License-Identifier: MIT
#include "chat-server/core/roster.h"

#include "chat-server/core/chat_test_support.h"
#include "proto/wire/name.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::server;
using chat_test::path;

TEST_CASE("the roster finds members by address and by name until they are removed") {
    Roster roster(1);
    const auto bob = roster.add(path(1), "bob", name_key("bob"));
    const auto eve = roster.add(path(2), "Eve", name_key("Eve"));
    CHECK(roster.size() == 2);
    CHECK(roster.find(path(1).peer) == bob);
    CHECK(roster.find_key(name_key("eve")) == eve);
    CHECK_FALSE(roster.find(path(3).peer));
    CHECK(roster[bob].id != roster[eve].id);

    const MemberId old_id = roster[bob].id;
    roster.remove(bob);
    CHECK(roster.size() == 1);
    CHECK_FALSE(roster.find(path(1).peer));
    CHECK_FALSE(roster.find_key("bob"));

    const auto again = roster.add(path(1), "bob", name_key("bob"));
    CHECK(again == bob);                // the place is used again,
    CHECK(roster[again].id != old_id);  // the number is not
    int visited = 0;
    roster.for_each([&](MemberIndex) { ++visited; });
    CHECK(visited == 2);
}

TEST_CASE("an address that was forgotten can belong to the next member") {
    Roster roster(1);
    const auto bob = roster.add(path(1), "bob", name_key("bob"));
    roster.forget_endpoint(bob);
    const auto carol = roster.add(path(1), "carol", name_key("carol"));
    CHECK(roster.find(path(1).peer) == carol);
    CHECK(roster.find_key("bob") == bob);
    roster.remove(bob);
    CHECK(roster.find(path(1).peer) == carol);
}

TEST_CASE("a person is found by his newest visit, whatever address he has") {
    Roster roster(1);
    const auto first = roster.add(path(1), "bob", "bob", 7);
    CHECK_FALSE(roster.find(path(1).peer));  // only classic members are found by address
    CHECK(roster.find_person(7) == first);
    roster.forget_name(first);
    CHECK_FALSE(roster.find_person(7));
    CHECK_FALSE(roster.find_key("bob"));
    const auto second = roster.add(path(1), "bob", "bob", 7);
    CHECK(roster.find_person(7) == second);
    roster.remove(first);
    CHECK(roster.find_person(7) == second);
    CHECK(roster.find_key("bob") == second);
    const auto classic = roster.add(path(1), "eve", "eve");
    CHECK(roster.find(path(1).peer) == classic);
    CHECK_FALSE(roster.find_person(0));
    roster.remove(second);
    CHECK_FALSE(roster.find_person(7));
    CHECK(roster.find(path(1).peer) == classic);
}
