// SPDX-License-Identifier: MIT
#include "chat-client/core/secure_test_support.h"

using namespace chat;
using namespace chat::client;

namespace {

bool is_over(const SecureBench& b, End how) {
    return b.session.end() == how && !b.session.next_deadline() && !b.session.wants_name();
}

}  // namespace

TEST_CASE("quit leaves at once when everything is accepted") {
    SecureBench b;
    b.come_in();
    b.server.append("carol", "seen");
    b.deliver(b.server.events(2, 2).front());
    b.session.take_events();
    b.quit();
    // He need not see again what he has seen.
    CHECK(b.heard() == Lines{"ROOM_ACK 3 credit 1024", "CLOSE"});
    CHECK(b.events() == Lines{"offline"});
    CHECK(is_over(b, End::left));
}

TEST_CASE("quit waits until the last message is accepted") {
    SecureBench b;
    b.come_in();
    b.server.stores = false;
    b.say("last words", "m");
    b.quit();
    b.wait(seconds(2));
    CHECK(b.heard("CLOSE").empty());
    CHECK_FALSE(b.session.end());
    b.server.stores = true;
    b.wait(seconds(4));
    CHECK(b.heard("CLOSE") == Lines{"CLOSE"});
    CHECK(is_over(b, End::left));
    CHECK(b.events() == Lines{"2 own bob: last words", "accepted m as lobby 2", "offline"});
}

TEST_CASE("quit waits until one's own last words have been shown, but not for ever") {
    SecureBench b;
    b.come_in();
    b.server.sends_entries = false;
    b.say("last words", "m");
    b.quit();
    CHECK(b.events() == Lines{"accepted m as lobby 2"});
    CHECK_FALSE(b.session.end());
    b.server.sends_entries = true;
    b.wait(seconds(1));
    CHECK(b.events() == Lines{"2 own bob: last words", "offline"});
    CHECK(is_over(b, End::left));

    SecureBench never;
    never.come_in();
    never.server.sends_entries = false;
    never.say("last words", "m");
    never.quit();
    never.wait(milliseconds(2'999));
    CHECK_FALSE(never.session.end());
    never.wait(milliseconds(1));
    CHECK(is_over(never, End::left));

    SecureBench deaf;
    deaf.come_in();
    deaf.session.set_accepts_events(deaf.now, false);
    deaf.say("last words", "m");
    deaf.quit();
    CHECK(is_over(deaf, End::left));
}

TEST_CASE("what was said before coming in is sent, and then it leaves") {
    SecureBench b;
    b.session.say(b.now, {}, "typed ahead", "m");
    b.session.log_in(b.now, "bob");
    b.quit();
    CHECK(is_over(b, End::left));
    CHECK(b.server.log.back().text == "typed ahead");

    SecureBench nothing_said;
    nothing_said.cut();
    nothing_said.log_in();
    nothing_said.quit();
    CHECK_FALSE(nothing_said.session.end());
    nothing_said.mend();
    nothing_said.wait(seconds(1));
    CHECK(is_over(nothing_said, End::left));
    CHECK(nothing_said.server.log.size() == 1);
}

TEST_CASE("CLOSE is repeated until the server has said it too, four times") {
    SecureBench b;
    b.come_in();
    b.server.stores = false;
    b.quit();
    b.wait(milliseconds(199));
    CHECK(b.sent_count == 1);
    b.wait(milliseconds(1));
    CHECK(b.sent_count == 2);
    b.wait(milliseconds(400));
    CHECK(b.sent_count == 3);
    b.wait(milliseconds(800));
    CHECK(b.sent_count == 4);
    CHECK_FALSE(b.session.end());
    b.wait(milliseconds(200));
    CHECK(is_over(b, End::left));
    CHECK(b.sent_count == 4);
    b.session.on_deadline(b.now);
    b.drive();
    CHECK(b.sent_count == 4);
}

TEST_CASE("a server that is gone is left at once, or given up if something is to be sent") {
    SecureBench b;
    b.session.set_gives_up(false);
    b.come_in();
    b.cut();
    b.say("too late");
    b.wait(seconds(11));
    b.forget();
    b.quit();
    b.wait(seconds(18));
    CHECK_FALSE(b.session.end());
    b.wait(seconds(2));
    CHECK(b.events() == Lines{"error unreachable", "offline"});
    CHECK(is_over(b, End::unreachable));

    SecureBench refused;
    refused.come_in();
    refused.server.stores = false;
    refused.quit();
    refused.session.on_refused(refused.now);
    CHECK(is_over(refused, End::left));

    SecureBench stopped;
    stopped.come_in();
    stopped.hear(frame::Close{frame::CloseCode::stopping, 5000});
    stopped.quit();
    CHECK(is_over(stopped, End::left));
}

TEST_CASE("quitting at once does not wait, at whatever moment") {
    SecureBench b;
    b.come_in();
    b.server.stores = false;
    b.say("unsent");
    b.session.quit_at_once(b.now);
    b.session.quit_at_once(b.now);  // before anything could be sent
    b.drive();
    CHECK(b.heard("CLOSE") == Lines{"CLOSE"});
    CHECK_FALSE(b.session.end());
    b.session.quit_at_once(b.now);
    CHECK(is_over(b, End::left));

    SecureBench nameless;
    nameless.session.quit_at_once(nameless.now);
    CHECK(is_over(nameless, End::left));

    SecureBench asking;
    asking.cut();
    asking.log_in();
    asking.session.quit_at_once(asking.now);
    CHECK(is_over(asking, End::left));

    SecureBench finishing;
    finishing.to_client = [](Datagram& datagram) {
        return datagram::type_of(datagram) != datagram::Type::data;
    };
    finishing.log_in();
    REQUIRE(finishing.server.members.size() == 1);
    finishing.session.quit_at_once(finishing.now);
    finishing.drive();
    CHECK(finishing.heard() == Lines{"CLOSE"});
}

TEST_CASE("the server ends the visit") {
    using enum frame::CloseCode;
    struct Row {
        frame::CloseCode code;
        std::string error;
    };
    const Row table[] = {
        {kicked, "error ended_by_server"}, {replaced, "error replaced"}, {full, "error room_full"}};
    for (const auto& row : table) {
        SecureBench b;
        b.come_in();
        b.hear(frame::Close{row.code, 0});
        CHECK(b.events() == Lines{row.error, "offline"});
        CHECK(is_over(b, End::refused));
    }
    SecureBench b;
    b.come_in();
    b.server.members.back().client_sid = b.server.members.back().client_sid;
    b.hear(frame::Close{quit, 0});
    CHECK(b.events() == Lines{"reconnecting: the server had given us up"});
    b.wait(seconds(2));
    CHECK(b.session.online());
}

TEST_CASE("secure: a network that takes no more now loses nothing") {
    SecureBench b;
    b.come_in();
    b.takes = 0;
    for (int i = 0; i < 10; ++i)
        b.session.say(b.now, {}, std::string(600, 'x'), std::to_string(i));  // one to a datagram
    b.drive();
    CHECK(b.heard().empty());
    for (int i = 0; i < 30; ++i) {
        b.takes = 1;
        b.drive();
    }
    b.takes = 1'000'000;
    b.wait(seconds(3));
    CHECK(b.session.waiting() == 0);
    CHECK(b.server.log.size() == 11);
}

TEST_CASE("a pipe is slowed down, and what was read already is not lost") {
    SecureSessionConfig config = SecureBench::accept_new();
    config.outbox_max = 3;
    SecureBench b(config);
    for (int i = 0; i < 5; ++i) {
        CHECK(b.session.accepts_input() == (i < 3));
        CHECK(b.session.say(b.now, {}, std::to_string(i), {}));
    }
    b.log_in();
    b.wait(seconds(1));
    CHECK(b.session.accepts_input());
    CHECK(b.server.log.size() == 6);
}
