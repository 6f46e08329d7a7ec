// SPDX-License-Identifier: MIT
#include "chat-client/core/test_support.h"
#include "proto/wire/limits.h"

using namespace chat;
using namespace chat::client;

TEST_CASE("the log-in is repeated ever more slowly, and given up after thirty seconds") {
    for (const bool gives_up : {true, false}) {
        SessionBench b;
        b.session.set_gives_up(gives_up);  // makes no difference for a server never reached
        CHECK(b.session.wants_name());
        b.log_in("bob");
        CHECK_FALSE(b.session.wants_name());
        CHECK(b.session.never_reached());
        CHECK(b.events() == Lines{"connecting"});
        b.wait(milliseconds(29'999));
        CHECK(b.sent_timed() == Lines{"0 L bob", "500 L bob", "1250 L bob", "2375 L bob",
                                      "4062 L bob", "6593 L bob", "9593 L bob", "12593 L bob",
                                      "15593 L bob", "18593 L bob", "21593 L bob", "24593 L bob",
                                      "27593 L bob"});
        CHECK_FALSE(b.session.end());
        b.wait(milliseconds(1));
        CHECK(b.events() == Lines{"error unreachable", "offline"});
        CHECK(is_over(b, End::unreachable));
        b.say("hello?");
        b.hear("OK");
        b.wait(seconds(60));
        CHECK(b.sent().empty());
        CHECK(b.events().empty());
    }
}

TEST_CASE("nobody listening yet is no reason to stop logging in") {
    SessionBench b;
    b.log_in("bob");
    b.refuse();
    b.wait(milliseconds(500));
    b.refuse();
    CHECK(b.sent_timed() == Lines{"0 L bob", "500 L bob"});
    CHECK(b.events() == Lines{"connecting"});
    b.hear("OK");
    CHECK(b.events() == Lines{"welcome bob to lobby, next 1", "online"});
}

TEST_CASE("another address of the server is tried at once") {
    SessionBench b;
    b.log_in("bob");
    b.wait(milliseconds(600));
    b.zero_clock();
    b.forget();
    b.session.address_changed(b.now);
    b.drive();
    CHECK(b.sent_timed() == Lines{"0 L bob"});
    b.hear("OK");
    CHECK_FALSE(b.session.never_reached());
}

TEST_CASE("an accepted log-in is welcomed once") {
    SessionBench b;
    b.log_in("小明");
    CHECK(b.sent() == Lines{"L 小明"});
    b.hear("OK");
    CHECK(b.events() == Lines{"connecting", "welcome 小明 to lobby, next 1", "online"});
    CHECK(b.session.online());
    CHECK(b.session.name() == "小明");
    b.hear("OK");  // the answer to a repeated L
    b.log_in("somebody else");
    CHECK(b.events().empty());
    CHECK(b.sent().empty());
}

TEST_CASE("a refused name is asked for again, and another one can be tried") {
    struct Row {
        const char* answer;
        const char* error;
    };
    const Row table[] = {{"该用户已存在", "error name_taken"},
                         {"用户名无效", "error name_unusable"}};
    for (const auto& row : table) {
        CAPTURE(row.answer);
        SessionBench b;
        b.log_in("bob");
        b.hear(row.answer);
        CHECK(b.events() == Lines{"connecting", row.error});
        CHECK(b.session.wants_name());
        b.sent();
        b.wait(seconds(120));
        b.hear(row.answer);  // to a repeated L
        b.hear("OK");
        CHECK(b.sent().empty());
        CHECK(b.events().empty());
        b.log_in("rob");
        CHECK(b.sent() == Lines{"L rob"});
        CHECK(b.events() == Lines{"connecting"});
        b.hear("OK");
        CHECK(b.events() == Lines{"welcome rob to lobby, next 1", "online"});
    }
}

TEST_CASE("names no server takes are refused without asking one") {
    const std::string table[] = {
        "",
        " ",
        "a b",
        "tab\t",
        "\x1b[31m",
        "\xff\xfe",
        std::string(33, 'x'),
        std::string(5000, 'y'),
    };
    for (const auto& name : table) {
        CAPTURE(name);
        SessionBench b;
        b.log_in(name);
        b.wait(seconds(60));
        CHECK(b.events() == Lines{"error name_unusable"});
        CHECK(b.sent().empty());
        CHECK(b.session.wants_name());
        CHECK_FALSE(b.session.end());
        b.log_in(std::string(32, 'x'));
        CHECK(b.sent().size() == 1);
    }
    ClassicSession session("lobby", 1);
    session.log_in({}, std::string(33, 'x'));
    CHECK(std::get<Error>(session.take_events().at(0)).text.find("32") != std::string::npos);
}

TEST_CASE("what the server says becomes events, numbered without a hole") {
    struct Row {
        std::string datagram;
        Lines events;
    };
    const Row table[] = {
        {"\n欢迎 eve 进入聊天室", {"1 + eve"}},
        {"\neve 说: 你好  👋", {"2 eve: 你好  👋"}},
        {"\n管理员 说: 大家好", {"3 ! 大家好"}},
        {"发言太快，请稍候", {"remark 发言太快，请稍候"}},
        {"\n", {}},
        {"\nbob 说: my own name", {"4 bob: my own name"}},
        {"\neve 离开了聊天室", {"5 - eve"}},
        {"聊天室已满", {}},  // late; we are in
        {"用户名无效", {}},
    };
    SessionBench b;
    b.come_in();
    for (const auto& row : table) {
        CAPTURE(row.datagram);
        b.hear(row.datagram);
        CHECK(b.events() == row.events);
    }
    CHECK(b.session.online());
    b.wait(milliseconds(1500));
    b.hear("\neve 说: when?");
    CHECK(std::get<Message>(b.session.take_events().at(0)).time.unix_ms == 1'700'000'001'500);
    CHECK(b.sent().empty());
}

TEST_CASE("one's own messages are shown as they are sent, in one numbering with the others'") {
    SessionBench b;
    b.log_in("bob");
    b.hear("\n欢迎 eve 进入聊天室");
    b.hear("OK");
    b.forget();
    b.say("one");
    b.hear("\neve 说: two");
    b.say("three");
    CHECK(b.sent() == Lines{"C bob one", "C bob three"});
    CHECK(b.events() == Lines{"2 own bob: one", "3 eve: two", "4 own bob: three"});
}

TEST_CASE("a paste goes out as a burst of 32 and then at a hundred a second, in order") {
    SessionBench b;
    b.come_in();
    b.zero_clock();
    Lines wanted;
    for (int i = 0; i < 40; ++i) {
        b.say(std::to_string(i));
        wanted.push_back(std::to_string(i < 32 ? 0 : (i - 31) * 10) + " C bob " +
                         std::to_string(i));
    }
    CHECK(b.session.waiting() == 8);
    CHECK(b.events().size() == 32);
    b.wait(milliseconds(79));
    CHECK(b.session.waiting() == 1);
    b.wait(milliseconds(1));
    CHECK(b.session.waiting() == 0);
    CHECK(b.sent_timed() == wanted);
    const auto shown = b.events();
    REQUIRE(shown.size() == 8);
    CHECK(shown.back() == "40 own bob: 39");
}

TEST_CASE("long text is split at characters into datagrams that an original server reads whole") {
    std::string mixed;
    for (int i = 0; i < 900; ++i)
        mixed += i % 3 == 0 ? "汉" : i % 3 == 1 ? "👋" : "x";
    struct Row {
        std::string name;
        std::string text;
        std::size_t parts;
    };
    const Row table[] = {
        {"bob", std::string(985, 'x'), 1},  {"bob", std::string(986, 'x'), 2},
        {"bob", std::string(8192, 'x'), 9}, {"bob", mixed, 3},
        {std::string(32, 'n'), mixed, 3},   {"十个汉字的名字在此十", std::string(3000, 'y'), 4},
    };
    for (const auto& row : table) {
        CAPTURE(row.name, row.text.size());
        SessionBench b;
        b.come_in(row.name);
        b.say(row.text);
        const auto sent = b.sent();
        CHECK(sent.size() == row.parts);
        CHECK(joined_texts(sent, row.name) == row.text);
    }
}

TEST_CASE("text said before the name is known is split for the name it will have") {
    const std::string text(2000, 'x');
    const std::string name(32, 'n');
    for (const std::string& first :
         {std::string(), std::string("b"), std::string("not usable"), std::string(5000, 'y')}) {
        CAPTURE(first);
        SessionBench b;
        if (!first.empty()) {
            b.log_in(first);
            b.hear("该用户已存在");
        }
        b.say(text);
        b.log_in(name);
        b.forget();
        b.hear("OK");
        CHECK(joined_texts(b.sent(), name) == text);
    }
}

TEST_CASE("text is made one clean line, and nothing is sent if nothing is left") {
    struct Row {
        std::string said;
        Lines sent;
    };
    const Row table[] = {
        {"two\nlines", {"C bob two lines"}},
        {"x\n管理员 说: fooled", {"C bob x 管理员 说: fooled"}},
        {"tab\there", {"C bob tab here"}},
        {"\x1b[2Jclear", {"C bob [2Jclear"}},
        {"bad \xff utf", {"C bob bad \ufffd utf"}},
        {"  spaces  stay", {"C bob   spaces  stay"}},
        {"", {}},
        {"\x01\x02", {}},
    };
    SessionBench b;
    b.come_in();
    for (const auto& row : table) {
        CAPTURE(row.said);
        b.say(row.said);
        CHECK(b.sent() == row.sent);
        CHECK(b.events().size() == row.sent.size());
    }
}
