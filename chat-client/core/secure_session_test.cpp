// SPDX-License-Identifier: MIT
#include "chat-client/core/secure_test_support.h"

using namespace chat;
using namespace chat::client;

TEST_CASE("coming in: welcome, online, who is here, and then entries in order") {
    SecureBench b;
    b.server.append("carol", "before");
    CHECK(b.session.wants_name());
    b.log_in("bob");
    CHECK(b.session.online());
    CHECK_FALSE(b.session.never_reached());
    CHECK(b.events() == Lines{"connecting", "online", "welcome bob to lobby, next 3",
                              "members of lobby: bob carol Dave"});
    CHECK(b.trusted == b.server.identity.public_key);
    b.server.append("carol", "hello");
    b.server.append({frame::EntryKind::join, "eve", "", 0});
    b.server.append({frame::EntryKind::leave, "eve", "", 0});
    b.server.append({frame::EntryKind::announcement, "", "soon", 0});
    b.server.append({frame::EntryKind::message, "BOB", "not me", frame::flag_unverified});
    b.server.append("Bob", "me");
    b.deliver_all(b.server.events(3, 8));
    CHECK(b.events() == Lines{"3 carol: hello", "4 + eve", "5 - eve", "6 ! soon", "7 ~BOB: not me",
                              "8 own Bob: me"});
}

TEST_CASE("what is said is stored once, accepted, and shown as one's own") {
    SecureBench b;
    b.come_in();
    b.say("hi", "m1");
    CHECK(b.events() == Lines{"2 own bob: hi", "accepted m1 as lobby 2"});
    CHECK(b.session.waiting() == 0);
    b.say("two\r\nlines\n\n", "m2");
    CHECK(b.events() == Lines{"3 own bob: two\nlines", "accepted m2 as lobby 3"});
    b.say("refuse me", "m3");
    CHECK(b.events() == Lines{"error bad_input m3"});
    b.say("\n \x01", "m4");
    b.say("\n", "m5");
    CHECK(b.events().back() == "error bad_input m5");
    const std::string text(8192, 'x');
    b.say(text, "long");
    b.wait(seconds(1));
    const auto& stored = b.server.log.back();
    CHECK(stored.text == text);
    CHECK(b.events().size() == 2);
}

TEST_CASE("with a third of all datagrams lost everything comes through, once and in order") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        SecureBench b(SecureBench::accept_new(), seed);
        b.session.set_gives_up(false);
        std::mt19937_64 dice(seed);
        const auto thinned = [&dice](Datagram&) { return dice() % 3 != 0; };
        b.to_server = b.to_client = thinned;
        b.session.log_in(b.now, "bob");
        b.drive();
        b.wait(seconds(20));
        REQUIRE(b.session.online());
        for (int i = 0; i < 60; ++i) {
            std::string text = std::to_string(i);
            if (i % 7 == 0) text += std::string(3000, '.');
            b.say(text, std::to_string(i));
            b.server.append("carol", "between " + std::to_string(i));
            b.deliver_all(b.server.events(b.server.log.size(), b.server.log.size()));
            b.wait(milliseconds(100));
        }
        b.wait(seconds(30));
        b.mend();
        b.wait(seconds(30));
        CHECK(b.session.waiting() == 0);
        std::uint64_t next = 0;
        int own = 0;
        int accepted = 0;
        for (const auto& event : b.session.take_events()) {
            const auto text = std::visit([](const auto& e) { return line(e); }, event);
            if (const auto* welcome = std::get_if<Welcome>(&event)) next = welcome->next;
            if (const auto* message = std::get_if<Message>(&event)) {
                REQUIRE(message->seq == next);
                ++next;
                if (message->own) {
                    CHECK(message->text.starts_with(std::to_string(own)));
                    ++own;
                }
            }
            if (std::holds_alternative<Joined>(event)) ++next;
            if (const auto* a = std::get_if<Accepted>(&event)) {
                CHECK(a->id == std::to_string(accepted));
                ++accepted;
            }
            CHECK_FALSE(text.starts_with("error"));
        }
        CHECK(own == 60);
        CHECK(accepted == 60);
        CHECK(next == b.server.log.size() + 1);
    }
}
