// SPDX-License-Identifier: MIT
#include "chat-client/core/secure_test_support.h"

using namespace chat;
using namespace chat::client;

TEST_CASE("a conversation is begun by what is said in it, and blocks nothing else") {
    SecureBench b;
    b.come_in();
    b.server.stores = false;
    b.say("psst", "p", "@carol");
    b.say("and", "q", "@Carol");
    b.say("hello all", "a");
    CHECK(b.session.waiting() == 3);
    CHECK(b.heard("MSG") == Lines{"MSG 1 hello all"});
    b.server.stores = true;
    b.wait(seconds(3));
    CHECK(b.events() == Lines{"2 own bob: hello all", "accepted a as lobby 2",
                              "welcome bob to @carol, next 1", "@carol 1 own bob: psst",
                              "accepted p as @carol 1", "@carol 2 own bob: and",
                              "accepted q as @carol 2"});
    b.say("who?", "w", "@eve");
    CHECK(b.events() == Lines{"error nobody w"});
    CHECK(b.session.waiting() == 0);
    b.server.stores = false;
    b.say("wait for me", "z", "@Dave");
    b.quit();
    CHECK_FALSE(b.session.end());
    b.server.stores = true;
    b.wait(seconds(4));
    CHECK(b.session.end() == End::left);
    CHECK(b.server.rooms.rbegin()->second.log.back().text == "wait for me");
}

TEST_CASE("another of his programs joins, or somebody begins a conversation: it appears") {
    SecureBench b;
    b.come_in();
    auto& dev = b.server.add_room(4, "dev");
    dev.is_new = true;
    b.hear(dev.told(4));
    b.hear(dev.told(4));
    CHECK(b.events() == Lines{"welcome bob to dev, next 1", "members of dev: bob carol Dave"});
    b.hear(b.server.add_room(5, "carol", conversation).told(5));
    CHECK(b.events().empty());
    b.talk(5, 2);
    b.deliver_all(b.server.events(2, 2, 5));
    CHECK(b.events().empty());
    b.deliver_all(b.server.events(1, 1, 5));
    CHECK(b.events() ==
          Lines{"welcome bob to @carol, next 1 of 3", "@carol 1 carol: 1", "@carol 2 carol: 2"});
}

TEST_CASE("a conversation that is put away comes back with the next word") {
    SecureBench b;
    b.server.add_room(4, "carol", conversation);
    b.talk(4, 1);
    b.come_in();
    b.part("@carol");
    CHECK(b.events() == Lines{"left @carol"});
    CHECK(b.heard("PART").empty());
    b.talk(4, 1);
    b.deliver_all(b.server.events(2, 2, 4));
    CHECK(b.events() == Lines{"welcome bob to @carol, next 2 of 3", "@carol 2 carol: 2"});
    b.part("@carol");
    b.join("@carol");
    CHECK(b.events() == Lines{"left @carol", "welcome bob to @carol, next 3"});
}

TEST_CASE("a conversation as the room of --room is opened, beside the lobby") {
    SecureSessionConfig config = SecureBench::accept_new();
    config.room = "@carol";
    SecureBench b(config);
    b.session.say(b.now, {}, "hi", "m");
    b.log_in();
    b.wait(seconds(1));
    CHECK(b.server.requests.back().room_bytes == 0);
    const Lines events = b.events();
    CHECK(std::ranges::count(events, "welcome bob to @carol, next 1") == 1);
    CHECK(std::ranges::count(events, "accepted m as @carol 1") == 1);
}
