// SPDX-License-Identifier: MIT
#include "chat-client/core/secure_test_support.h"

using namespace chat;
using namespace chat::client;

TEST_CASE("an idle client sends a PING now and then, and nothing else") {
    SecureBench b;
    b.come_in();
    b.wait(seconds(300));
    const Lines heard = b.heard("PING");
    CHECK(heard.size() >= 10);
    CHECK(heard.size() <= 15);
    CHECK(b.sent_count == static_cast<int>(heard.size()));
    CHECK(b.events().empty());
}

TEST_CASE("acknowledgements wait a little, ride along, and do not wait for the ninth") {
    SecureBench b;
    b.come_in();
    b.server.append("carol", "x");
    b.deliver_all(b.server.events(2, 2));
    CHECK(b.heard().empty());
    b.wait(milliseconds(12));
    CHECK(b.heard().empty());
    b.wait(milliseconds(26));
    const Lines late = b.heard();
    REQUIRE(late.size() == 2);
    CHECK(late[0].starts_with("PKT_ACK"));
    CHECK(late[1] == "ROOM_ACK 3 credit 1024");

    for (int i = 0; i < 8; ++i)
        b.server.append("carol", "y");
    for (auto& datagram : b.server.events(3, 10))
        b.deliver(std::move(datagram));
    b.drive();
    CHECK(b.heard() == Lines{late[0].substr(0, 8) +
                                 std::to_string(b.server.members.back().sealer->next_counter() - 1),
                             "ROOM_ACK 11 credit 1024"});

    b.server.append("carol", "z");
    b.deliver(b.server.events(11, 11).front());
    b.server.sends_entries = false;
    b.say("riding");
    const Lines together = b.heard();
    REQUIRE(together.size() >= 3);
    CHECK(together[0] == "MSG 1 riding");
    CHECK(together[1].starts_with("PKT_ACK"));
    CHECK(together[2] == "ROOM_ACK 12 credit 1024");
}

TEST_CASE("a hole is asked for again and again until it is filled") {
    SecureBench b;
    b.come_in();
    for (int i = 2; i <= 6; ++i)
        b.server.append("carol", std::to_string(i));
    b.server.sends_entries = false;
    b.deliver_all(b.server.events(2, 2));
    b.deliver_all(b.server.events(5, 5));
    CHECK(b.events() == Lines{"2 carol: 2"});
    b.wait(seconds(2));
    int asked = 0;
    for (const auto& text : b.heard("ROOM_ACK"))
        asked += text.ends_with("+0*2") ? 1 : 0;
    CHECK(asked >= 3);
    b.server.sends_entries = true;
    b.wait(seconds(1));
    CHECK(b.events() == Lines{"3 carol: 3", "4 carol: 4", "5 carol: 5"});
    b.hear(b.server.head());
    b.wait(seconds(1));
    CHECK(b.events() == Lines{"6 carol: 6"});
}

TEST_CASE("a hole is asked for ever more seldom while nothing answers") {
    SecureBench b;
    b.come_in();
    for (int i = 2; i <= 5; ++i)
        b.server.append("carol", std::to_string(i));
    b.server.sends_entries = b.server.acknowledges = false;
    b.deliver_all(b.server.events(5, 5));
    b.wait(seconds(8));
    std::size_t asked = 0;
    for (const auto& text : b.heard("ROOM_ACK"))
        asked += text.ends_with("+0*3") ? 1U : 0U;
    CHECK(asked >= 40);
    CHECK(asked <= 50);  // every 187 ms, as silence counts up to 150; by the round trip alone 150
}

TEST_CASE("what only exists is not asked for: it comes by itself") {
    SecureBench b;
    b.come_in();
    b.server.sends_entries = b.server.acknowledges = false;
    b.hear(frame::Room{1, frame::RoomKind::named, 0, 2, 100, 1, 0, "", "lobby"});
    b.wait(seconds(2));
    CHECK(b.heard("ROOM_ACK") == Lines{"ROOM_ACK 2 credit 1024"});
    b.hear(frame::Head{1, 4, 1});
    b.wait(milliseconds(15));
    CHECK(b.heard("ROOM_ACK") == Lines{"ROOM_ACK 2 credit 1024 +0*2"});
}

TEST_CASE("what can't be had any more is shown as a gap, and the list fetched anew") {
    SecureBench b;
    b.come_in();
    for (int i = 2; i <= 5; ++i)
        b.server.append("carol", std::to_string(i));
    b.deliver_all(b.server.events(5, 5));
    b.server.others = {"eve"};
    b.hear(frame::Gone{1, 2, 4});
    CHECK(b.events() == Lines{"gap 2..4", "5 carol: 5", "members of lobby: bob eve"});
}

TEST_CASE("a challenge is answered at once") {
    SecureBench b;
    b.come_in();
    b.hear(frame::PathChallenge{{std::byte{42}}});
    CHECK(b.heard("PATH") == Lines{"PATH_RESPONSE 42"});
    CHECK(b.sent_count == 1);
}

TEST_CASE("silence: a new socket after ten seconds, a handshake after fifteen, and so on") {
    for (const bool gives_up : {false, true}) {
        CAPTURE(gives_up);
        SecureBench b;
        b.session.set_gives_up(gives_up);
        b.come_in();
        b.cut();
        b.say("hello?", "m");
        b.wait(milliseconds(9'999));
        CHECK(b.session.online());
        CHECK(b.reconnects == 0);
        CHECK(b.count(datagram::Type::data) > 5);
        b.wait(milliseconds(1));
        CHECK_FALSE(b.session.online());
        CHECK(b.reconnects == 1);
        CHECK(b.events() == Lines{"reconnecting: the server does not answer"});
        CHECK(b.count(datagram::Type::init) == 0);
        b.wait(milliseconds(4'999));
        CHECK(b.count(datagram::Type::init) == 0);
        b.wait(milliseconds(1));
        CHECK(b.count(datagram::Type::init) == 1);
        CHECK(b.reconnects == 2);
        b.wait(milliseconds(14'999));
        CHECK_FALSE(b.session.end());
        b.wait(milliseconds(1));
        if (gives_up) {
            CHECK(b.events() == Lines{"error unreachable", "offline"});
            CHECK(b.session.end() == End::unreachable);
            continue;
        }
        b.wait(seconds(3600));
        CHECK_FALSE(b.session.end());
        CHECK(b.reconnects > 200);
        CHECK(b.events().empty());
        b.mend();
        b.wait(seconds(15));
        CHECK(b.session.online());
        CHECK(b.session.waiting() == 0);
        CHECK(b.events() == Lines{"online", "2 own bob: hello?", "accepted m as lobby 2"});
        CHECK(b.server.requests.size() == 2);
        CHECK(b.server.requests[1].prev_server_sid != 0);
        CHECK(b.server.requests[1].next_seq == 2);
    }
}

TEST_CASE("after half a minute of silence nothing but PING goes out") {
    SecureBench b;
    b.session.set_gives_up(false);
    b.come_in();
    b.to_client = SecureBench::nothing;
    b.say("hello?", "m");
    b.wait(seconds(31));
    CHECK(b.heard("MSG").size() > 10);
    b.say("anybody?", "n");
    b.wait(seconds(60));
    const Lines heard = b.heard();
    CHECK(std::ranges::count(heard, "PING") > 10);
    CHECK(std::ranges::none_of(heard, [](const auto& each) { return each.starts_with("MSG"); }));
    b.to_client = SecureBench::everything;
    b.wait(seconds(20));
    CHECK(b.session.waiting() == 0);
}

TEST_CASE("a server that hears but does not store yet is not silent") {
    SecureBench b;
    b.come_in();
    b.server.stores = false;
    b.say("hello?", "m");
    b.wait(seconds(60));
    CHECK(b.session.online());
    CHECK(b.events().empty());
    CHECK(b.reconnects == 0);
    b.server.stores = true;
    b.wait(seconds(4));
    CHECK(b.events() == Lines{"2 own bob: hello?", "accepted m as lobby 2"});
}

TEST_CASE("who is here is asked for until there is an answer") {
    SecureBench b;
    b.server.stores = false;
    b.server.names_per_page = 2;
    b.log_in();
    CHECK(b.events() == Lines{"connecting", "online", "welcome bob to lobby, next 2"});
    b.wait(seconds(5));
    CHECK(b.heard("MEMBERS_WANTED").size() > 3);
    b.server.stores = true;
    b.wait(seconds(4));
    CHECK(b.events() == Lines{"members of lobby: bob carol Dave"});
}

TEST_CASE("a server that was only slow is believed again without a handshake") {
    SecureBench b;
    b.come_in();
    b.cut();
    b.say("hello?", "m");
    b.wait(seconds(11));
    b.mend();
    b.wait(seconds(3));
    CHECK(b.events() == Lines{"reconnecting: the server does not answer", "online",
                              "2 own bob: hello?", "accepted m as lobby 2"});
    b.wait(seconds(60));
    CHECK(b.server.requests.size() == 1);
}

TEST_CASE(
    "a server that has forgotten the epoch makes sent messages uncertain, a new log does not") {
    for (const bool new_log : {false, true}) {
        CAPTURE(new_log);
        SecureBench b;
        b.come_in();
        b.say("stored", "0");
        b.cut();
        b.say("sent", "1");
        b.forget();
        if (new_log) {
            b.server.new_log();
        } else {
            b.server.epochs.clear();
        }
        b.server.start();
        b.mend();
        b.wait(seconds(20));
        b.say("after", "2");
        b.wait(seconds(5));
        if (new_log) {
            CHECK(b.events() == Lines{"reconnecting: the server was started again",
                                      "error history_restarted", "online",
                                      "welcome bob to lobby, next 2", "2 own bob: sent",
                                      "accepted 1 as lobby 2", "members of lobby: bob carol Dave",
                                      "3 own bob: after", "accepted 2 as lobby 3"});
        } else {
            CHECK(b.events() == Lines{"reconnecting: the server was started again",
                                      "error uncertain 1", "online", "3 + bob", "4 own bob: after",
                                      "accepted 2 as lobby 4"});
        }
    }
}

TEST_CASE("after a long sleep it comes back by itself, however long") {
    for (const auto asleep : {seconds(8), seconds(40), seconds(170), seconds(200), seconds(5000)}) {
        for (const bool server_forgot : {false, true}) {
            CAPTURE(asleep.us);
            CAPTURE(server_forgot);
            SecureBench b;
            b.come_in();
            b.to_client = SecureBench::nothing;
            b.say("under way", "m");
            b.wait(milliseconds(500));
            b.to_client = SecureBench::everything;
            if (server_forgot) b.server.members.clear();
            b.sleep(asleep);
            b.wait(seconds(25));
            CHECK(b.session.online());
            CHECK(b.session.waiting() == 0);
            CHECK_FALSE(b.session.end());
            const Lines events = b.events();
            CHECK(std::ranges::count(events, "2 own bob: under way") == 1);
            CHECK(std::ranges::count(events, "accepted m as lobby 2") == 1);
        }
    }
}

TEST_CASE("a long sleep is no reason to give up, and a very long one none to wait") {
    SecureBench b;
    b.come_in();
    b.cut();
    b.say("hello?", "m");
    b.wait(seconds(12));
    b.sleep(seconds(60));
    b.wait(seconds(5));
    CHECK_FALSE(b.session.end());
    b.mend();
    b.wait(seconds(15));
    CHECK(b.session.online());

    SecureBench idle;
    idle.come_in();
    idle.server.members.clear();
    idle.sleep(seconds(200));
    idle.wait(seconds(1));
    CHECK(idle.session.online());
    CHECK(idle.events() == Lines{"reconnecting: this machine was asleep", "online", "2 + bob"});
}

TEST_CASE("nobody at the server's address is a reason to ask anew, not to end") {
    SecureBench b;
    b.session.on_refused(b.now);
    b.come_in();
    b.cut();
    b.session.on_refused(b.now);
    b.drive();
    CHECK(b.events() == Lines{"reconnecting: nobody answers at the server's address"});
    b.session.on_refused(b.now);
    b.wait(milliseconds(400));
    CHECK(b.count(datagram::Type::init) == 1);
    b.mend();
    b.wait(milliseconds(100));
    CHECK(b.session.online());
    CHECK(b.events() == Lines{"online"});
}

TEST_CASE("another address of the server, or another socket, is tried at once") {
    SecureBench b;
    b.cut();
    b.log_in();
    b.wait(milliseconds(1200));
    b.forget();
    b.session.address_changed(b.now);
    b.drive();
    CHECK(b.count(datagram::Type::init) == 1);
    b.wait(milliseconds(28'801));
    CHECK(b.session.end() == End::unreachable);

    SecureBench online;
    online.come_in();
    online.session.address_changed(online.now);
    online.drive();
    CHECK(online.heard("PING") == Lines{"PING"});
}

TEST_CASE("a user who cannot read stops the server, and nothing is lost when he can") {
    SecureBench b;
    b.come_in();
    b.session.set_accepts_events(b.now, false);
    b.drive();
    CHECK(b.heard("ROOM_ACK") == Lines{"ROOM_ACK 2 credit 0"});
    for (int i = 0; i < 20; ++i)
        b.server.append("carol", std::to_string(i));
    b.deliver_all(b.server.events(2, 11));
    b.deliver_all(b.server.events(15, 21));
    b.wait(seconds(5));
    CHECK(b.events().empty());
    for (const auto& text : b.heard("ROOM_ACK"))
        CHECK(text == "ROOM_ACK 2 credit 0");
    // The first word of it gets lost.
    b.to_server = SecureBench::nothing;
    b.session.set_accepts_events(b.now, true);
    b.drive();
    CHECK(b.events().size() == 10);
    b.to_server = SecureBench::everything;
    b.wait(seconds(3));
    CHECK(b.events().size() == 10);
    CHECK(b.server.last_room_ack.next_seq == 22);
    CHECK(b.server.last_room_ack.credit == 1024);
}

TEST_CASE("that the user can read again is said until it is heard") {
    SecureBench b;
    b.come_in();
    b.session.set_accepts_events(b.now, false);
    b.drive();
    CHECK(b.server.last_room_ack.credit == 0);
    b.to_server = SecureBench::nothing;
    b.session.set_accepts_events(b.now, true);
    b.drive();
    b.to_server = SecureBench::everything;
    b.wait(seconds(3));
    CHECK(b.server.last_room_ack.credit == 1024);
}

TEST_CASE("hostile packets and datagrams change nothing and stop nothing") {
    SecureBench b;
    b.come_in();
    std::mt19937_64 dice(7);
    const auto real = b.server.seal(b.server.head());
    for (int i = 0; i < 20'000; ++i) {
        Datagram bytes(dice() % 300);
        for (auto& byte : bytes)
            byte = static_cast<std::byte>(dice() & 0xff);
        if (!bytes.empty() && dice() % 2 == 0)
            bytes[0] = std::byte{static_cast<std::uint8_t>(dice() % 8)};
        b.session.on_receiver_frame(b.now, bytes);
        Datagram datagram = real;
        datagram[dice() % datagram.size()] ^= static_cast<std::byte>(1 + dice() % 255);
        if (dice() % 2 == 0) datagram.resize(dice() % datagram.size());
        if (datagram.empty()) continue;
        datagram[0] = static_cast<std::byte>(0xf8 + dice() % 8);
        b.deliver(datagram);
    }
    b.drive();
    CHECK(b.session.online());
    CHECK(b.events().empty());
    CHECK(b.server.requests.size() == 1);
    b.say("hi", "m");
    CHECK(b.events() == Lines{"2 own bob: hi", "accepted m as lobby 2"});
}
