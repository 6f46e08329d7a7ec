// SPDX-License-Identifier: MIT
#include "chat-client/core/secure_test_support.h"

using namespace chat;
using namespace chat::client;

namespace {

constexpr auto restarted = "reconnecting: the server was started again";

// What came out of a room: each number once, ascending, without a gap.
void check_in_order(const std::vector<Event>& events, const std::string& room, std::uint64_t first,
                    std::uint64_t end) {
    std::uint64_t next = first;
    for (const auto& event : events) {
        if (room_of(event) != room) continue;
        CHECK_FALSE(std::holds_alternative<Gap>(event));
        const auto* message = std::get_if<Message>(&event);
        const auto* joined = std::get_if<Joined>(&event);
        const auto* left = std::get_if<Left>(&event);
        if (!message && !joined && !left) continue;
        CHECK((message ? message->seq : joined ? joined->seq : left->seq) == next);
        ++next;
    }
    CHECK(next == end);
}

}  // namespace

TEST_CASE("all of his rooms come by themselves, each with what was missed there") {
    SecureBench b;
    b.server.add_room(4, "dev").cursor = 3;
    b.server.add_room(9, "carol", conversation).cursor = 1;
    b.server.add_room(11, "Dave", conversation);  // nothing was said in it yet
    b.talk(4, 4);
    b.talk(9, 1);
    b.log_in();
    b.wait(seconds(1));
    const Lines events = b.events();
    CHECK(events == Lines{"connecting", "online", "welcome bob to lobby, next 2",
                          "welcome bob to dev, next 3 of 5", "welcome bob to @carol, next 1 of 2",
                          "members of lobby: bob carol Dave", "dev 3 carol: 3", "dev 4 carol: 4",
                          "@carol 1 carol: 1", "members of dev: bob carol Dave"});
    b.wait(seconds(30));
    CHECK(b.heard("ROOM_ACK in 4 5 credit").size() >= 1);
    CHECK(b.server.members.back().owed.empty());
    CHECK(b.events().empty());
    // The first word in a conversation is when it is heard of.
    b.talk(11, 1);
    b.deliver_all(b.server.events(1, 1, 11));
    CHECK(b.events() == Lines{"welcome bob to @Dave, next 1 of 2", "@Dave 1 carol: 1"});
}

TEST_CASE("several rooms, with loss and disorder: each comes out whole and in order") {
    for (std::uint64_t seed = 1; seed <= 15; ++seed) {
        CAPTURE(seed);
        SecureBench b(SecureBench::accept_new(), seed);
        b.session.set_gives_up(false);
        b.server.add_room(4, "dev");
        b.server.add_room(9, "carol", conversation);
        b.session.join(b.now, "tea");
        std::mt19937_64 dice(seed);
        b.to_server = [&dice](Datagram&) { return dice() % 4 != 0; };
        b.to_client = b.to_server;
        b.log_in();
        b.wait(seconds(20));
        REQUIRE(b.session.online());
        REQUIRE(b.server.rooms.contains(10));
        std::vector<Datagram> late;
        for (int i = 0; i < 60; ++i) {
            const std::uint32_t room = std::array<std::uint32_t, 4>{1, 4, 9, 10}[dice() % 4];
            std::string text = std::to_string(i);
            if (i % 9 == 0) text += std::string(3000, '.');
            b.server.append_to(room, "carol", text);
            const auto last = b.server.rooms[room].log.size();
            for (auto& datagram : b.server.events(last, last, room))
                late.push_back(std::move(datagram));
            std::ranges::shuffle(late, dice);
            for (int n = 0; n < 2 && !late.empty(); ++n) {
                b.deliver(std::move(late.back()));
                late.pop_back();
            }
            b.drive();
            if (i % 5 == 0)
                b.say("mine", std::to_string(i), std::array{"", "dev", "@carol"}[dice() % 3]);
            b.wait(milliseconds(50));
        }
        b.mend();
        b.server.sends_entries = true;
        for (const auto& [number, room] : b.server.rooms)
            b.hear(b.server.head(number));
        b.wait(seconds(30));
        const auto events = b.session.take_events();
        const Lines text = lines(events);
        CHECK(
            std::ranges::none_of(text, [](const auto& each) { return each.starts_with("error"); }));
        CHECK(std::ranges::count_if(
                  text, [](const auto& each) { return each.starts_with("accepted"); }) == 12);
        check_in_order(events, "lobby", 2, b.server.rooms[1].head());
        check_in_order(events, "dev", 1, b.server.rooms[4].head());
        check_in_order(events, "@carol", 1, b.server.rooms[9].head());
        check_in_order(events, "tea", 2, b.server.rooms[10].head());
        CHECK(b.session.waiting() == 0);
    }
}

TEST_CASE("a server that was started again: three rooms go on exactly where they were") {
    SecureBench b;
    b.server.add_room(4, "dev");
    b.server.add_room(9, "carol", conversation);
    b.talk(9, 1);
    b.come_in();
    std::vector<Event> all;
    const auto keep = [&] {
        for (auto& event : b.session.take_events())
            all.push_back(std::move(event));
    };
    for (int round = 0; round < 6; ++round) {
        for (const std::uint32_t room : {1U, 4U, 9U}) {
            const auto first = b.server.rooms[room].head();
            b.talk(room, 5);
            b.deliver_all(b.server.events(first, first + 2, room));
        }
        b.server.start();
        // The program's own word counts, not where the server believes it to be.
        for (const std::uint32_t room : {1U, 4U, 9U})
            b.server.rooms[room].cursor = 1;
        b.say("still here", std::to_string(round), "dev");
        b.wait(seconds(20));
        keep();
    }
    b.server.rooms[4].cursor = b.server.rooms[9].cursor = 1000;
    b.wait(seconds(5));
    keep();
    CHECK(b.server.requests.size() == 7);
    check_in_order(all, "lobby", 2, b.server.rooms[1].head());
    check_in_order(all, "dev", 1, b.server.rooms[4].head());
    check_in_order(all, "@carol", 2, b.server.rooms[9].head());
    Lines text = lines(all);
    CHECK(std::ranges::count(text, restarted) == 6);
    std::erase_if(text, [](const auto& each) {
        return !each.starts_with("welcome") && !each.starts_with("error");
    });
    CHECK(text == Lines{});
}

TEST_CASE("in a new log the rooms are entered anew, and what was not accepted is said there") {
    SecureBench b;
    b.server.add_room(4, "tea");
    b.server.add_room(7, "dev");
    b.server.add_room(9, "carol", conversation);
    b.talk(9, 1);
    b.come_in();
    b.cut();
    b.say("for dev", "d", "dev");
    b.say("for carol", "c", "@carol");
    b.say("for all", "l");
    b.server.new_log();
    b.server.start();
    b.mend();
    b.wait(seconds(25));
    const Lines events = b.events();
    INFO([&] {
        std::string all;
        for (const auto& each : events)
            all += each + "\n";
        return all;
    }());
    const auto count = [&](std::string_view what) { return std::ranges::count(events, what); };
    CHECK(count("error history_restarted") == 1);
    CHECK(count("left @carol") == 1);
    for (const auto* each :
         {"welcome bob to lobby, next 2", "welcome bob to dev, next 2",
          "welcome bob to tea, next 2", "welcome bob to @carol, next 1", "dev 2 own bob: for dev",
          "@carol 1 own bob: for carol", "2 own bob: for all", "accepted d as dev 2",
          "accepted c as @carol 1", "accepted l as lobby 2"}) {
        CAPTURE(each);
        CHECK(count(each) == 1);
    }
    CHECK(std::ranges::count_if(events,
                                [](const auto& each) { return each.starts_with("error"); }) == 1);
}

TEST_CASE("a log that has lost its end is said, and goes on from there") {
    SecureBench b;
    b.server.add_room(4, "dev");
    b.talk(4, 5);
    b.server.rooms[4].cursor = 1;
    b.come_in();
    b.wait(seconds(1));
    b.session.take_events();
    b.server.rooms[4].log.resize(2);
    b.server.rooms[4].cursor = 3;
    b.session.on_refused(b.now);
    b.drive();
    b.talk(4, 1);
    b.deliver_all(b.server.events(3, 3, 4));
    CHECK(b.events() == Lines{"reconnecting: nobody answers at the server's address", "online",
                              "error history_restarted", "welcome bob to dev, next 3",
                              "members of dev: bob carol Dave", "dev 3 carol: 3"});
}

TEST_CASE("which rooms there are, and who is in them") {
    SecureBench b;
    b.server.rooms_per_page = 1;
    b.server.add_room(4, "dev").topic = "tea";
    b.server.add_room(5, "other").his = false;
    b.server.add_room(9, "carol", conversation);
    b.come_in();
    b.server.stores = false;
    b.session.list_rooms(b.now);
    b.session.list_rooms(b.now);
    b.session.list_members(b.now, "dev");
    b.session.list_members(b.now, "@carol");
    b.session.list_members(b.now, "other");
    b.drive();
    b.wait(seconds(3));
    CHECK(b.events() == Lines{"members of @carol: bob carol", "error not_in_room"});
    b.server.stores = true;
    b.wait(seconds(4));
    const Lines events = b.events();
    CHECK(std::ranges::count(events, "rooms: dev*(3)tea lobby*(3) other(3)") == 1);
    CHECK(std::ranges::count(events, "members of dev: bob carol Dave") == 1);
    CHECK(events.size() == 2);
}

TEST_CASE("a hostile server has us hold no more than we want") {
    SecureBench b;
    b.come_in();
    for (std::uint32_t number = 2; number < 2000; ++number) {
        frame::Room room;
        room.room = number;
        room.kind = number % 2 == 0 ? frame::RoomKind::named : conversation;
        const std::string name = "r" + std::to_string(number / 3);
        room.name = name;
        room.head = number % 5 == 0 ? UINT64_MAX : 5;
        room.next_seq = number % 10 == 0 ? UINT64_MAX : 2;
        room.tail = number % 7 == 0 ? room.head : 1;
        room.pinned = number % 11 == 0 ? 1 : 0;
        b.deliver(b.server.seal(room));
    }
    const Lines events = b.events();
    CHECK(std::ranges::count_if(
              events, [](const auto& each) { return each.starts_with("welcome"); }) <= 256);
    frame::Room imitation;
    imitation.room = 3000;
    imitation.name = "@carol";
    b.deliver(b.server.seal(imitation));
    b.deliver(b.server.seal(frame::Parted{9999}, frame::Head{77, 4, 1}, frame::Gone{78, 1, 5},
                            frame::Gone{2, 1, UINT64_MAX - 1},
                            frame::Seen{1, 1, {{{UINT64_MAX, 1, 1}}}},
                            frame::Found{1, true, 1, {{{1, UINT64_MAX}}}}));
    CHECK(std::ranges::none_of(
        b.events(), [](const auto& each) { return each.find("carol") != std::string::npos; }));
}
