// SPDX-License-Identifier: MIT
// What programs look up: older entries, names, rooms, words.
#include "chat-server/core/limits.h"
#include "chat-server/core/test_support.h"

using namespace chat;
using namespace chat::server;

namespace {

using Places = std::vector<std::pair<RoomId, Seq>>;

Places places(const frame::Found& found) {
    Places all;
    for (const auto& place : std::span(found.places).first(found.count))
        all.emplace_back(place.room, place.seq);
    return all;
}

}  // namespace

TEST_CASE("a page of older entries comes on one question, as window and pace allow") {
    SecureBench b;
    announce_many(b, tail_entries_max + 1000, 200);
    auto& bob = b.member("bob", 10);
    b.ack(bob);
    b.wait(milliseconds(300));
    CHECK(bob.entries.empty());
    bob.forget();
    b.send(bob, frame::EntriesWanted{1, 300, 256, 0});
    const std::size_t at_once = bob.entries.size();
    CHECK(at_once > 0);
    CHECK(at_once < 100);
    for (int i = 0; i < 100 && bob.entries.size() < 256; ++i) {
        b.wait(milliseconds(50));
        b.send(bob, bob.pkt_ack());
    }
    CHECK(bob.entries.size() == 256);
    CHECK(bob.came.size() == 256);  // each once
    CHECK(bob.entries.begin()->first == 300);
    CHECK(bob.entries.rbegin()->first == 555);
    // It moves no cursor, and what is new comes as ever.
    b.announce("new");
    CHECK(bob.came.back() == b.head() - 1);
    b.wait(seconds(30));
    CHECK(b.server->chat().find_seat(1, 1)->next == b.head() - 1);
}

TEST_CASE("news go before history, and an older question before a newer one") {
    SecureBench b;
    announce_many(b, 600, 1000);
    auto& bob = b.member("bob", 10);
    b.ack(bob);
    b.wait(milliseconds(300));
    b.ack(bob);
    b.hold = true;
    b.send(bob, frame::EntriesWanted{1, 300, 200, 0});
    b.server->on_control(b.now, {ControlRequest::Kind::announce, 1, "new"});
    b.hold = false;
    bob.forget();
    b.drive();
    REQUIRE(!bob.came.empty());
    CHECK(bob.came[0] == b.head() - 1);
    b.send(bob, frame::EntriesWanted{1, 5, 200, 0});
    for (int i = 0; i < 200; ++i) {
        b.wait(milliseconds(50));
        b.ack(bob);
    }
    std::erase(bob.came, b.head() - 1);
    std::vector<Seq> expected;
    for (Seq seq = 300; seq < 500; ++seq)
        expected.push_back(seq);
    for (Seq seq = 5; seq < 205; ++seq)
        expected.push_back(seq);
    CHECK(bob.came == expected);
}

TEST_CASE("many places of a long history come on one question each, packed and each once") {
    SecureBench b;
    announce_many(b, tail_entries_max + 1000, 100);
    auto& bob = b.member("bob", 10);
    const RoomId dev = b.join(bob, "dev");
    b.say(bob, 1, "in another room", dev);
    b.ack(bob);
    b.wait(milliseconds(300));
    bob.forget();
    // Of two rooms, and of the log's oldest and newest part.
    Plaintext questions;
    std::vector<Seq> expected;
    for (Seq seq = 5; expected.size() < wanted_ranges_max - 1; seq += 30) {
        questions << frame::EntriesWanted{1, seq, 1, 0};
        expected.push_back(seq);
    }
    questions << frame::EntriesWanted{dev, 1, 2, 0};
    const auto pages = b.pages_read;
    b.send(bob, questions);
    for (int i = 0; i < 3; ++i) {
        b.wait(milliseconds(50));
        b.ack(bob);
    }
    CHECK(bob.came == expected);
    CHECK(bob.rooms[dev].entries.size() == 2);
    CHECK(b.pages_read - pages < expected.size());  // some places share a page
}

TEST_CASE("who asks for more than is kept for him is sent that, and asks for the rest again") {
    SecureBench b;
    announce_many(b, 1000, 1000);
    auto& bob = b.member("bob", 10);
    b.ack(bob);
    b.wait(milliseconds(300));
    bob.forget();
    const auto ask = [&](Seq first) {
        Plaintext questions;
        for (Seq i = 0; i < wanted_ranges_max; ++i) {
            if (!bob.entries.contains(first + 2 * i)) {
                questions << frame::EntriesWanted{1, first + 2 * i, 1, 0};
            }
        }
        b.send(bob, questions);
    };
    const auto too_fast = b.counters().too_fast;
    ask(1);
    CHECK(b.counters().too_fast == too_fast);
    CHECK(bob.came.size() < 20);  // the others wait for the window
    for (int i = 0; i < 5; ++i)
        ask(501);
    CHECK(b.counters().too_fast > too_fast + 4 * 40);
    const auto take_all = [&] {
        for (int i = 0; i < 30; ++i) {
            b.wait(milliseconds(50));
            b.ack(bob);
        }
    };
    take_all();
    // The earlier ones came all the same.
    for (Seq i = 0; i < wanted_ranges_max; ++i)
        CHECK(bob.entries.contains(1 + 2 * i));
    CHECK(bob.came.size() < 2 * wanted_ranges_max);
    ask(501);
    take_all();
    CHECK(bob.came.size() == 2 * wanted_ranges_max);
    CHECK(bob.entries.size() == 2 * wanted_ranges_max);
}

TEST_CASE("nothing more comes of a room that was left, whatever was asked for there") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    const RoomId dev = b.join(bob, "dev");
    for (std::uint64_t id = 1; id <= 60; ++id)
        b.say(bob, id, std::string(1000, 'x'), dev);
    b.ack(bob);
    b.wait(milliseconds(300));
    bob.forget();
    Plaintext questions;
    for (Seq seq = 2; seq < 60; seq += 2)
        questions << frame::EntriesWanted{dev, seq, 1, 0};
    questions << frame::EntriesWanted{1, 1, 1, 0};
    b.send(bob, questions);
    const auto came = bob.rooms[dev].came.size();
    CHECK(came < 29);
    bob.forget();
    b.send(bob, frame::Part{dev});
    for (int i = 0; i < 30; ++i) {
        b.wait(milliseconds(50));
        b.ack(bob);
    }
    CHECK(bob.rooms[dev].came.empty());
    CHECK(bob.came == std::vector<Seq>{1});
}

TEST_CASE(
    "of history, too, a lost part alone is sent, gone entries are said to be, new ones wait") {
    BenchSettings settings;
    settings.log_entries_max = 20;
    SecureBench b(settings);
    announce_many(b, 49);
    announce_many(b, 1, 3000);  // 50, of three parts
    announce_many(b, 10);
    auto& bob = b.member("bob", 10);  // 61
    b.ack(bob);
    bob.forget();
    b.send(bob, frame::EntriesWanted{1, 30, 256, 0});
    b.wait(seconds(1));
    REQUIRE(bob.gones.size() == 1);
    CHECK(bob.gones[0].from == 30);
    CHECK(bob.gones[0].to == 41);
    CHECK(bob.entries.begin()->first == 42);
    CHECK(bob.entries.rbegin()->first == 61);
    CHECK(bob.entries.size() == 20);
    CHECK(b.counters().missed == 0);
    b.ack(bob);
    bob.forget();
    b.send(bob, frame::EntriesWanted{1, 50, 1, 0b101});
    CHECK(bob.came == std::vector<Seq>{50});
    b.send(bob, frame::EntriesWanted{1, 62, 10, 0});
    b.send(bob, frame::EntriesWanted{1, (Seq{1} << 60) - 1, 1, 0});
    b.wait(seconds(1));
    CHECK(bob.came.size() == 1);
}

TEST_CASE(
    "all that is gone is said at once, whatever credit there is, in history and to the late") {
    BenchSettings settings;
    settings.log_entries_max = 20;
    SecureBench b(settings);
    announce_many(b, 3000);
    auto& bob = b.client("bob", 10);
    bob.states = false;
    b.log_in(bob);
    const Seq first_kept = b.head() - 20;
    const auto told = [&] {
        REQUIRE(bob.gones.size() == 1);
        CHECK(bob.gones[0].to == first_kept - 1);
        return bob.gones[0].from;
    };
    // He was away since number 7, and has place for ten.
    bob.forget();
    b.send(bob, frame::RoomAck{1, 7, 10, 0, {}});
    CHECK(told() == 7);
    CHECK(bob.came.empty());
    CHECK(b.counters().missed == first_kept - 7);
    b.send(bob, frame::RoomAck{1, first_kept, 1000, 0, {}});
    CHECK(bob.came.front() == first_kept);
    CHECK(bob.came.size() == 20);
    bob.forget();
    b.send(bob, frame::EntriesWanted{1, 100, 5, 0});
    CHECK(told() == 100);
    b.ack(bob);
    b.wait(seconds(5));
    CHECK(bob.gones.size() == 1);
}

TEST_CASE("who is in a room is listed by name, whether it is large or small") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    const IpAddress here = IpAddress::v4(127, 0, 0, 1);
    for (std::uint16_t i = 0; i < 50; ++i)
        b.arrive(at(static_cast<std::uint16_t>(1000 + i), here), "L u" + std::to_string(100 + i));
    auto& eve = b.member("Eve", 11);
    auto& tom = b.member("tom", 12);
    const RoomId dev = b.join(bob, "dev");
    for (auto* who : {&tom, &eve})
        b.join(*who, "dev");
    b.send(bob, frame::MembersWanted{dev, ""});
    REQUIRE(bob.members.size() == 1);
    CHECK(bob.members[0].second == Lines{"bob", "Eve", "tom"});
    CHECK(bob.members[0].first.last);
    CHECK(bob.members[0].first.as_of == 4);
    b.send(eve, frame::Close{frame::CloseCode::quit, 0});
    Plaintext both;
    both << frame::MembersWanted{dev, "BOB"} << frame::MembersWanted{1, "u148"};
    b.send(bob, both);
    REQUIRE(bob.members.size() == 3);
    CHECK(bob.members[1].second == Lines{"tom"});
    CHECK(bob.members[2].second == Lines{"~u149"});
    // One of few who are here at all.
    for (std::uint16_t i = 0; i < 50; ++i)
        b.arrive(at(static_cast<std::uint16_t>(1000 + i), here), "Q u" + std::to_string(100 + i));
    b.send(bob, frame::MembersWanted{dev, ""});
    CHECK(bob.members.back().second == Lines{"bob", "tom"});
}

TEST_CASE("rooms are listed page by page with how many are there") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    const RoomId dev = b.join(eve, "dev");
    b.join(bob, "Cats");
    b.join(eve, "bob", frame::RoomKind::conversation);
    const std::string topic = "小" + std::string(100, 'x');
    b.send(eve, frame::Msg{dev, 1, frame::MsgKind::topic, 0, 1, topic});
    b.send(bob, frame::RoomsWanted{""});
    REQUIRE(bob.room_lists.size() == 1);
    CHECK(bob.room_lists[0].second ==
          Lines{"+Cats 1 ", "dev 1 " + topic.substr(0, 80), "+lobby 2 "});
    CHECK(bob.room_lists[0].first.last);
    b.wait(seconds(60));
    for (int i = 0; i < 40; ++i) {
        bob.request = {};
        b.join(bob, "a-room-with-a-long-name-" + std::to_string(100 + i));
        b.wait(seconds(2));
        b.ack(bob);
    }
    std::size_t listed = 0;
    std::string after;
    for (int page = 0; page < 10; ++page) {
        bob.forget();
        b.send(bob, frame::RoomsWanted{after});
        b.wait(seconds(1));
        REQUIRE(bob.room_lists.size() == 1);
        const auto& [rooms, lines] = bob.room_lists[0];
        listed += lines.size();
        if (rooms.last) break;
        after = lines.back().substr(1, lines.back().find(' ') - 1);
    }
    CHECK(listed == 43);
}

TEST_CASE("words are found in one's own rooms, and each question has its answer") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    const RoomId dev = b.join(bob, "dev");
    const RoomId hers = b.join(eve, "hers");
    b.say(bob, 1, "red apple");
    b.say(bob, 2, "green apple", dev);
    b.say(eve, 1, "her apple", hers);
    b.say(bob, 3, "no fruit");
    b.send(bob, frame::Search{1, 0, 0, "apple"});
    REQUIRE(bob.found.size() == 1);
    CHECK(bob.found[0].id == 1);
    CHECK_FALSE(bob.found[0].more);
    CHECK(places(bob.found[0]).size() == 2);
    b.send(bob, frame::Search{2, dev, 0, "apple"});
    CHECK(places(bob.found.back()) == Places{{dev, 2}});
    b.send(bob, frame::Search{3, 1, 3, "apple"});
    CHECK(places(bob.found.back()).empty());
    // The same again, because the answer got lost.
    b.send(bob, frame::Search{2, dev, 0, "apple"});
    CHECK(bob.found.back().id == 2);
    CHECK(bob.found.size() == 4);
    // A newer question ends an older one that waits; the same one is asked once.
    b.wait(seconds(10));
    bob.forget();
    b.searches = false;
    b.send(bob, frame::Search{5, 0, 0, "red"});
    b.send(bob, frame::Search{5, 0, 0, "red"});
    b.send(bob, frame::Search{6, 0, 0, "green"});
    b.send(bob, frame::Search{6, 0, 0, "green"});
    CHECK(bob.found.empty());
    b.send(bob, frame::Part{dev});  // and what he may not see any more is left out
    b.searches = true;
    b.drive();
    REQUIRE(bob.found.size() == 1);
    CHECK(bob.found[0].id == 6);
    CHECK(bob.found[0].count == 0);
    // Who has gone gets no answer, and who asks too much none at once.
    b.searches = false;
    b.send(eve, frame::Search{1, 0, 0, "apple"});
    b.send(eve, frame::Close{frame::CloseCode::quit, 0});
    b.searches = true;
    b.drive();
    CHECK(eve.found.empty());
    b.wait(seconds(10));
    bob.forget();
    const auto too_fast = b.counters().too_fast;
    for (std::uint32_t id = 100; id < 200; ++id)
        b.send(bob, frame::Search{id, 0, 0, "apple"});
    CHECK(bob.found.size() == static_cast<std::size_t>(search_rate.burst));
    CHECK(b.counters().too_fast == too_fast + 100 - static_cast<std::uint64_t>(search_rate.burst));
}

TEST_CASE("a question does not wait for changes that are being gathered") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    const Chat& chat = b.server->chat();
    const auto asks = [&](const auto& question, bool hurries) {
        b.hold = true;
        b.say(bob, bob.msg_acks.empty() ? 1 : bob.msg_acks.back().next_msg_id, "x");
        CHECK(chat.has_changes());
        CHECK_FALSE(chat.hurried());
        b.send(bob, question);
        CHECK(chat.hurried() == hurries);
        b.hold = false;
        b.drive();
        CHECK_FALSE(chat.hurried());
        b.wait(seconds(1));
    };
    b.send(bob, frame::RoomsWanted{""});
    CHECK_FALSE(chat.hurried());  // nothing is gathered
    asks(frame::RoomsWanted{""}, true);
    asks(frame::MembersWanted{1, ""}, true);
    asks(frame::Search{1, 0, 0, "x"}, true);
    asks(frame::EntriesWanted{1, 1, 1, 0}, false);
}
