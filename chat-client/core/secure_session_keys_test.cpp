// SPDX-License-Identifier: MIT
#include "chat-client/core/secure_test_support.h"

using namespace chat;
using namespace chat::client;

TEST_CASE("keys are changed after ten minutes, and nobody notices") {
    SecureBench b;
    b.come_in();
    const auto old_sid = b.server.members.back().client_sid;
    b.wait(seconds(539));
    CHECK(b.server.requests.size() == 1);
    b.wait(seconds(123));
    REQUIRE(b.server.requests.size() == 2);
    CHECK(b.server.requests[0].client_epoch == b.server.requests[1].client_epoch);
    CHECK(b.server.requests[1].prev_server_sid == b.server.members.front().server_sid);
    CHECK(b.server.members.back().client_sid != old_sid);
    CHECK(b.events().empty());
    CHECK(b.server.log.size() == 1);
    b.say("still here", "m");
    CHECK(b.events() == Lines{"2 own bob: still here", "accepted m as lobby 2"});
}

TEST_CASE("the previous key still holds for ten seconds, and then no longer") {
    SecureBench b;
    b.come_in();
    while (b.server.requests.size() == 1)
        b.wait(seconds(1));
    b.forget();
    auto& before = b.server.members.front();
    std::vector<std::byte> entry;
    frame::append_entry({frame::EntryKind::message, 0, {}, "carol", "old key"}, entry);
    b.wait(seconds(8));
    b.deliver(b.server.seal_for(before, frame::Events{1, 2, 1, entry}));
    CHECK(b.events() == Lines{"2 carol: old key"});
    b.wait(seconds(2));
    b.deliver(b.server.seal_for(before, frame::Events{1, 3, 1, entry}));
    CHECK(b.events().empty());
    CHECK(b.receiver->counters().unknown_sid == 1);
}

TEST_CASE("what belongs to a session is not believed under its previous key") {
    SecureBench b;
    b.come_in();
    while (b.server.requests.size() == 1)
        b.wait(seconds(1));
    b.forget();
    auto& before = b.server.members.front();
    b.deliver(b.server.seal_for(before, frame::Close{frame::CloseCode::kicked, 0}));
    b.server.stores = false;
    b.say("hi", "m");
    frame::MsgAck ack{2, 0, 1, {}};
    ack.results[0] = {1, 1, 9, frame::MsgStatus::stored};
    b.deliver(b.server.seal_for(before, ack));
    CHECK(b.events().empty());
    CHECK(b.session.waiting() == 1);
    CHECK(b.session.online());
}

TEST_CASE("a new log is never mixed with the old one, whatever comes late or early") {
    SecureBench b;
    b.come_in();
    auto old = std::move(b.server.members.back());
    b.server.new_log();
    b.server.start();
    b.server.sends_entries = false;
    std::vector<std::byte> entry;
    frame::append_entry({frame::EntryKind::message, 0, {}, "carol", "which log?"}, entry);
    // Entries under the new key, and only then WELCOME.
    Datagram welcome;
    b.to_client = [&welcome](Datagram& datagram) {
        if (datagram::type_of(datagram) != datagram::Type::data) return true;
        if (welcome.empty()) welcome = datagram;
        return false;
    };
    b.session.on_refused(b.now);
    b.drive();
    REQUIRE_FALSE(welcome.empty());
    b.mend();
    b.deliver(b.server.seal(frame::Events{1, 2, 1, entry}));
    CHECK(b.events() == Lines{"reconnecting: nobody answers at the server's address"});
    b.deliver(welcome);
    CHECK(b.events() == Lines{"error history_restarted", "online", "welcome bob to lobby, next 2"});
    b.deliver(b.server.seal_for(old, frame::Events{1, 2, 1, entry}));
    CHECK(b.events().empty());
    b.deliver(b.server.seal(frame::Events{1, 2, 1, entry}));
    CHECK(b.events() == Lines{"2 carol: which log?"});
}

TEST_CASE("a restarted server resets the session, and what was not accepted is sent again") {
    SecureBench b;
    b.come_in();
    b.say("one", "1");
    b.forget();
    b.server.start();
    b.server.stores = false;
    b.say("two", "2");
    CHECK(b.events() == Lines{"reconnecting: the server was started again", "online", "3 + bob"});
    b.server.stores = true;
    b.wait(seconds(5));
    CHECK(b.events() == Lines{"4 own bob: two", "accepted 2 as lobby 4"});
    CHECK(b.server.requests.back().acked_msg_id == 1);
    CHECK(b.server.requests.back().log_epoch == b.server.log_epoch);
}

TEST_CASE("only the right token resets") {
    SecureBench b;
    b.come_in();
    const auto sid = b.server.members.back().server_sid;
    const auto token = b.server.members.back().welcome.reset_token;
    auto wrong = token;
    wrong[15] ^= std::byte{1};
    const auto deliver = [&](std::uint32_t to, const frame::ResetToken& with) {
        const auto bytes = datagram::encode(datagram::Reset{to, with});
        b.deliver({bytes.begin(), bytes.end()});
        b.drive();
    };
    deliver(sid, wrong);
    deliver(sid + 1, token);
    deliver(sid, {});
    CHECK(b.server.requests.size() == 1);
    deliver(sid, token);
    CHECK(b.server.requests.size() == 2);
}

TEST_CASE("a new receiver process has no parts of long entries") {
    SecureBench b;
    b.come_in();
    b.server.append("carol", std::string(3000, 'x'));
    b.server.sends_entries = false;
    b.deliver(b.server.events(2, 2).at(1));
    b.drive();
    b.wait(seconds(1));
    CHECK(b.server.last_room_ack.gaps[0].have == 2);
    b.receiver = std::make_unique<Receiver>(*std::pmr::get_default_resource());
    b.session.on_receiver_started(b.now);
    b.drive();
    b.wait(seconds(1));
    CHECK(b.server.last_room_ack.gaps[0].have == 0);
    b.server.sends_entries = true;
    b.wait(seconds(1));
    CHECK(b.events().back().starts_with("2 carol: xxx"));
}

TEST_CASE("a new receiver process gets new keys") {
    SecureBench b;
    b.come_in();
    b.receiver = std::make_unique<Receiver>(*std::pmr::get_default_resource());
    b.session.on_receiver_started(b.now);
    b.drive();
    CHECK(b.events() == Lines{"reconnecting: the receiving process was started again", "online"});
    REQUIRE(b.server.requests.size() == 2);
    CHECK(b.server.requests[0].client_epoch == b.server.requests[1].client_epoch);
    CHECK(b.server.requests[1].prev_server_sid != 0);
    CHECK(b.server.log.size() == 1);
    b.say("hi", "m");
    CHECK(b.events() == Lines{"2 own bob: hi", "accepted m as lobby 2"});
}

TEST_CASE("a new receiver process in the middle of a handshake") {
    SecureBench b;
    b.to_client = [](Datagram& datagram) {
        return datagram::type_of(datagram) != datagram::Type::data;
    };
    b.log_in();
    b.receiver = std::make_unique<Receiver>(*std::pmr::get_default_resource());
    b.session.on_receiver_started(b.now);
    b.mend();
    b.drive();
    CHECK(b.session.online());
}

TEST_CASE("a server that stops is waited for as long as it says, at random") {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        SecureBench b(SecureBench::accept_new(), seed);
        b.come_in();
        b.hear(frame::Close{frame::CloseCode::stopping, 10'000});
        b.hear(frame::Close{frame::CloseCode::stopping, 10'000});
        CHECK(b.events() == Lines{"reconnecting: the server stops"});
        b.wait(milliseconds(999));
        CHECK(b.sent_count == 0);
        b.wait(milliseconds(10'001));
        CHECK(b.session.online());
    }
}
