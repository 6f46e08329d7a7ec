// SPDX-License-Identifier: MIT
#include "chat-client/core/test_support.h"
#include "proto/wire/limits.h"

using namespace chat;
using namespace chat::client;

TEST_CASE("after silence the server is asked, each client at its own time") {
    std::set<std::int64_t> times;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SessionBench b({}, seed * 7919);
        b.come_in();
        const Duration silence = b.wait_for_datagram();
        CHECK(b.sent() == Lines{"L bob"});
        CHECK(silence >= heartbeat_min);
        CHECK(silence <= heartbeat_max);
        times.insert(silence.us);
    }
    CHECK(times.size() > 5);
}

TEST_CASE("while anything is heard the server is not asked") {
    SessionBench b;
    b.come_in();
    for (int i = 0; i < 30; ++i) {
        b.wait(seconds(15));
        b.hear(i % 2 == 0 ? "\neve 说: hi" : "a sentence of the server");
    }
    CHECK(b.sent().empty());
    CHECK(b.session.online());
}

TEST_CASE("both kinds of server answer the heartbeat in their own way") {
    for (const char* answer : {"OK", "该用户已存在"}) {
        CAPTURE(answer);
        SessionBench b;
        b.come_in();
        for (int i = 0; i < 5; ++i) {
            CHECK(b.wait_for_datagram() >= heartbeat_min);
            b.zero_clock();
            b.hear(answer);
            CHECK(b.sent() == Lines{"L bob"});
        }
        CHECK(b.events().empty());
        CHECK(b.session.online());
    }
}

TEST_CASE("an original server started again between two heartbeats is still an original server") {
    SessionBench b;
    b.come_in();
    for (const char* answer : {"该用户已存在", "OK", "该用户已存在"}) {
        b.wait_for_datagram();
        b.hear(answer);
        CHECK(b.session.online());
    }
    CHECK(b.events().empty());
}

TEST_CASE("an answer that comes late or twice says nothing about the kind of server") {
    SessionBench b;
    b.come_in();
    SECTION("OK from an original server") {
        b.hear("OK");
        b.wait_for_datagram();
        b.hear("该用户已存在");
        CHECK(b.session.online());
        CHECK(b.events().empty());
    }
    SECTION("one of our servers about a name tried before") {
        b.hear("该用户已存在");
        CHECK(b.session.online());
        b.wait_for_datagram();
        b.hear("OK");
        b.wait_for_datagram();
        b.hear("该用户已存在");
        CHECK(b.session.wants_name());
    }
}

TEST_CASE("a lost heartbeat is repeated, and any answer ends the doubt") {
    SessionBench b;
    b.come_in();
    b.wait_for_datagram();
    b.zero_clock();
    b.wait(milliseconds(9999));
    CHECK(b.session.online());
    CHECK(b.sent_timed().size() == 7);  // 500, 1250, 2375, 4062, 6593, 9593 ms after the first
    b.hear("\neve 说: hi");
    b.wait(heartbeat_min - milliseconds(1));
    CHECK(b.sent().empty());
    CHECK(b.events() == Lines{"1 eve: hi"});
}

TEST_CASE("a silent server is missed ten seconds after it was asked, and thirty are the end") {
    SessionBench b;
    b.come_in();
    b.wait_for_datagram();
    b.wait(milliseconds(9999));
    CHECK(b.events().empty());
    b.wait(milliseconds(1));
    CHECK(b.events() == Lines{unanswered});
    CHECK_FALSE(b.session.online());
    b.wait(milliseconds(19'999));
    CHECK_FALSE(b.session.end());
    b.wait(milliseconds(1));
    CHECK(b.events() == Lines{"error unreachable", "offline"});
    CHECK(is_over(b, End::unreachable));
}

TEST_CASE("a server that was gone is logged in to again, and nothing said meanwhile is lost") {
    SessionBench b;
    b.come_in();
    b.say("before");
    b.zero_clock();
    b.forget();
    b.refuse();
    CHECK(b.events() == Lines{nobody_there});
    CHECK_FALSE(b.session.online());
    CHECK_FALSE(b.session.never_reached());
    b.say("while away");
    b.wait(milliseconds(2500));
    b.refuse();
    CHECK(b.sent_timed() == Lines{"500 L bob", "1250 L bob", "2375 L bob"});
    CHECK(b.events().empty());
    CHECK(b.session.waiting() == 1);
    b.hear("OK");
    CHECK(b.events() == Lines{"online", "2 own bob: while away"});
    CHECK(b.sent() == Lines{"C bob while away"});
    CHECK(b.wait_for_datagram() >= heartbeat_min);  // all is as before
}

TEST_CASE("an original server that knows us still has not lost us") {
    SessionBench b;
    b.come_in();
    b.refuse();
    b.wait(milliseconds(500));
    b.forget();
    b.hear("该用户已存在");
    CHECK(b.events() == Lines{"online"});
    CHECK(b.session.online());
}

TEST_CASE("a server that is gone is given up after thirty seconds, or waited for without end") {
    SECTION("given up") {
        SessionBench b;
        b.come_in();
        b.refuse();
        b.wait(milliseconds(29'999));
        CHECK(b.events() == Lines{nobody_there});
        b.wait(milliseconds(1));
        CHECK(b.events() == Lines{"error unreachable", "offline"});
        CHECK(is_over(b, End::unreachable));
    }
    SECTION("waited for") {
        SessionBench b;
        b.session.set_gives_up(false);
        b.come_in();
        b.refuse();
        b.wait(seconds(600));
        CHECK(b.sent().size() > 190);  // every three seconds
        CHECK(b.events() == Lines{nobody_there});
        b.hear("OK");
        CHECK(b.events() == Lines{"online"});
    }
    SECTION("a second loss has thirty seconds of its own") {
        SessionBench b;
        b.come_in();
        for (int i = 0; i < 3; ++i) {
            b.refuse();
            b.wait(seconds(29));
            b.hear("OK");
        }
        CHECK(b.session.online());
    }
}

TEST_CASE("who finds his name taken on his return chooses another one") {
    SessionBench b;
    b.come_in();
    b.wait_for_datagram();
    b.hear("OK");  // so this is a server that knows its members
    b.forget();
    SECTION("the loss was noticed") {
        b.refuse();
        b.events();
        b.hear("该用户已存在");
    }
    SECTION("the loss was not noticed") {
        b.hear("该用户已存在");
    }
    CHECK(b.events() == Lines{"error name_taken"});
    CHECK(b.session.wants_name());
    b.sent();
    b.say("kept");
    b.log_in("rob");
    CHECK(b.sent() == Lines{"L rob"});
    b.hear("该用户已存在");
    CHECK(b.events() == Lines{"connecting", "error name_taken"});
    b.log_in("robin");
    b.hear("OK");
    CHECK(b.sent() == Lines{"L robin", "C robin kept"});
    CHECK(b.events() == Lines{"connecting", "online", "1 own robin: kept"});
}

TEST_CASE("a visit the server ends is over, with a reason") {
    SessionBench b;
    b.log_in("bob");
    b.events();
    b.hear("EXIT");  // an earlier visit's
    CHECK_FALSE(b.session.end());
    CHECK(b.events().empty());
    b.hear("OK");
    b.forget();
    b.hear("EXIT");
    CHECK(b.events() == Lines{"error ended_by_server", "offline"});
    CHECK(is_over(b, End::refused));
    CHECK(b.sent().empty());
}

TEST_CASE("a full room is the end, before the visit and on the return") {
    for (const bool returning : {false, true}) {
        CAPTURE(returning);
        SessionBench b;
        if (returning) {
            b.come_in();
            b.refuse();
        } else {
            b.log_in("bob");
        }
        b.events();
        b.hear("聊天室已满");
        CHECK(b.events() == Lines{"error room_full", "offline"});
        CHECK(is_over(b, End::refused));
    }
}
