// SPDX-License-Identifier: MIT
// The plain-text protocol where rooms outlive the server: what is stored, and what if it is not.
#include "chat-server/core/classic_service.h"

#include "chat-server/core/chat_test_support.h"

using namespace chat;
using namespace chat::server;
using namespace chat::server::chat_test;

using Lines = std::vector<std::string>;

namespace {

struct Desk final : TransmitSink {
    Stage stage;
    ClassicService service{ClassicAccess::loopback};
    std::map<std::uint16_t, Lines> heard;

    bool send(const Path& to, std::span<const std::byte> datagram) override {
        heard[to.peer.port].emplace_back(reinterpret_cast<const char*>(datagram.data()),
                                         datagram.size());
        return true;
    }
    void put(std::uint16_t port, std::string_view request) {
        service.on_datagram(stage.now, path(port), std::as_bytes(std::span(request)), stage.chat);
    }
    void drive() {
        while (const Changes* changes = stage.chat.take_changes(stage.now.at)) {
            stage.chat.on_committed(stage.store.commit(*changes));
            for (const Outcome& outcome : stage.chat.take_outcomes()) {
                if (stage.chat.roster()[outcome.member].person == 0) {
                    service.on_outcome(outcome, stage.chat);
                }
            }
        }
        service.poll_transmit(stage.now.at, stage.chat, *this);
    }
    Lines hear(std::uint16_t port) {
        service.poll_transmit(stage.now.at, stage.chat, *this);
        return std::exchange(heard[port], {});
    }
};

}  // namespace

TEST_CASE("classic members hear people of the lobby, and nothing of other rooms") {
    Desk d;
    d.put(1, "L bob");
    d.drive();
    CHECK(d.hear(1) == Lines{"OK"});
    const auto eve = d.stage.come("eve", 9);
    const RoomId dev = d.stage.open(eve, "dev");
    d.drive();
    d.stage.say(eve, dev, "not for all");
    d.stage.say(eve, 1, "hello");
    d.drive();
    CHECK(d.hear(1) == Lines{"\n欢迎 eve 进入聊天室", "\neve 说: hello"});
    d.put(1, "C bob hi");
    d.drive();
    CHECK(d.stage.store.lines(1) == Lines{"+bob", "+eve", "eve: hello", "bob: hi"});
    d.stage.chat.part(d.stage.now, eve, 1);
    d.drive();
    CHECK(d.hear(1) == Lines{"\neve 离开了聊天室"});
    d.put(1, "Q bob");
    d.drive();
    CHECK(d.hear(1) == Lines{"EXIT"});
    CHECK_FALSE(d.stage.chat.roster().find_key("bob"));
}

TEST_CASE("while nothing can be stored nobody is told that it was, and all are told so seldom") {
    Desk d;
    d.put(1, "L bob");
    d.drive();
    d.hear(1);
    d.put(1, "C bob first");
    d.stage.fail();
    d.service.poll_transmit(d.stage.now.at, d.stage.chat, d);
    for (int i = 0; i < 5; ++i) {
        d.put(1, "C bob again");
        d.put(2, "L eve");
        d.put(3, "L ann");
    }
    const Lines told = d.hear(1);
    REQUIRE(told.size() == 1);
    CHECK(told[0].find("cannot store") != std::string::npos);
    CHECK(d.hear(2).size() + d.hear(3).size() == 1);
    d.stage.wait(storing_retry);
    d.put(1, "C bob again");
    d.put(2, "L eve");
    CHECK(d.hear(1).size() == 1);
    CHECK(d.hear(2).size() == 1);
    d.put(1, "Q bob");
    d.drive();
    CHECK(d.stage.store.lines(1) == Lines{"+bob", "bob: first", "-bob"});
    CHECK(d.hear(1) == Lines{"EXIT"});
    d.put(2, "L eve");
    d.drive();
    CHECK(d.hear(2) == Lines{"OK"});
}

TEST_CASE("a repeated L is answered behind what was said before it") {
    Desk d;
    d.put(1, "L bob");
    d.put(2, "L ann");
    d.drive();
    d.hear(1);
    d.hear(2);
    d.put(1, "C bob hi");
    d.put(2, "L ann");
    CHECK(d.hear(2).empty());  // the log does not have it yet
    d.drive();
    CHECK(d.hear(2) == Lines{"\nbob 说: hi", "OK"});
    // A log that fails may do so for hours.
    d.put(1, "C bob again");
    d.put(2, "L ann");
    CHECK(d.hear(2).empty());
    d.stage.fail();
    CHECK(d.hear(2) == Lines{"OK"});
    // Nobody who takes the place of somebody else hears the answer to that one.
    d.stage.wait(storing_retry);
    d.drive();
    d.hear(2);
    d.put(1, "C bob and again");
    d.put(2, "L ann");
    d.put(2, "L eve");
    d.drive();
    const Lines eve = d.hear(2);
    CHECK(std::ranges::count(eve, "OK") == 1);
}

TEST_CASE("what somebody missed is not told to who has his address next") {
    Desk d;
    d.put(1, "L ann");
    d.put(2, "L bob");
    d.drive();
    d.hear(2);
    for (int i = 0; i < 5; ++i)
        d.put(1, "C ann hello");
    d.stage.commit();
    d.put(2, "L eve");  // that bob leaves is not in the log yet
    d.service.on_page({Chat::lobby_id, 6, {}}, d.stage.chat);
    d.drive();
    CHECK(d.hear(2) == Lines{"OK"});
}

TEST_CASE("each member says as much as the operator allows") {
    Desk d;
    d.put(1, "L bob");
    d.drive();
    d.service.reconfigure(ClassicAccess::loopback, say_rate(2));
    for (int i = 0; i < 10; ++i)
        d.put(1, "C bob x");
    CHECK(d.stage.chat.counters().messages + d.stage.chat.counters().too_fast == 6);
    d.drive();
    CHECK(d.stage.chat.counters().messages == 4);
    d.stage.wait(seconds(1));
    for (int i = 0; i < 10; ++i)
        d.put(1, "C bob x");
    d.drive();
    CHECK(d.stage.chat.counters().messages == 6);
}

TEST_CASE("pages of any room are taken, and only so many rooms keep theirs") {
    Desk d;
    const auto eve = d.stage.come("eve");
    d.stage.commit();
    std::vector<RoomId> rooms;
    for (std::size_t i = 0; i <= paged_rooms_max; ++i) {
        const RoomId id = d.stage.chat.rooms() < rooms_per_person_max
                              ? d.stage.open(eve, "r" + std::to_string(i))
                              : RoomId{0};
        d.stage.wait(room_rate.interval);
        if (id == 0) break;
        rooms.push_back(id);
    }
    const auto ann = d.stage.come("ann");
    for (int i = 0; i < 3; ++i) {
        d.stage.wait(room_rate.interval);
        rooms.push_back(d.stage.open(ann, "a" + std::to_string(i)));
    }
    d.stage.commit();
    REQUIRE(rooms.size() > paged_rooms_max);
    // A server that has just started has none of the entries itself.
    Desk later;
    later.stage.store = d.stage.store;
    later.stage.chat.restore(later.stage.now, later.stage.store.stored());
    Chat& chat = later.stage.chat;
    for (const RoomId id : rooms) {
        CAPTURE(id);
        CHECK(chat.room(id).find_encoded(1).empty());
        chat.room(id).want(1);
        const auto read = chat.room(id).take_read();
        REQUIRE(read.has_value());
        CHECK(read->room == id);
        later.service.on_page({id, 1, {{1, {EntryKind::join, 0, {}, "eve", {}}}}}, chat);
        CHECK_FALSE(chat.room(id).find_encoded(1).empty());
    }
    std::size_t kept = 0;
    for (const RoomId id : rooms)
        kept += chat.room(id).find_encoded(1).empty() ? 0 : 1;
    CHECK(kept == paged_rooms_max);
    CHECK(chat.room(rooms.front()).find_encoded(1).empty());
    CHECK_FALSE(chat.room(rooms.back()).find_encoded(1).empty());
}
