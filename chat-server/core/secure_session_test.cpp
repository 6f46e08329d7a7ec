// SPDX-License-Identifier: MIT
// Who gets in, under which name, with which keys and from where, and how he goes.
#include "chat-server/core/limits.h"
#include "chat-server/core/test_support.h"
#include "proto/session/reset_token.h"

using namespace chat;
using namespace chat::server;

TEST_CASE("both protocols share one room, and each entry says whether its author proved himself") {
    SecureBench b;
    const IpAddress here = IpAddress::v4(127, 0, 0, 1);
    b.arrive(at(1, here), "L nc");
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("小明", 11);
    CHECK(b.hear_classic(1) == Lines{"OK", "\n欢迎 bob 进入聊天室", "\n欢迎 小明 进入聊天室"});
    b.say(bob, 1, "two\nlines");
    b.arrive(at(1, here), "C nc hi");
    b.announce("all");
    b.send(bob, frame::Close{frame::CloseCode::quit, 0});
    CHECK(b.hear_classic(1) ==
          Lines{"\nbob 说: two lines", "\n管理员 说: all", "\nbob 离开了聊天室"});
    CHECK(eve.lines() == Lines{"bob: two\nlines", "~nc: hi", "! all", "-bob"});
    CHECK(bob.lines() == Lines{"+小明", "bob: two\nlines", "~nc: hi", "! all"});
    CHECK(codes(bob) == Codes{frame::CloseCode::quit});
    CHECK(b.command("who").find("小明  port 11  " + fingerprint(eve.identity.public_key) +
                                "  here for 0 s") != std::string::npos);
    CHECK(b.command("who").find("nc  port 1  classic") != std::string::npos);
    CHECK(b.command("stats").find("handshakes          2") != std::string::npos);
}

TEST_CASE("datagrams that come together are taken in their order, whoever goes meanwhile") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    std::vector<Bytes> sent;
    std::vector<ReceivedDatagram> together;
    const auto say = [&](TestClient& from, std::uint64_t msg_id, std::string_view text) {
        Plaintext plaintext;
        plaintext << message(1, msg_id, 0, 1, text);
        sent.push_back(from.seal(plaintext));
    };
    Plaintext end;
    end << frame::Close{frame::CloseCode::quit, 0};
    say(bob, 1, "one");
    say(eve, 1, "two");
    sent.push_back({});
    sent.push_back(bob.seal(end));
    say(bob, 2, "too late");
    sent.push_back(Bytes(100, std::byte{0xfc}));
    for (std::uint64_t msg_id = 2; msg_id < 12; ++msg_id)
        say(eve, msg_id, "more");
    for (Bytes& bytes : sent)
        together.push_back({eve.path, bytes});
    for (const std::size_t of_bob : {0U, 3U, 4U})
        together[of_bob].path = bob.path;
    const auto before = b.counters().datagrams_received;
    b.server->on_datagrams(b.now, together);
    b.drive();
    Lines heard{"bob: one", "eve: two", "-bob"};
    heard.resize(13, "eve: more");
    CHECK(eve.lines() == heard);
    CHECK(codes(bob) == Codes{frame::CloseCode::quit});
    CHECK(b.counters().datagrams_received - before == together.size());
}

TEST_CASE("welcome says where the log is, and the log keeps who it was") {
    SecureBench b;
    b.announce("one");
    auto& bob = b.member("Bob", 10);
    CHECK(bob.welcome_name == "Bob");
    CHECK(bob.welcome->room == 1);
    REQUIRE(bob.lobby.room);
    CHECK(bob.lobby.name == "lobby");
    CHECK(bob.lobby.room->flags == frame::room_is_new_to_him);
    CHECK(bob.lobby.room->next_seq == 3);
    CHECK(bob.lobby.room->head == 3);
    CHECK(bob.lobby.room->tail == 1);
    CHECK(bob.welcome->next_msg_id == 1);
    CHECK(bob.welcome->flags == 0);
    CHECK(bob.welcome->reset_token == reset_token(session_test::key_of(9), 5, bob.server_sid()));
    CHECK((bob.server_sid() & 0xff) == 5);
    CHECK(bob.offer().log_epoch == 77);
    CHECK(bob.offer().ack_delay_ms == 25);
    CHECK(bob.offer().keepalive_s == 25);
    CHECK(bob.offer().idle_s == 180);
    b.say(bob, 1, "hi");
    const Page page = *b.log.read({1, 1, 10, 10'000});
    REQUIRE(page.entries.size() == 3);
    CHECK_FALSE(page.entries[0].entry.origin.verified);
    for (const std::size_t i : {1U, 2U}) {
        const Origin& origin = page.entries[i].entry.origin;
        CHECK(origin.verified);
        CHECK(origin.key == bob.identity.public_key);
        CHECK(origin.person == 1);
        CHECK(origin.client_epoch == (i == 1 ? 0 : bob.epoch));  // joining is not a program's act
        CHECK(origin.msg_id == i - 1);
    }
}

TEST_CASE("a name belongs to the first key that used it, and nobody gets one like it") {
    SecureBench b;
    const IpAddress here = IpAddress::v4(127, 0, 0, 1);
    auto& bob = b.member("Bob", 10);
    b.send(bob, frame::Close{frame::CloseCode::quit, 0});
    REQUIRE(b.server->chat().roster().size() == 0);
    // He is not here, and still it is his.
    for (const char* taken : {"L bob", "L BOB", "L bоb"}) {
        b.arrive(at(1, here), taken);
        CHECK(b.hear_classic(1) == Lines{"该用户已存在"});
    }
    struct Row {
        const char* name;
        frame::CloseCode code;
    };
    b.arrive(at(2, here), "L tom");
    const Row table[] = {
        {"bob", frame::CloseCode::name_owned},    {"ｂｏｂ", frame::CloseCode::name_owned},
        {"Tom", frame::CloseCode::name_taken},    {"admin", frame::CloseCode::name_taken},
        {"管理员", frame::CloseCode::name_taken}, {"a b", frame::CloseCode::name_unusable},
        {"", frame::CloseCode::name_unusable},
    };
    std::uint16_t port = 20;
    for (const auto& row : table) {
        CAPTURE(row.name);
        auto& who = b.client(row.name, port++);
        b.log_in(who);
        CHECK_FALSE(who.welcome);
        CHECK(codes(who) == Codes{row.code});
    }
    CHECK(b.server->chat().roster().size() == 1);
    b.log_in(bob);
    CHECK(bob.welcomes == 2);
    const auto people = b.kept.stored().people;
    REQUIRE(people.size() == 1);
    CHECK(people[0].name == "Bob");
    CHECK(people[0].key == bob.identity.public_key);
}

TEST_CASE("a key owns eight names and no more; restored ones count") {
    SecureBench b;
    auto& bob = b.member("first", 10);
    b.send(bob, frame::Close{frame::CloseCode::quit, 0});
    b.restart();
    for (int i = 1; i < 8; ++i) {
        bob.name = "n" + std::to_string(i);
        ++bob.epoch;
        b.log_in(bob);
        b.send(bob, frame::Close{frame::CloseCode::quit, 0});
    }
    CHECK(bob.welcomes == 8);
    bob.forget();
    bob.name = "n8";
    b.log_in(bob);
    CHECK(codes(bob) == Codes{frame::CloseCode::too_many_names});
    bob.forget();
    bob.name = "First";
    b.log_in(bob);
    CHECK(bob.welcomes == 1);
    auto& eve = b.client("first", 11);
    b.log_in(eve);
    CHECK(codes(eve) == Codes{frame::CloseCode::name_owned});
}

TEST_CASE("a refusal is repeated for the same FINI, and the next handshake may have another name") {
    SecureBench b;
    b.member("bob", 10);
    auto& eve = b.client("bob", 11);
    eve.deaf = true;
    eve.start(b.now);
    eve.deaf = false;
    b.handshake_until(eve, Initiator::Step::deciding);
    eve.trust(b.now);
    eve.take_keys();
    const Bytes fini = b.handshake_datagram(eve);
    b.arrive(eve.path, fini);
    CHECK(eve.closes.size() == 1);
    const auto before = b.traffic[eve.path.peer].bytes_out;
    eve.deaf = true;  // the very same datagram, which an opener would take for a replay
    b.arrive(eve.path, fini);
    CHECK(b.traffic[eve.path.peer].bytes_out == before + 48);
    eve.deaf = false;
    eve.name = "eve";
    b.log_in(eve);
    CHECK(eve.welcome);
}

TEST_CASE("the wrong password is refused, the right one is not") {
    BenchSettings settings;
    settings.password = "sesame";
    SecureBench b(settings);
    auto& bob = b.client("bob", 10);
    b.log_in(bob);
    CHECK(bob.handshake().step() == Initiator::Step::refused);
    CHECK(bob.handshake().needs_password());
    CHECK(b.server->chat().roster().size() == 0);
    bob.password_key = password_key("sesame", b.key)->bytes();
    b.log_in(bob);
    CHECK(bob.welcome);
}

TEST_CASE("nobody is welcome before the log has his join") {
    SecureBench b;
    b.commits = false;
    auto& bob = b.client("bob", 10);
    b.log_in(bob);
    CHECK(bob.welcomes == 0);
    b.push_handshake(bob);
    b.send(bob, message(1, 1, 0, 1, "too early"));
    CHECK(bob.datagrams == 2);  // RETRY, RESP
    b.commits = true;
    b.drive();
    CHECK(bob.welcomes == 1);
    CHECK(bob.lobby.room->head == 2);
    CHECK(b.head() == 2);
}

TEST_CASE("a repeated FINI gets a new WELCOME every 100 ms, from where it was proved only") {
    SecureBench b;
    auto& bob = b.client("bob", 10);
    bob.start(b.now);
    b.handshake_until(bob, Initiator::Step::deciding);
    bob.trust(b.now);
    bob.take_keys();
    const Bytes fini = b.handshake_datagram(bob);
    for (int i = 0; i < 5; ++i)
        b.arrive(bob.path, fini);
    CHECK(bob.welcomes == 1);
    b.wait(milliseconds(100));
    b.arrive(bob.path, fini);
    b.wait(milliseconds(100));
    b.arrive(at(666), fini);
    Bytes altered = fini;
    altered[100] ^= std::byte{1};
    b.wait(milliseconds(100));
    b.arrive(bob.path, altered);
    CHECK(bob.welcomes == 2);
    CHECK(b.outside.empty());
    CHECK(b.head() == 2);
    for (const std::size_t size : bob.sizes)
        CHECK(size <= 256);  // no longer than FINI
}

TEST_CASE("the same program start goes on under new keys; the old ones open for ten seconds") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    b.say(bob, 1, "a");
    b.ack(bob);
    const Seq head = b.head();
    bob.request.prev_server_sid = bob.server_sid();
    bob.request.log_epoch = 77;
    bob.request.next_seq = bob.next_seq;
    bob.request.acked_msg_id = 1;
    b.log_in(bob);
    CHECK(bob.welcomes == 2);
    CHECK(bob.welcome->flags == (frame::welcome_epoch_known | frame::welcome_resumed));
    CHECK(bob.welcome->next_msg_id == 2);
    CHECK(b.head() == head);  // no entry
    Plaintext old_key;
    old_key << message(1, 2, 0, 1, "under the old key");
    b.arrive(bob.path, bob.seal(old_key, true));
    b.say(bob, 3, "under the new one");
    CHECK(eve.lines().back() == "bob: under the new one");
    CHECK(b.head() == head + 2);
    b.wait(seconds(10));
    Plaintext too_old;
    too_old << message(1, 4, 0, 1, "x");
    b.arrive(bob.path, bob.seal(too_old, true));
    CHECK(b.head() == head + 2);
    CHECK(b.counters().unknown_sessions == 1);
    b.say(bob, 4, "y");
    CHECK(b.head() == head + 3);
}

TEST_CASE("a key is dropped after 900 seconds, and a session without one ends in silence") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    for (int i = 0; i < 44; ++i) {
        b.wait(seconds(20));
        b.send(bob, frame::Ping{});
    }
    CHECK(b.server->chat().roster().size() == 1);
    CHECK(b.counters().unknown_sessions == 0);
    b.wait(seconds(21));
    const auto heard = bob.datagrams;
    b.send(bob, frame::Ping{});
    b.wait(seconds(1));
    CHECK(b.counters().unknown_sessions == 1);
    CHECK(bob.datagrams == heard);
    b.wait(seconds(170));
    CHECK(b.server->chat().roster().size() == 0);
    CHECK(bob.datagrams == heard);
    b.log_in(bob);
    CHECK(bob.welcomes == 2);
}

TEST_CASE("the same program start under another name goes and comes") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    b.say(bob, 1, "a");
    bob.name = "rob";
    bob.request.acked_msg_id = 1;
    bob.request.log_epoch = 77;
    b.log_in(bob);
    CHECK(bob.welcome_name == "rob");
    CHECK(bob.welcome->next_msg_id == 2);
    b.say(bob, 2, "b");
    CHECK(eve.lines() == Lines{"bob: a", "-bob", "+rob", "rob: b"});
    CHECK(b.server->chat().roster().size() == 2);
}

TEST_CASE("who quits and comes back before the log answers is a new member") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    b.commits = false;
    b.send(bob, frame::Close{frame::CloseCode::quit, 0});
    ++bob.epoch;
    bob.welcome.reset();
    b.log_in(bob);
    CHECK_FALSE(bob.welcome);
    bob.deaf = true;  // the end of the first session, under keys that are gone
    b.commits = true;
    b.drive();
    bob.deaf = false;
    b.wait(milliseconds(600));
    b.push_handshake(bob);
    CHECK(bob.welcomes == 2);
    CHECK(b.server->chat().roster().size() == 1);
    CHECK(b.head() == 4);
    CHECK(bob.lobby.room->flags == 0);
    b.say(bob, 1, "here");
    CHECK(b.head() == 5);
}

TEST_CASE("who had seen part of this log goes on there; of another log he does not") {
    struct Row {
        std::uint64_t log_epoch;
        Seq next_seq;
        Seq expected;
        bool resumed;
    };
    const Row table[] = {
        {77, 2, 2, true}, {77, 5, 5, true}, {77, 6, 6, false}, {78, 2, 6, false}, {77, 0, 6, false},
    };
    for (const auto& row : table) {
        CAPTURE(row.log_epoch, row.next_seq);
        SecureBench b;
        for (const char* text : {"1", "2", "3", "4"})
            b.announce(text);
        auto& bob = b.client("bob", 10);
        bob.request.log_epoch = row.log_epoch;
        bob.request.next_seq = row.next_seq;
        b.log_in(bob);
        REQUIRE(bob.welcome);
        CHECK(bob.lobby.room->next_seq == row.expected);
        CHECK(bob.welcome->flags == (row.resumed ? frame::welcome_resumed : 0));
        CHECK(bob.entries.size() == 6 - row.expected);
    }
}

TEST_CASE("an end is repeated for ten seconds, and then the session is forgotten") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    b.send(bob, frame::Close{frame::CloseCode::kicked, 0});  // not his to say
    CHECK(b.counters().malformed == 1);
    b.send(bob, frame::Close{frame::CloseCode::quit, 0});
    for (const Duration pause : {milliseconds(200), milliseconds(400), milliseconds(800)}) {
        b.wait(pause);
        b.send(bob, frame::Close{frame::CloseCode::quit, 0});
    }
    CHECK(bob.closes.size() == 4);
    b.wait(seconds(10));
    b.send(bob, frame::Ping{});
    CHECK(bob.closes.size() == 4);
    CHECK(b.counters().unknown_sessions == 1);
    CHECK(b.server->idle());
    CHECK_FALSE(b.server->next_deadline());
}

TEST_CASE("the operator removes members of either protocol") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    CHECK(b.command("kick BOB") == "bob was removed from the room");
    CHECK(codes(bob) == Codes{frame::CloseCode::kicked});
    CHECK(eve.lines() == Lines{"-bob"});
    b.say(bob, 1, "x");
    CHECK(codes(bob) == Codes{frame::CloseCode::kicked, frame::CloseCode::kicked});
    CHECK(eve.lines() == Lines{"-bob"});
}

TEST_CASE("at the end everybody hears the last words and is told twice when to come back") {
    SecureBench b;
    std::vector<TestClient*> all;
    for (std::uint16_t i = 0; i < 20; ++i)
        all.push_back(&b.member("m" + std::to_string(i), static_cast<std::uint16_t>(100 + i)));
    for (auto* one : all)
        one->forget();
    b.server->on_shutdown(b.now);
    CHECK_FALSE(b.server->idle());
    b.drive();
    for (auto* one : all) {
        CHECK(one->lines().back().starts_with("! "));
        REQUIRE(one->closes.size() == 1);
        CHECK(one->closes[0].code == frame::CloseCode::stopping);
        CHECK(one->closes[0].wait_ms == 10);
    }
    CHECK_FALSE(b.server->idle());
    b.wait(milliseconds(150));
    for (auto* one : all)
        CHECK(one->closes.size() == 2);
    b.send(*all[0], frame::Ping{});
    CHECK(all[0]->closes.size() == 3);
    auto& late = b.client("late", 300);
    late.start(b.now);
    b.push_handshake(late);
    CHECK(late.datagrams == 0);
    CHECK(b.server->idle());
}

TEST_CASE("who is silent for three minutes has left; who pings has not") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    for (int i = 0; i < 8; ++i) {
        b.wait(seconds(25));
        b.send(eve, frame::Ping{});
    }
    CHECK(eve.lines() == Lines{"-bob"});
    CHECK(bob.closes.empty());
    CHECK(b.server->chat().roster().size() == 1);
    REQUIRE(!eve.heads.empty());
    CHECK(eve.heads.back().head == 4);
    CHECK(eve.heads.back().tail == 1);
}

TEST_CASE("after a restart all is as before: names, messages, the exact number") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    for (std::uint64_t id = 1; id <= 40; ++id)
        b.say(bob, id, "m" + std::to_string(id));
    b.ack(bob);
    b.ack(eve);
    b.wait(seconds(2));  // how far they are is stored, too
    b.say(bob, 41, "not acknowledged");
    const Seq head = b.head();
    b.restart();
    CHECK(b.server->chat().roster().size() == 2);
    b.send(bob, frame::Ping{});
    REQUIRE(bob.resets.size() == 1);
    CHECK(bob.resets[0].token == bob.welcome->reset_token);
    auto& thief = b.client("bob", 12);
    b.log_in(thief);
    CHECK(codes(thief) == Codes{frame::CloseCode::name_owned});
    // He forgets the last results, as if they had got lost.
    bob.request = {.acked_msg_id = 38,
                   .prev_server_sid = bob.server_sid(),
                   .log_epoch = 77,
                   .next_seq = bob.next_seq};
    bob.forget();
    b.log_in(bob);
    CHECK(bob.welcomes == 1);
    CHECK(bob.welcome->flags == (frame::welcome_epoch_known | frame::welcome_resumed));
    CHECK(bob.welcome->next_msg_id == 42);
    CHECK(bob.came.empty());  // he has the last one
    CHECK(b.head() == head);  // and there is no entry: he was there all the time
    b.say(bob, 39, "m39");
    b.wait(milliseconds(30));
    REQUIRE(!bob.msg_acks.empty());
    REQUIRE(bob.msg_acks.back().count == 3);
    CHECK(bob.msg_acks.back().results[0].msg_id == 39);
    CHECK(bob.msg_acks.back().results[0].seq == head - 3);
    b.say(bob, 42, "after it");
    CHECK(b.head() == head + 1);
    // Another program of his begins where he is, not where this one is.
    auto& late = b.client("eve", 13);
    late.identity = eve.identity.copy();
    b.log_in(late);
    CHECK(late.lobby.room->next_seq == head - 1);
    CHECK(late.lines() == Lines{"bob: not acknowledged", "bob: after it"});
}

TEST_CASE("who does not come back within three minutes of a restart has left") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    b.join(eve, "dev");
    b.restart();
    b.wait(seconds(170));
    bob.request.log_epoch = 77;
    bob.request.next_seq = bob.next_seq;
    b.log_in(bob);
    b.wait(seconds(9));
    CHECK(b.server->chat().roster().size() == 2);
    b.wait(seconds(1));
    CHECK(b.server->chat().roster().size() == 1);
    CHECK(bob.lines() == Lines{"+eve", "-eve"});
    CHECK(b.kept.lines(2) == Lines{"+eve", "-eve"});
    CHECK(b.server->secure().members() == 1);
}

TEST_CASE("the room is full for both protocols together") {
    SecureBench b;
    ServerConfig config;
    config.members_max = 100;
    b.server->reconfigure(config);
    b.hold = true;
    for (std::size_t i = 0; i < config.members_max; ++i) {
        b.arrive(at(static_cast<std::uint16_t>(i + 1), IpAddress::v4(127, 0, 0, 1)),
                 "L u" + std::to_string(i));
    }
    b.hold = false;
    b.drive();
    auto& late = b.client("late", 10);
    b.log_in(late);
    CHECK(codes(late) == Codes{frame::CloseCode::full});
    CHECK(b.kept.stored().people.empty());
}
