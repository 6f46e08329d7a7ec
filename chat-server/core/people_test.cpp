// SPDX-License-Identifier: MIT
#include "chat-server/core/people.h"

#include "chat-server/core/client_test_support.h"
#include "chat-server/core/limits.h"
#include "proto/wire/name.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::server;

TEST_CASE("the first key owns a name and all that look like it; a second claim is nobody new") {
    People people;
    CHECK(people.claim("Bob", public_key(1)) == PersonId{1});
    CHECK(people.claim("ｂｏｂ", public_key(1)) == PersonId{1});
    CHECK(people.claim("bob", public_key(2)).error() == ClaimError::owned_by_another);
    CHECK(people.claim("eve", public_key(2)) == PersonId{2});
    CHECK(people.find(name_key("BOB")) == PersonId{1});
    CHECK_FALSE(people.find(name_key("rob")));
    CHECK(people[1].name == "Bob");
    CHECK(people[1].name_key == name_key("bob"));
    CHECK(people[1].key == public_key(1));
    const auto fresh = people.take_new();
    REQUIRE(fresh.size() == 2);
    CHECK(fresh[0].id == 1);
    CHECK(fresh[0].name == "Bob");
    CHECK(fresh[0].key == public_key(1));
    CHECK(fresh[1].id == 2);
    CHECK(people.take_new().empty());
}

TEST_CASE("asking changes nothing") {
    People people;
    CHECK(people.may_claim(name_key("bob"), public_key(1)).has_value());
    CHECK(people.size() == 0);
    CHECK_FALSE(people.find(name_key("bob")));
    CHECK(people.take_new().empty());
}

TEST_CASE("a key has eight names, people have an end, and what was stored stays") {
    People people;
    for (PersonId i = 1; i <= 8; ++i)
        CHECK(people.claim("n" + std::to_string(i), public_key(1)) == i);
    CHECK(people.claim("n9", public_key(1)).error() == ClaimError::too_many_names);
    CHECK(people.claim("n1", public_key(1)) == PersonId{1});
    people.take_new();
    people.restore({9, "n9", public_key(1)});
    CHECK(people.find("n9") == PersonId{9});
    CHECK(people.take_new().empty());
    for (std::size_t i = 10; i <= names_max; ++i) {
        Key32 bytes{};
        bytes[0] = static_cast<std::byte>(i);
        bytes[1] = static_cast<std::byte>(i >> 8);
        bytes[31] = std::byte{1};
        people.restore({static_cast<PersonId>(i), "x" + std::to_string(i), {bytes}});
    }
    CHECK(people.size() == names_max);
    CHECK(people.claim("late", public_key(3)).error() == ClaimError::registry_full);
    CHECK(people.claim("n1", public_key(1)) == PersonId{1});
}
