// SPDX-License-Identifier: MIT
#include "chat-client/core/secure_test_support.h"

using namespace chat;
using namespace chat::client;

TEST_CASE("joining: made if need be, asked for until it is answered, and refused with a reason") {
    SecureBench b;
    b.come_in();
    b.to_client = SecureBench::nothing;
    b.join("dev");
    b.wait(seconds(3));
    CHECK(b.heard("JOIN").size() >= 3);
    b.mend();
    b.wait(seconds(3));
    CHECK(b.events() == Lines{"welcome bob to dev, next 2", "members of dev: bob carol Dave"});
    CHECK(b.heard("JOIN").size() <= 2);
    b.join("DEV");  // it is ours already
    CHECK(b.events() == Lines{"welcome bob to dev, next 2", "members of dev: bob carol Dave"});
    CHECK(b.heard("JOIN").empty());

    b.join("two words");
    b.join("@");
    b.join("@eve");
    CHECK(b.events() == Lines{"error room_unusable", "error nobody", "error nobody"});
    b.server.no_room = frame::NoRoomCode::too_many;
    b.join("more");
    b.server.no_room = frame::NoRoomCode::unusable_name;
    b.join("管理员");
    b.server.no_room = frame::NoRoomCode::not_now;
    b.join("again");
    CHECK(b.events() == Lines{"error too_many_rooms", "error room_unusable", "error not_now"});
    b.wait(seconds(10));
    CHECK(b.heard("JOIN").size() == 4);
}

TEST_CASE("what is said right after asking for a room waits for it") {
    SecureBench b;
    b.session.join(b.now, "dev");
    b.session.say(b.now, "dev", "typed ahead", "m");
    b.log_in();
    b.wait(seconds(1));
    const Lines events = b.events();
    CHECK(std::ranges::count(events, "dev 2 own bob: typed ahead") == 1);
    CHECK(std::ranges::count(events, "accepted m as dev 2") == 1);
}

TEST_CASE("parting is asked for until the server has said it, and then nothing comes any more") {
    SecureBench b;
    b.server.add_room(4, "dev");
    b.come_in();
    b.to_server = SecureBench::nothing;
    b.part("dev");
    b.wait(seconds(2));
    CHECK(b.events().empty());
    b.mend();
    b.server.sends_entries = false;
    b.wait(seconds(3));
    CHECK(b.events() == Lines{"left dev"});
    const auto parts = b.heard("PART 4").size();
    CHECK(parts >= 1);
    b.talk(4, 3);
    b.deliver_all(b.server.events(1, 4, 4));
    b.say("hi", "m", "dev");
    CHECK(b.events() == Lines{"error not_in_room m"});
    b.wait(seconds(10));
    CHECK(b.heard("PART 4").empty());
    b.part("dev");
    b.part("nowhere");
    CHECK(b.events() == Lines{"error not_in_room", "error not_in_room"});
    // In again, from his new join on.
    b.join("dev");
    CHECK(b.events() == Lines{"welcome bob to dev, next 6", "members of dev: bob carol Dave"});
    // Parted elsewhere, which is not heard: whatever is said there shows it.
    b.server.rooms[4].his = false;
    b.say("hi", "n", "dev");
    b.wait(seconds(1));
    CHECK(b.events() == Lines{"error not_in_room n", "left dev"});
}

TEST_CASE("late PARTED and ROOM do not undo what came after them") {
    SecureBench b;
    auto& dev = b.server.add_room(4, "dev");
    b.come_in();
    const auto old_room = b.server.seal(dev.told(4));
    b.part("dev");
    CHECK(b.events() == Lines{"left dev"});
    const auto old_parted = b.server.seal(frame::Parted{4});
    b.deliver(old_room);
    CHECK(b.events().empty());
    b.join("dev");
    CHECK(b.events().front() == "welcome bob to dev, next 3");
    b.deliver(old_parted);
    CHECK(b.events().empty());
    CHECK(b.heard("ROOM_ACK in 4").size() >= 1);
}

TEST_CASE("joining and parting in one breath end as they were asked for last") {
    SecureBench b;
    b.server.add_room(4, "dev");
    b.come_in();
    b.session.part(b.now, "dev");
    b.session.join(b.now, "dev");
    b.drive();
    CHECK(b.events() ==
          Lines{"left dev", "welcome bob to dev, next 3", "members of dev: bob carol Dave"});
    b.session.join(b.now, "tea");
    b.session.say(b.now, "tea", "never", "m");
    b.session.part(b.now, "tea");
    b.drive();
    CHECK(b.events() == Lines{"error not_in_room m", "left tea"});
    CHECK_FALSE(b.server.rooms.rbegin()->second.his);
}

TEST_CASE("who has left the landing room is not put there again while he is in another") {
    SecureBench b;
    b.server.add_room(4, "dev");
    b.come_in();
    b.part("lobby");
    CHECK(b.events() == Lines{"left lobby"});
    b.say("hi", "m");
    CHECK(b.events() == Lines{"error not_in_room m"});
    b.session.on_refused(b.now);
    b.drive();
    CHECK(b.session.online());
    const auto& request = b.server.requests.back();
    CHECK(std::string(request.room.data(), request.room_bytes) == "dev");
    CHECK(request.next_seq == 1);
    b.wait(seconds(5));
    CHECK(b.events() == Lines{"reconnecting: nobody answers at the server's address", "online"});
    CHECK_FALSE(b.server.rooms[1].his);
    // Everybody is in one at least.
    b.part("dev");
    b.session.on_refused(b.now);
    b.drive();
    b.wait(seconds(1));
    CHECK(b.events() == Lines{"left dev", "reconnecting: nobody answers at the server's address",
                              "online", "welcome bob to lobby, next 4",
                              "members of lobby: bob carol Dave"});
    b.say("back", "n");
    CHECK(b.events().back() == "accepted n as lobby 4");
}

TEST_CASE("rooms are asked for one at a time") {
    SecureBench b;
    b.come_in();
    b.server.stores = false;
    for (const auto* room : {"zoo", "ada", "dev"})
        b.join(room);
    b.wait(seconds(2));
    for (const auto& each : b.heard("JOIN"))
        CHECK(each == "JOIN 1 zoo");
    b.server.stores = true;
    b.wait(seconds(4));
    Lines events = b.events();
    std::erase_if(events, [](const auto& each) { return !each.starts_with("welcome"); });
    CHECK(events == Lines{"welcome bob to zoo, next 2", "welcome bob to ada, next 2",
                          "welcome bob to dev, next 2"});
}

TEST_CASE("a landing room that can't be had is said, and the others are there") {
    SecureSessionConfig config = SecureBench::accept_new();
    config.room = "管理员";
    SecureBench b(config);
    b.server.add_room(4, "dev");
    b.server.no_room = frame::NoRoomCode::unusable_name;
    b.session.say(b.now, {}, "typed ahead", "m");
    b.log_in();
    CHECK(b.session.online());
    b.wait(seconds(5));
    CHECK(b.events() == Lines{"connecting", "online", "error room_unusable m",
                              "welcome bob to lobby, next 1", "welcome bob to dev, next 1",
                              "members of lobby: bob carol Dave",
                              "members of dev: bob carol Dave"});
}
