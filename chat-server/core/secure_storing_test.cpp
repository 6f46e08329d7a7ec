// SPDX-License-Identifier: MIT
// What members notice of a log that is slow, fails, forgets or is read with errors: nothing is
// accepted that is not stored, and nothing is lost.
#include "chat-server/core/limits.h"
#include "chat-server/core/test_support.h"

using namespace chat;
using namespace chat::server;

TEST_CASE("while nothing can be stored nothing is taken, its author is told, and reading goes on") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    b.say(bob, 1, "before");
    b.ack(bob);
    b.disk_full = true;
    b.say(bob, 2, "taken, but not stored");  // nobody knew then
    b.tries = 0;
    for (int i = 0; i < 50; ++i) {
        b.say(bob, 2, "taken, but not stored");
        b.say(bob, 3, "not taken");
        b.wait(milliseconds(100));
    }
    CHECK(b.tries >= 4);
    CHECK(b.tries <= 6);
    CHECK(bob.notices >= 4);
    CHECK(bob.notices <= 6);
    for (const auto& ack : bob.msg_acks)
        CHECK(ack.next_msg_id <= 2);
    CHECK(eve.lines() == Lines{"bob: before"});
    CHECK(eve.notices == 0);
    // What is there can be read.
    b.send(eve, frame::EntriesWanted{1, 1, 2, 0});
    CHECK(eve.entries.contains(1));
    b.send(eve, frame::MembersWanted{1, ""});
    CHECK(eve.members.back().second == Lines{"bob", "eve"});
    // Nobody new comes in, and is told when to ask again; who is here may bring another program.
    auto& tom = b.client("tom", 12);
    b.log_in(tom);
    CHECK_FALSE(tom.welcome);
    REQUIRE(tom.closes.size() == 1);
    CHECK(tom.closes[0].code == frame::CloseCode::unavailable);
    CHECK(tom.closes[0].wait_ms == 1000);
    auto& laptop = b.client("eve", 13);
    laptop.identity = eve.identity.copy();
    b.log_in(laptop);
    REQUIRE(laptop.welcome);
    CHECK(laptop.welcome->room == 1);
    CHECK(laptop.lines() == Lines{"bob: before"});
    b.send(laptop, frame::Join{frame::RoomKind::named, "new"});
    CHECK(laptop.notices == 1);
    CHECK(laptop.no_rooms.empty());
    CHECK(b.kept.lines(1) == Lines{"+bob", "+eve", "bob: before"});
    // There is space again, and it goes on by itself.
    b.disk_full = false;
    b.wait(seconds(1));
    CHECK(eve.lines().back() == "bob: taken, but not stored");
    CHECK(bob.msg_acks.back().next_msg_id == 3);
    b.say(bob, 3, "now");
    CHECK(bob.msg_acks.back().next_msg_id == 4);
    CHECK(b.join(laptop, "new") == 2);
    b.log_in(tom);
    CHECK(tom.welcome);
    CHECK(b.kept.lines(1) ==
          Lines{"+bob", "+eve", "bob: before", "bob: taken, but not stored", "bob: now", "+tom"});
}

TEST_CASE("who parts, goes and comes while nothing can be stored has his way afterwards") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    const RoomId dev = b.join(bob, "dev");
    b.disk_full = true;
    b.send(bob, frame::Part{dev});
    CHECK(bob.parted.empty());
    b.say(bob, 1, "x", dev);
    b.send(eve, frame::Close{frame::CloseCode::quit, 0});
    b.wait(seconds(3));
    CHECK(eve.closes.empty());
    b.send(bob, frame::Part{dev});
    b.disk_full = false;
    b.wait(seconds(2));
    CHECK(bob.parted == std::vector<RoomId>{dev});
    CHECK(eve.closes.size() == 1);
    CHECK(b.kept.lines(dev) == Lines{"+bob", "-bob"});
    CHECK(b.kept.lines(1) == Lines{"+bob", "+eve", "-eve"});
}

TEST_CASE("a restart while nothing could be stored takes nothing back that was accepted") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    b.say(bob, 1, "stored");
    b.disk_full = true;
    b.say(bob, 2, "lost with the process");
    b.restart();
    b.disk_full = false;
    bob.request = {.acked_msg_id = 1, .log_epoch = 77, .next_seq = bob.next_seq};
    b.log_in(bob);
    CHECK(bob.welcome->next_msg_id == 2);
    b.say(bob, 2, "sent again");
    CHECK(b.kept.lines(1) == Lines{"+bob", "bob: stored", "bob: sent again"});
}

TEST_CASE("a page that cannot be read is asked for again, once a second") {
    SecureBench b;
    auto& bob = b.client("bob", 10);
    for (std::size_t i = 0; i < tail_entries_max + 50; ++i)
        b.server->on_control(b.now, {ControlRequest::Kind::announce, 1, std::to_string(i)});
    b.server->take_control_replies();
    b.drive();
    bob.request.log_epoch = 77;
    bob.request.next_seq = 1;
    b.unreadable = true;
    b.log_in(bob);
    b.pages_read = 0;
    b.wait(seconds(10));
    CHECK(b.pages_read >= 9);
    CHECK(b.pages_read <= 11);
    CHECK(bob.entries.empty());
    CHECK_FALSE(b.server->idle());  // somebody waits for it
    b.unreadable = false;
    for (int i = 0; i < 500 && bob.next_seq < b.head(); ++i) {
        b.wait(milliseconds(50));
        b.ack(bob);
    }
    CHECK(bob.next_seq == b.head());
    CHECK(bob.gones.empty());
}

TEST_CASE("entries forgotten under somebody's feet are said to be gone") {
    BenchSettings settings;
    settings.log_entries_max = 50;
    SecureBench b(settings);
    auto& bob = b.member("bob", 10);
    b.ack(bob, 0);  // he takes nothing for now
    for (int i = 0; i < 200; ++i)
        b.announce(std::to_string(i));
    const Seq first_kept = b.server->chat().lobby().first_kept();
    CHECK(first_kept == b.head() - 50);
    bob.forget();
    b.ack(bob);
    for (int i = 0; i < 100 && bob.next_seq < b.head(); ++i) {
        b.wait(milliseconds(50));
        b.ack(bob);
    }
    REQUIRE(!bob.gones.empty());
    CHECK(bob.gones[0].from == 2);
    CHECK(bob.gones[0].to == first_kept - 1);
    CHECK(bob.next_seq == b.head());
    CHECK(b.counters().missed == first_kept - 2);
}
