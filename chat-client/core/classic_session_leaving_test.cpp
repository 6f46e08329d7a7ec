// SPDX-License-Identifier: MIT
#include "chat-client/core/test_support.h"
#include "proto/wire/limits.h"

using namespace chat;
using namespace chat::client;

TEST_CASE("leaving waits for the log-in and for what is still to be sent") {
    SessionBench b;
    b.log_in("bob");
    for (int i = 0; i < 34; ++i)
        b.say(std::to_string(i));
    b.quit();
    b.wait(milliseconds(600));
    CHECK(b.sent() == Lines{"L bob", "L bob"});
    b.zero_clock();
    b.hear("OK");
    CHECK(b.sent().size() == 32);
    b.wait(milliseconds(30));
    CHECK(b.sent_timed() == Lines{"10 C bob 32", "20 C bob 33", "20 Q bob"});
    CHECK_FALSE(b.session.end());
    b.events();
    b.hear("\neve 说: bye");
    b.hear("EXIT");
    CHECK(b.events() == Lines{"35 eve: bye", "offline"});
    CHECK(is_over(b, End::left));
}

TEST_CASE("leaving, from every state, with the right end") {
    SECTION("without a name there is nobody to leave") {
        SessionBench b;
        b.quit();
        CHECK(is_over(b, End::left));
        CHECK(b.events() == Lines{"offline"});
        CHECK(b.sent().empty());
    }
    SECTION("logged in and nothing to send") {
        SessionBench b;
        b.come_in();
        b.quit();
        b.quit();
        CHECK(b.sent() == Lines{"Q bob"});
    }
    SECTION("logging in and nothing to send") {
        SessionBench b;
        b.log_in("bob");
        b.quit();
        CHECK(b.sent() == Lines{"L bob"});
        b.hear("OK");
        CHECK(b.sent() == Lines{"Q bob"});
        b.hear("EXIT");
        CHECK(is_over(b, End::left));
    }
    SECTION("the name is refused while leaving waits") {
        SessionBench b;
        b.log_in("bob");
        b.say("never heard");
        b.quit();
        b.hear("该用户已存在");
        CHECK(is_over(b, End::refused));
    }
    SECTION("the server is never reached while leaving waits") {
        SessionBench b;
        b.log_in("bob");
        b.quit();
        b.wait(seconds(30));
        CHECK(is_over(b, End::unreachable));
    }
    SECTION("the server is gone and there is nothing to send: nothing to wait for") {
        SessionBench b;
        b.session.set_gives_up(false);
        b.come_in();
        b.refuse();
        b.quit();
        CHECK(b.sent() == Lines{"Q bob"});
        b.refuse();
        CHECK(is_over(b, End::left));
    }
    SECTION("the server is gone and something is still to be sent") {
        SessionBench b;
        b.come_in();
        b.refuse();
        b.say("last words");
        b.quit();
        b.wait(milliseconds(500));
        b.hear("OK");
        CHECK(b.sent() == Lines{"L bob", "C bob last words", "Q bob"});
    }
    SECTION("the server is gone for good: who has asked to leave waits for it no longer") {
        SessionBench b;
        b.session.set_gives_up(false);
        b.come_in();
        b.refuse();
        b.say("last words");
        b.wait(seconds(10));
        b.quit();
        b.wait(seconds(20));
        CHECK(is_over(b, End::unreachable));
    }
}

TEST_CASE("Q is said three times, then it is over without an answer") {
    SessionBench b;
    b.come_in();
    b.zero_clock();
    b.quit();
    b.wait(milliseconds(1399));
    b.hear("OK");  // to a repeated L; no answer to Q
    CHECK(b.sent_timed() == Lines{"0 Q bob", "200 Q bob", "600 Q bob"});
    CHECK_FALSE(b.session.end());
    b.wait(milliseconds(1));
    CHECK(is_over(b, End::left));
    CHECK(b.sent().empty());
}

TEST_CASE("a network blocked beyond the end of Q's patience does not see a fourth one") {
    SessionBench b;
    b.come_in();
    b.quit();
    b.wait(milliseconds(700));
    b.set_takes(0);
    b.wait(seconds(5));
    b.sent();
    b.set_takes(1);
    b.drive();
    CHECK(b.sent().empty());
    b.wait(milliseconds(0));
    CHECK(is_over(b, End::left));
}

TEST_CASE("nobody there to say goodbye to: gone is gone") {
    SessionBench b;
    b.come_in();
    b.quit();
    b.refuse();
    CHECK(b.events() == Lines{"offline"});
    CHECK(is_over(b, End::left));
}

TEST_CASE("leaving at once drops what waits") {
    SECTION("online") {
        SessionBench b;
        b.come_in();
        for (int i = 0; i < 40; ++i)
            b.say("x");
        b.forget();
        b.quit_at_once();
        b.wait(milliseconds(100));
        CHECK(b.sent() == Lines{"Q bob"});
        CHECK(b.session.waiting() == 0);
        b.quit_at_once();  // the second Ctrl-C
        CHECK(is_over(b, End::left));
    }
    SECTION("a polite goodbye is waiting for the outbox") {
        SessionBench b;
        b.come_in();
        for (int i = 0; i < 40; ++i)
            b.say("x");
        b.quit();
        b.forget();
        b.quit_at_once();
        CHECK(b.sent() == Lines{"Q bob"});
    }
    SECTION("logging in: the server may know us already") {
        SessionBench b;
        b.log_in("bob");
        b.say("x");
        b.quit_at_once();
        CHECK(b.sent() == Lines{"L bob", "Q bob"});
        b.hear("OK");
        CHECK(b.sent().empty());
        b.hear("EXIT");
        CHECK(is_over(b, End::left));
    }
    SECTION("nothing has been sent yet") {
        SessionBench b;
        b.set_takes(0);
        b.log_in("bob");
        b.quit_at_once();
        CHECK(is_over(b, End::left));
    }
    SECTION("without a name") {
        SessionBench b;
        b.quit_at_once();
        CHECK(is_over(b, End::left));
    }
    SECTION("the name is somebody else's, who must not be logged out") {
        SessionBench b;
        b.log_in("bob");
        b.hear("该用户已存在");
        b.sent();
        b.quit_at_once();
        b.wait(seconds(2));
        CHECK(b.sent().empty());
        CHECK(is_over(b, End::left));
    }
}

TEST_CASE("input is accepted until enough is waiting") {
    SessionTimes times;
    times.outbox_max = 3;
    SessionBench b(times);
    b.log_in("bob");
    for (int i = 0; i < 3; ++i) {
        CHECK(b.session.accepts_input());
        b.say("x");
    }
    CHECK_FALSE(b.session.accepts_input());
    b.say("what was read already is not lost");
    b.forget();
    b.hear("OK");
    CHECK(b.sent().size() == 4);
    CHECK(b.session.accepts_input());
}

TEST_CASE("a network that takes no more now loses and repeats nothing") {
    SessionBench b;
    b.set_takes(0);
    b.log_in("bob");
    b.wait(milliseconds(300));
    CHECK(b.sent().empty());
    b.set_takes(1);
    b.drive();
    CHECK(b.sent() == Lines{"L bob"});
    b.set_takes(2);
    b.hear("OK");
    b.events();
    for (const char* text : {"1", "2", "3", "4"})
        b.say(text);
    CHECK(b.sent() == Lines{"C bob 1", "C bob 2"});
    CHECK(b.events() == Lines{"1 own bob: 1", "2 own bob: 2"});  // not shown before it is sent
    CHECK(b.session.waiting() == 2);
    b.quit();
    b.set_takes(2);
    b.drive();
    CHECK(b.sent() == Lines{"C bob 3", "C bob 4"});
    CHECK(b.session.waiting() == 0);
    b.set_takes(1);
    b.drive();
    CHECK(b.sent() == Lines{"Q bob"});
    CHECK_FALSE(b.session.end());
}
