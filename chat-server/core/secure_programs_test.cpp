// SPDX-License-Identifier: MIT
// Several programs of one person: one name, one visit, and each hears everything; and who of the
// others has seen what he said.
#include "chat-server/core/limits.h"
#include "chat-server/core/test_support.h"

using namespace chat;
using namespace chat::server;

namespace {

// One more program of the same person.
TestClient& another(SecureBench& b, const TestClient& first, std::uint16_t port) {
    auto& more = b.client(first.name, port);
    more.identity = first.identity.copy();
    b.log_in(more);
    REQUIRE(more.welcome);
    return more;
}

std::string seen(TestClient& who, Seq seq, RoomId room = 1) {
    const auto found = who.rooms[room].seen.find(seq);
    if (found == who.rooms[room].seen.end()) return "";
    return std::to_string(found->second.seen) + "/" + std::to_string(found->second.of);
}

}  // namespace

TEST_CASE("two programs of one person are one member, and both hear everything") {
    SecureBench b;
    auto& desk = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    b.say(desk, 1, "a");
    b.ack(desk);
    const Seq head = b.head();
    auto& laptop = another(b, desk, 12);
    CHECK(laptop.welcome->next_msg_id == 1);
    CHECK(laptop.welcome->flags == 0);
    CHECK(laptop.lobby.room->next_seq == head);
    CHECK(laptop.lobby.room->flags == 0);
    CHECK(b.head() == head);  // no entry
    CHECK(b.server->chat().roster().size() == 2);
    b.say(laptop, 1, "from the laptop");
    b.say(desk, 2, "from the desk");
    b.wait(milliseconds(5));  // for the pace
    for (auto* who : {&desk, &laptop, &eve}) {
        const Lines all = who->lines();
        CHECK(Lines(all.end() - 2, all.end()) ==
              Lines{"bob: from the laptop", "bob: from the desk"});
    }
    REQUIRE(laptop.msg_acks.size() == 1);  // each hears of its own messages
    CHECK(laptop.msg_acks[0].results[0].seq == head);
    CHECK(desk.msg_acks.back().next_msg_id == 3);
    // Rooms are the person's: what one joins, opens or parts from, the other does.
    const RoomId dev = b.join(desk, "dev");
    REQUIRE(dev == 2);
    CHECK(laptop.rooms[dev].name == "dev");
    CHECK(laptop.rooms[dev].room->flags == frame::room_is_new_to_him);
    const RoomId talk = b.join(eve, "bob", frame::RoomKind::conversation);
    CHECK(laptop.rooms[talk].name == "eve");
    CHECK(desk.rooms[talk].name == "eve");
    b.send(laptop, frame::Part{dev});
    CHECK(desk.parted == std::vector<RoomId>{dev});
    CHECK(laptop.parted == std::vector<RoomId>{dev});
    CHECK(b.kept.lines(dev) == Lines{"+bob", "-bob"});
    // A third one begins where the person is by now, in all of his rooms.
    b.ack(laptop);
    auto& third = another(b, desk, 13);
    CHECK(third.lobby.room->next_seq == b.head());
    CHECK(third.rooms.contains(talk));
    CHECK_FALSE(third.rooms.contains(dev));
}

TEST_CASE("a member has left with the last of his programs") {
    SecureBench b;
    auto& desk = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    auto& laptop = another(b, desk, 12);
    b.send(desk, frame::Close{frame::CloseCode::quit, 0});
    CHECK(codes(desk) == Codes{frame::CloseCode::quit});
    CHECK(eve.lines().empty());
    b.send(desk, frame::Ping{});
    CHECK(desk.closes.size() == 2);
    b.say(laptop, 1, "still here");
    CHECK(eve.lines() == Lines{"bob: still here"});
    CHECK(desk.lines() == Lines{"+eve"});
    b.send(laptop, frame::Close{frame::CloseCode::quit, 0});
    CHECK(codes(laptop) == Codes{frame::CloseCode::quit});
    CHECK(eve.lines() == Lines{"bob: still here", "-bob"});
    b.wait(seconds(10));
    CHECK(b.server->chat().lobby().present() == 1);
    CHECK(b.server->secure().members() == 1);
}

TEST_CASE("a program that is silent ends alone, a kick ends them all") {
    SecureBench b;
    auto& desk = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    auto& laptop = another(b, desk, 12);
    for (int i = 0; i < 8; ++i) {
        b.wait(seconds(25));
        b.send(laptop, frame::Ping{});
        b.send(eve, frame::Ping{});
    }
    CHECK(desk.closes.empty());
    b.say(laptop, 1, "alone");
    CHECK(eve.lines() == Lines{"bob: alone"});
    CHECK(desk.lines() == Lines{"+eve"});
    auto& third = another(b, desk, 13);
    CHECK(b.command("kick bob") == "bob was removed from the room");
    CHECK(codes(laptop) == Codes{frame::CloseCode::kicked});
    CHECK(codes(third) == Codes{frame::CloseCode::kicked});
    CHECK(eve.lines() == Lines{"bob: alone", "-bob"});
    // What he says between the kick and its entry counts for nothing, now and later.
    ++third.epoch;
    b.log_in(third);
    b.commits = false;
    b.command("kick bob");
    b.say(third, 1, "unheard");
    b.commits = true;
    b.drive();
    b.log_in(third);
    CHECK(third.welcome->next_msg_id == 1);
    b.say(third, 1, "heard");
    CHECK(eve.lines().back() == "bob: heard");
}

TEST_CASE("eight programs at a time, and then the one that was silent longest ends") {
    SecureBench b;
    auto& first = b.member("bob", 10);
    std::vector<TestClient*> all{&first};
    for (std::uint16_t i = 1; i < programs_per_member_max; ++i) {
        b.wait(seconds(1));
        all.push_back(&another(b, first, static_cast<std::uint16_t>(10 + i)));
    }
    b.wait(seconds(1));
    b.send(first, frame::Ping{});
    auto& ninth = another(b, first, 30);
    for (std::size_t i = 0; i < all.size(); ++i)
        CHECK(codes(*all[i]) == (i == 1 ? Codes{frame::CloseCode::replaced} : Codes{}));
    CHECK(b.counters().takeovers == 1);
    b.say(ninth, 1, "x");
    CHECK(all[1]->lines().empty());
    CHECK(all[2]->lines() == Lines{"bob: x"});
    CHECK(b.kept.lines(1) == Lines{"+bob", "bob: x"});
    // The one that ended is not forgotten.
    b.log_in(*all[1]);
    CHECK(all[1]->welcome->flags == frame::welcome_epoch_known);
}

TEST_CASE("the author learns how many have seen it, on each of his programs") {
    SecureBench b;
    auto& desk = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    auto& tom = b.member("tom", 12);
    auto& laptop = another(b, desk, 13);
    for (auto* who : {&desk, &eve, &tom, &laptop})
        b.ack(*who);
    b.say(desk, 1, "hello");
    const Seq seq = b.head() - 1;
    b.wait(seconds(2));
    b.ack(eve);
    b.wait(seconds(2));
    CHECK(seen(desk, seq) == "1/2");
    CHECK(seen(laptop, seq) == "1/2");
    CHECK(eve.seens == 0);
    b.ack(tom);
    b.wait(seconds(2));
    CHECK(seen(desk, seq) == "2/2");
    b.ack(desk);
    b.ack(laptop);
    b.wait(seconds(20));
    const auto quiet = desk.datagrams;
    b.wait(seconds(5));
    CHECK(desk.datagrams == quiet);
}

TEST_CASE("what got lost of who has seen what is said again") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    b.ack(bob);
    b.ack(eve);
    b.say(bob, 1, "hello");
    const Seq seq = b.head() - 1;
    b.wait(seconds(2));
    b.ack(bob);
    bob.deaf = true;
    b.ack(eve);
    b.wait(milliseconds(1200));
    CHECK(seen(bob, seq) != "1/1");
    bob.deaf = false;
    b.wait(seconds(5));
    CHECK(seen(bob, seq) == "1/1");
    for (int i = 0; i < 10; ++i) {  // what got lost is known once more has come
        b.ack(bob);
        b.wait(seconds(1));
    }
    const auto seens = bob.seens;
    b.wait(seconds(10));
    CHECK(bob.seens == seens);
}

TEST_CASE("a new program is told how many have seen the last messages") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    b.ack(bob);
    b.ack(eve);
    b.wait(milliseconds(5));  // for the pace
    b.say(bob, 1, "one");
    b.ack(eve);
    b.say(bob, 2, "two");
    b.wait(seconds(2));
    auto& again = another(b, bob, 12);
    b.wait(milliseconds(500));
    CHECK(seen(again, b.head() - 2) == "1/1");
    CHECK(seen(again, b.head() - 1) == "0/1");
    CHECK(eve.seens == 0);
}
