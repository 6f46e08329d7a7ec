// SPDX-License-Identifier: MIT
// Rooms: joining, parting, conversations of two, what each may see, and what the server says first
// and the program after it about where it is.
#include "chat-server/core/limits.h"
#include "chat-server/core/test_support.h"

using namespace chat;
using namespace chat::server;

namespace {

constexpr auto conversation = frame::RoomKind::conversation;

using Rooms = std::vector<RoomId>;

void say_many(SecureBench& b, TestClient& who, std::uint64_t& id, std::size_t count, RoomId room) {
    for (std::size_t i = 0; i < count; ++i, ++id)
        b.say(who, id, "m" + std::to_string(id), room);
}

}  // namespace

TEST_CASE("whoever joins a room by name makes it, and everybody in it hears what is said there") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    auto& tom = b.member("tom", 12);
    const RoomId dev = b.join(bob, "Dev");
    REQUIRE(dev == 2);
    const frame::Room& room = *bob.rooms[dev].room;
    CHECK(room.kind == frame::RoomKind::named);
    CHECK(room.flags == frame::room_is_new_to_him);
    CHECK(room.next_seq == 2);
    CHECK(room.head == 2);
    CHECK(room.tail == 1);
    CHECK(room.pinned == 0);
    b.send(eve, frame::Join{frame::RoomKind::named, "ｄＥＶ"});  // the same in the folded form
    CHECK(eve.rooms[dev].name == "Dev");
    CHECK(eve.rooms[dev].room->next_seq == 3);
    b.send(bob, frame::Msg{dev, 1, frame::MsgKind::topic, 0, 1, "what we do"});
    b.say(eve, 1, "hi", dev);
    CHECK(bob.rooms[dev].lines() == Lines{"+eve", "bob# what we do", "eve: hi"});
    CHECK(eve.rooms[dev].lines() == Lines{"bob# what we do", "eve: hi"});
    CHECK_FALSE(tom.rooms.contains(dev));
    CHECK(b.head(1) == 4);
    // He asks for a room that is his already.
    b.send(eve, frame::Join{frame::RoomKind::named, "dev"});
    CHECK(eve.rooms[dev].told == 2);
    CHECK(eve.rooms[dev].topic == "what we do");
    CHECK(b.head(dev) == 5);
    CHECK(b.kept.lines(dev) == Lines{"+bob", "+eve", "bob# what we do", "eve: hi"});
}

TEST_CASE("an entry is offered to those alone who listen to its room") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    const RoomId dev = b.join(bob, "dev");
    b.ack(bob);
    b.ack(eve);
    b.wait(seconds(1));
    eve.forget();
    b.say(bob, 1, "in dev", dev);
    b.wait(seconds(20));
    CHECK(eve.datagrams == 0);
    CHECK(b.server->chat().room(dev).present() == 1);
}

TEST_CASE("what happened in several rooms goes in one datagram") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    const RoomId one = b.join(bob, "one");
    const RoomId two = b.join(bob, "two");
    b.join(eve, "one");
    b.join(eve, "two");
    for (const RoomId room : {RoomId{1}, one, two})
        b.ack(eve, 1000, room);
    b.wait(seconds(1));
    for (const RoomId room : {RoomId{1}, one, two})
        b.ack(eve, 1000, room);
    eve.forget();
    Plaintext all;
    all << message(1, 1, 0, 1, "a") << message(one, 2, 0, 1, "b") << message(two, 3, 0, 1, "c");
    b.send(bob, all);
    CHECK(eve.datagrams == 1);
    CHECK(eve.rooms[1].lines().back() == "bob: a");
    CHECK(eve.rooms[one].lines().back() == "bob: b");
    CHECK(eve.rooms[two].lines().back() == "bob: c");
    REQUIRE(bob.msg_acks.back().count == 3);
    CHECK(bob.msg_acks.back().results[2].room == two);
}

TEST_CASE("who parts has left that room for good, and hears no more of it") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    const RoomId dev = b.join(bob, "dev");
    b.join(eve, "dev");
    b.send(bob, frame::Part{dev});
    CHECK(bob.parted == Rooms{dev});
    CHECK(eve.rooms[dev].lines().back() == "-bob");
    b.say(eve, 1, "he is gone", dev);
    CHECK(bob.rooms[dev].lines() == Lines{"+eve"});
    b.say(bob, 1, "am I?", dev);
    REQUIRE(!bob.msg_acks.empty());
    CHECK(bob.msg_acks.back().results[0].status == frame::MsgStatus::not_in_room);
    CHECK(bob.msg_acks.back().results[0].room == dev);
    bob.forget();
    Plaintext questions;
    questions << frame::Part{dev} << bob.room_ack(1000, dev) << frame::MembersWanted{dev, ""}
              << frame::EntriesWanted{dev, 1, 5, 0} << frame::Search{1, dev, 0, "gone"}
              << frame::Part{99};
    b.send(bob, questions);
    CHECK(bob.parted == Rooms{dev, 99});
    CHECK(bob.rooms[dev].came.empty());
    CHECK(bob.members.empty());
    // He comes back in one turn with his going: the end of that comes first.
    b.join(bob, "dev");
    bob.forget();
    b.hold = true;
    b.send(bob, frame::Part{dev});
    b.send(bob, frame::Part{dev});
    b.send(bob, message(dev, 2, 0, 1, "too late"));
    b.send(bob, frame::Join{frame::RoomKind::named, "dev"});
    b.hold = false;
    b.drive();
    CHECK(bob.parted == Rooms{dev});
    CHECK(bob.msg_acks.back().results[1].status == frame::MsgStatus::not_in_room);
    b.say(bob, 3, "back", dev);
    CHECK(b.kept.lines(dev) ==
          Lines{"+bob", "+eve", "-bob", "eve: he is gone", "+bob", "-bob", "+bob", "bob: back"});
    // Where one lands can be parted from like any other.
    b.send(eve, frame::Part{1});
    CHECK(eve.parted == Rooms{1});
    CHECK(bob.lobby.lines().back() == "-eve");
}

TEST_CASE("a room that cannot be had is refused in words") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    struct Row {
        frame::RoomKind kind;
        std::string name;
        frame::NoRoomCode code;
    };
    const Row table[] = {
        {frame::RoomKind::named, "a b", frame::NoRoomCode::unusable_name},
        {conversation, "a b", frame::NoRoomCode::unusable_name},
        {conversation, "nobody", frame::NoRoomCode::nobody},
        {conversation, "Bob", frame::NoRoomCode::nobody},
    };
    for (const Row& row : table) {
        CAPTURE(row.name);
        bob.forget();
        Plaintext twice;
        twice << frame::Join{row.kind, row.name} << frame::Join{row.kind, row.name};
        b.send(bob, twice);
        REQUIRE(bob.no_rooms.size() == 1);
        CHECK(bob.no_rooms[0] == std::pair(row.code, row.name));
    }
    bob.forget();
    const auto burst = static_cast<std::size_t>(room_rate.burst);
    for (std::size_t i = 0; i <= burst; ++i)
        b.join(eve, "room" + std::to_string(i));
    REQUIRE(eve.no_rooms.size() == 1);
    CHECK(eve.no_rooms[0].first == frame::NoRoomCode::not_now);
    CHECK(eve.rooms.size() == burst + 1);
    CHECK(bob.datagrams <= 2);
}

TEST_CASE(
    "where one lands is said with the name, made if need be, and refused without losing him") {
    struct Row {
        std::string landing;
        RoomId room;
        std::size_t refusals;
    };
    const Row table[] = {
        {"", 1, 0}, {"Lobby", 1, 0}, {"dev", 2, 0}, {"a b", 0, 1}, {"\x01\x02", 0, 0}};
    for (const Row& row : table) {
        CAPTURE(row.landing);
        SecureBench b;
        auto& bob = b.client("bob", 10);
        bob.landing = row.landing;
        bob.deaf = true;
        bob.start(b.now);
        bob.deaf = false;
        b.log_in(bob);
        REQUIRE(bob.welcome);
        CHECK(bob.welcome->room == row.room);
        CHECK(bob.no_rooms.size() == row.refusals);
        const RoomId there = row.room == 0 ? 1 : row.room;
        CHECK(bob.rooms[there].lines().empty());
        REQUIRE(bob.rooms[there].room);
        CHECK(b.kept.lines(there) == Lines{"+bob"});
        CHECK(b.head(1) == (there == 1 ? 2 : 1));
        b.say(bob, 1, "here", there);
        CHECK(bob.rooms[there].lines() == Lines{"bob: here"});
    }
}

TEST_CASE("a visit is a join and a leave in each of one's rooms") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    const RoomId dev = b.join(bob, "dev");
    b.send(bob, frame::Close{frame::CloseCode::quit, 0});
    CHECK(b.kept.lines(1) == Lines{"+bob", "-bob"});
    CHECK(b.kept.lines(dev) == Lines{"+bob", "-bob"});
    ++bob.epoch;
    bob.landing = "dev";
    b.log_in(bob);
    CHECK(bob.welcome->room == dev);
    CHECK(bob.rooms[1].told == 2);
    CHECK(bob.rooms[dev].told == 2);
    CHECK(bob.rooms[dev].room->flags == 0);
    CHECK(b.kept.lines(1) == Lines{"+bob", "-bob", "+bob"});
    CHECK(b.kept.lines(dev) == Lines{"+bob", "-bob", "+bob"});
}

TEST_CASE("a conversation is seen by the two alone, whatever a third asks") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    auto& tom = b.member("tom", 12);
    const RoomId talk = b.join(bob, "eve", conversation);
    REQUIRE(talk == 2);
    CHECK(bob.rooms[talk].name == "eve");
    REQUIRE(eve.rooms.contains(talk));  // nobody asked her
    CHECK(eve.rooms[talk].name == "bob");
    CHECK(eve.rooms[talk].room->kind == conversation);
    b.say(bob, 1, "secret", talk);
    b.say(eve, 1, "indeed", talk);
    CHECK(eve.rooms[talk].lines() == Lines{"bob: secret", "eve: indeed"});
    CHECK(b.join(eve, "bob", conversation) == talk);  // it is one
    b.send(bob, frame::MembersWanted{talk, ""});
    REQUIRE(bob.members.size() == 1);
    CHECK(bob.members[0].second == Lines{"bob", "eve"});
    CHECK(b.head(talk) == 3);
    b.send(bob, frame::Part{talk});
    CHECK(bob.parted.empty());

    tom.rooms[talk].next_seq = 1;
    struct Row {
        const char* what;
        frame::Frame frame;
        bool parted;
    };
    const Row table[] = {
        {"ROOM_ACK", frame::RoomAck{talk, 1, 1000, 1, {frame::Gap{0, 2, 0}}}, true},
        {"ENTRIES_WANTED", frame::EntriesWanted{talk, 1, 2, 0}, true},
        {"SEARCH there", frame::Search{7, talk, 0, "secret"}, true},
        {"MEMBERS_WANTED", frame::MembersWanted{talk, ""}, true},
        {"PART", frame::Part{talk}, true},
        {"MSG", message(talk, 1, 0, 1, "let me in"), false},
        {"topic", frame::Msg{talk, 2, frame::MsgKind::topic, 0, 1, "mine"}, false},
        {"JOIN", frame::Join{frame::RoomKind::named, "bob"}, false},
        {"SEARCH everywhere", frame::Search{8, 0, 0, "secret"}, false},
        {"ROOMS_WANTED", frame::RoomsWanted{""}, false},
    };
    for (const Row& row : table) {
        CAPTURE(row.what);
        tom.forget();
        std::visit([&](const auto& one) { b.send(tom, one); }, row.frame);
        b.wait(milliseconds(500));
        CHECK(tom.parted.size() == (row.parted ? 1 : 0));
        CHECK(tom.rooms[talk].entries.empty());
        CHECK(tom.rooms[talk].came.empty());
        CHECK_FALSE(tom.rooms[talk].room);
        CHECK(tom.gones.empty());
        CHECK(tom.members.empty());
        for (const auto& found : tom.found)
            CHECK(found.count == 0);
        for (const auto& head : tom.heads)
            CHECK(head.room != talk);
        for (const auto& [page, lines] : tom.room_lists)
            CHECK(lines == Lines{"+bob 1 ", "+lobby 3 "});
        for (const auto& ack : tom.msg_acks)
            CHECK(ack.results[0].status == frame::MsgStatus::not_in_room);
    }
    CHECK(b.head(talk) == 3);
    CHECK(b.kept.lines(talk) == Lines{"bob: secret", "eve: indeed"});
}

TEST_CASE("a message for somebody who is away waits for him") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    b.ack(eve);
    b.send(eve, frame::Close{frame::CloseCode::quit, 0});
    const RoomId talk = b.join(bob, "eve", conversation);
    b.say(bob, 1, "for later", talk);
    b.send(bob, frame::MembersWanted{talk, ""});
    CHECK(bob.members.back().second == Lines{"bob", "eve"});
    ++eve.epoch;
    eve.forget();
    b.log_in(eve);
    CHECK(eve.rooms[talk].lines() == Lines{"bob: for later"});
    CHECK(b.kept.lines(talk) == Lines{"bob: for later"});
}

TEST_CASE("the first ROOM_ACK says where a program is, below or above what was believed") {
    struct Row {
        Seq stated;
        std::vector<Seq> comes;  // after it
    };
    // ROOM says 7 of 12, and 7 to 11 come by themselves.
    const Row table[] = {
        {7, {}},  {9, {}}, {12, {}}, {6, {6, 7, 8, 9, 10, 11}}, {3, {3, 4, 5, 6, 7, 8, 9, 10, 11}},
        {13, {}},
    };
    for (const Row& row : table) {
        CAPTURE(row.stated);
        SecureBench b;
        auto& bob = b.member("bob", 10);
        for (const char* text : {"2", "3", "4", "5"})
            b.announce(text);
        b.ack(bob);
        b.send(bob, frame::Close{frame::CloseCode::quit, 0});  // 6
        for (const char* text : {"7", "8", "9", "10"})
            b.announce(text);
        ++bob.epoch;
        bob.states = false;
        bob.forget();
        b.log_in(bob);  // 11
        CHECK(bob.lobby.room->next_seq == 7);
        bob.forget();
        const auto malformed = b.counters().malformed;
        b.send(bob, frame::RoomAck{1, row.stated, 1000, 0, {}});
        CHECK(b.counters().malformed == malformed + (row.stated > b.head() ? 1 : 0));
        CHECK(bob.came == row.comes);
        b.announce("new");
        CHECK(bob.came.back() == 12);
        // From then on it goes forwards alone.
        bob.forget();
        if (row.stated <= 12) b.send(bob, frame::RoomAck{1, 1, 1000, 0, {}});
        b.announce("newer");
        CHECK(bob.came == std::vector<Seq>{13});
    }
}

TEST_CASE("ROOM is repeated until the program has said where it is") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    b.ack(bob);
    bob.states = false;
    bob.deaf = true;
    b.send(bob, frame::Join{frame::RoomKind::named, "dev"});
    b.wait(milliseconds(100));
    bob.deaf = false;
    b.wait(seconds(5));
    CHECK(bob.rooms[2].told >= 2);
    CHECK(bob.rooms[2].told <= 12);
    b.ack(bob, 1000, 2);
    const auto told = bob.rooms[2].told;
    b.wait(seconds(20));
    CHECK(bob.rooms[2].told == told);
}

TEST_CASE("who is far behind in one room hears of the others as ever") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    const RoomId dev = b.join(bob, "dev");
    b.join(eve, "dev");
    b.ack(eve, 0, 1);
    b.ack(eve, 1000, dev);
    for (int i = 0; i < 300; ++i)
        b.announce("long " + std::string(1000, 'x'));
    eve.forget();
    b.ack(eve, 1000, 1);  // now she takes them
    std::uint64_t id = 1;
    int rounds_behind = 0;
    for (int i = 0; i < 20; ++i) {
        say_many(b, bob, id, 1, dev);
        b.wait(milliseconds(100));
        if (eve.lobby.next_seq < b.head(1)) ++rounds_behind;
        b.ack(eve, 1000, 1);
        b.ack(eve, 1000, dev);
        CHECK(eve.rooms[dev].lines().back() == "bob: m" + std::to_string(id - 1));
    }
    CHECK(rounds_behind >= 3);
    for (int i = 0; i < 500 && eve.lobby.next_seq < b.head(1); ++i) {
        b.wait(milliseconds(50));
        b.ack(eve, 1000, 1);
    }
    CHECK(eve.lobby.next_seq == b.head(1));
}
