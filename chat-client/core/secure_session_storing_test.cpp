// SPDX-License-Identifier: MIT
#include "chat-client/core/secure_test_support.h"

using namespace chat;
using namespace chat::client;

TEST_CASE("what is said in a room goes there, and nowhere else") {
    SecureBench b;
    b.server.add_room(4, "dev");
    b.come_in();
    b.say("hi", "m1", "dev");
    CHECK(b.events() == Lines{"dev 1 own bob: hi", "accepted m1 as dev 1"});
    b.say("hi", "m2", "tea");
    b.wait(seconds(4));
    CHECK(b.events() == Lines{"error not_in_room m2"});
    b.say("hi", "m3", "tea");
    CHECK(b.events() == Lines{"error not_in_room m3"});
    b.say("hi", "m4", "two words");
    CHECK(b.events() == Lines{"error room_unusable m4"});
    CHECK(b.session.set_topic(b.now, "dev", "tea and\ncake"));
    b.drive();
    CHECK(b.events() == Lines{"dev 2 topic by bob: tea and cake", "accepted  as dev 2"});
    CHECK(b.session.set_topic(b.now, "dev", ""));
    b.drive();
    CHECK(b.server.rooms[4].topic.empty());
    b.session.take_events();
    CHECK(b.session.set_topic(b.now, "dev", std::string(256, 'x')));
    CHECK(b.events() == Lines{"error bad_input"});
    CHECK(b.session.waiting() == 0);
}

TEST_CASE("receipts: when figures change, and never before the message was accepted") {
    SecureBench b;
    b.come_in();
    const auto seen = [](std::uint64_t seq, std::uint32_t by, std::uint32_t of) {
        frame::Seen frame{1, 1, {}};
        frame.messages[0] = {seq, by, of};
        return frame;
    };
    b.server.stores = false;
    b.say("hi", "m");
    b.hear(seen(2, 0, 2));
    CHECK(b.events().empty());
    b.server.stores = true;
    b.wait(seconds(2));
    CHECK(b.events() == Lines{"2 own bob: hi", "accepted m as lobby 2", "2 seen by 0 of 2"});
    b.hear(seen(2, 0, 2));
    CHECK(b.events().empty());
    const auto late = b.server.seal(seen(2, 0, 2));
    b.hear(seen(2, 1, 2));
    b.hear(seen(2, 2, 2));
    b.deliver(late);
    CHECK(b.events() == Lines{"2 seen by 1 of 2", "2 seen by 2 of 2"});
    b.hear(seen(1, 2, 2));  // of an earlier visit
    CHECK(b.events() == Lines{"1 seen by 2 of 2"});
}

TEST_CASE("a server that cannot store: he is told once, and nothing is lost") {
    SecureBench b;
    b.come_in();
    b.server.can_store = false;
    b.hear(frame::Notice{});  // about nothing of ours
    CHECK(b.events().empty());
    b.say("one", "1");
    b.say("two", "2");
    b.wait(seconds(20));
    CHECK(b.events() == Lines{"error cannot_store"});
    CHECK(b.session.online());
    CHECK(b.session.waiting() == 2);
    b.server.can_store = true;
    b.wait(seconds(5));
    CHECK(b.events() == Lines{"2 own bob: one", "accepted 1 as lobby 2", "3 own bob: two",
                              "accepted 2 as lobby 3"});
    b.server.can_store = false;
    b.say("three", "3");
    CHECK(b.events() == Lines{"error cannot_store"});
}

TEST_CASE("a server that takes nobody in at present is asked again, with a reason shown") {
    SecureBench b;
    b.server.refuses = frame::CloseCode::unavailable;
    b.log_in();
    const std::string why =
        ": the server can store nothing at present, so it takes nobody in; it is asked again";
    CHECK(b.events() == Lines{"connecting", "connecting" + why});
    b.wait(seconds(100));
    CHECK(b.events().empty());  // the same again is not told again
    CHECK_FALSE(b.session.end());
    CHECK(b.server.requests.size() > 10);
    b.server.refuses.reset();
    b.wait(seconds(5));
    CHECK(b.session.online());
    b.session.take_events();
    b.hear(frame::Close{frame::CloseCode::unavailable, 1000});
    CHECK(b.events() == Lines{"reconnecting" + why});
    b.wait(seconds(3));
    CHECK(b.session.online());
}
