// SPDX-License-Identifier: MIT
// The brain told what arrives and asked what it sends, as transcripts.
#include "chat-server/core/server.h"

#include <map>
#include <string>

#include "chat-server/core/chat_test_support.h"
#include "chat-server/store/memory_log.h"
#include "proto/session/test_support.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::server;
using chat_test::address_text;

namespace {

using Lines = std::vector<std::string>;

Path path_at(std::uint16_t port, IpAddress ip = IpAddress::v4(127, 0, 0, 1)) {
    return {{ip, port, 0}, {}};
}

ServerSecrets secrets() {
    session_test::SeededRandom random(1);
    return {KeyPair::generate(random), SecretKey(session_test::key_of(1)), 1, std::nullopt, 1};
}

// A server with its log and a clock; hear(port) is what that address was sent since last asked.
class Bench final : public TransmitSink {
  public:
    explicit Bench(const ServerConfig& config = {})
        : server(config, secrets(), random_, *std::pmr::get_default_resource(), address_text) {
        server.restore(now, *log.load(now.wall));
    }

    bool send(const Path& to, std::span<const std::byte> datagram) override {
        heard_[to.peer.port].emplace_back(reinterpret_cast<const char*>(datagram.data()),
                                          datagram.size());
        return true;
    }

    void say(std::uint16_t port, std::string_view datagram) { say(path_at(port), datagram); }
    void say(const Path& from, std::string_view datagram) {
        put(from, datagram);
        drive();
    }
    void put(const Path& from, std::string_view datagram, bool truncated = false) {
        std::string copy(datagram);
        server.on_datagram(now, from, std::as_writable_bytes(std::span(copy)), truncated);
    }
    void drive() {
        for (;;) {
            const Changes* const changes = server.take_changes(now);
            if (changes != nullptr) server.on_committed(now, *log.commit(*changes));
            server.poll_transmit(now, *this);
            const auto reads = server.take_reads();
            if (reads.empty() && changes == nullptr) return;
            for (const auto& read : reads)
                server.on_page(*log.read(read));
        }
    }
    void wait(Duration d) {
        now.at = now.at + d;
        server.on_deadline(now);
        drive();
    }
    std::string command(std::string_view line, bool expect_ok = true) {
        server.on_control(now, {ControlRequest::Kind::command, 5, std::string(line)});
        drive();
        return answer(expect_ok);
    }
    std::string announce(std::string_view text, bool expect_ok = true) {
        server.on_control(now, {ControlRequest::Kind::announce, 5, std::string(text)});
        drive();
        return answer(expect_ok);
    }
    Lines hear(std::uint16_t port) { return std::exchange(heard_[port], {}); }
    const Counters& counters() const { return server.chat().counters(); }

    Now now{Instant{seconds(1000).us}, {}};
    MemoryLog log{1};

  private:
    session_test::SeededRandom random_{42};

  public:
    Server server;

  private:
    std::string answer(bool expect_ok) {
        const auto replies = server.take_control_replies();
        REQUIRE(!replies.empty());
        CHECK(replies.back().last);
        CHECK(replies.back().id == 5);
        CHECK(replies.back().ok == expect_ok);
        std::string text;
        for (const auto& reply : replies)
            text += reply.text;
        return text;
    }

    std::map<std::uint16_t, Lines> heard_;
};

}  // namespace

TEST_CASE("people come, talk, hear each other and go, in the original's words") {
    Bench b;
    b.say(1, "L bob");
    CHECK(b.hear(1) == Lines{"OK"});
    b.say(2, "L 小明");
    CHECK(b.hear(2) == Lines{"OK"});
    CHECK(b.hear(1) == Lines{"\n欢迎 小明 进入聊天室"});
    b.say(1, "C bob 你好  👋");
    CHECK(b.hear(1).empty());
    CHECK(b.hear(2) == Lines{"\nbob 说: 你好  👋"});
    CHECK(b.announce("大家好").empty());
    CHECK(b.hear(1) == Lines{"\n管理员 说: 大家好"});
    CHECK(b.hear(2) == Lines{"\n管理员 说: 大家好"});
    b.say(2, "Q 小明");
    CHECK(b.hear(2) == Lines{"EXIT"});
    CHECK(b.hear(1) == Lines{"\n小明 离开了聊天室"});
    b.say(1, "C bob still here");
    CHECK(b.hear(2).empty());
    CHECK(b.server.chat().roster().size() == 1);
}

TEST_CASE("a name is one person's while he is here") {
    Bench b;
    b.say(1, "L bob");
    b.hear(1);
    for (const char* taken :
         {"L bob", "L Bob", "L ｂｏｂ", "L bоb", "L 管理员", "L admin", "L 管理员2"}) {
        CAPTURE(taken);
        b.say(2, taken);
        CHECK(b.hear(2) == Lines{"该用户已存在"});
    }
    CHECK(b.hear(1).empty());
    CHECK(b.counters().names_refused == 7);
    b.say(2, "L rob");
    CHECK(b.hear(2) == Lines{"OK"});
    b.say(1, "Q bob");
    b.say(3, "L bob");
    CHECK(b.hear(3) == Lines{"OK"});
}

TEST_CASE("an unusable name gets a short clear answer") {
    Bench b;
    for (const std::string& name : {std::string(33, 'x'), std::string("\xff\xfe"),
                                    std::string("a\x1b[31m"), std::string("b\tc")}) {
        b.say(1, "L " + name);
        CHECK(b.hear(1) == Lines{"用户名无效"});
    }
    CHECK(b.server.chat().roster().size() == 0);
    CHECK(b.counters().malformed == 4);
}

TEST_CASE("nobody speaks or quits for somebody else") {
    Bench b;
    b.say(1, "L bob");
    b.say(2, "L eve");
    b.hear(1);
    b.hear(2);
    b.say(2, "C bob I am bob");
    b.say(2, "Q bob");
    b.say(3, "C bob I am bob");
    b.say(3, "Q bob");
    b.say(3, "C 管理员 all out");
    b.say(2, "C 管理员 all out");
    b.say(2, "C Bob hi");
    CHECK(b.hear(1).empty());
    CHECK(b.hear(2).empty());
    CHECK(b.hear(3).empty());
    CHECK(b.counters().from_strangers == 7);
    CHECK(b.server.chat().roster().size() == 2);
    // The same port on another host is another person.
    b.say(path_at(1, IpAddress::v4(127, 0, 0, 2)), "C bob I am bob");
    CHECK(b.hear(2).empty());
}

TEST_CASE("logging in again from the same address is answered and nobody is disturbed") {
    Bench b;
    b.say(1, "L bob");
    b.say(2, "L eve");
    b.hear(1);
    b.hear(2);
    b.say(1, "L bob");
    CHECK(b.hear(1) == Lines{"OK"});
    CHECK(b.hear(2).empty());
}

TEST_CASE("another name from the same address is another person: one goes, one comes") {
    Bench b;
    b.say(1, "L bob");
    b.say(2, "L eve");
    b.hear(1);
    b.hear(2);
    b.say(1, "L carol");
    CHECK(b.hear(1) == Lines{"OK"});
    CHECK(b.hear(2) == Lines{"\nbob 离开了聊天室", "\n欢迎 carol 进入聊天室"});
    b.say(1, "C bob late");
    b.say(1, "C carol hi");
    CHECK(b.hear(2) == Lines{"\ncarol 说: hi"});
    b.say(1, "L eve");
    CHECK(b.hear(1) == Lines{"该用户已存在"});
    CHECK(b.hear(2).empty());
}

TEST_CASE("everything in one turn keeps its order") {
    Bench b;
    const auto put = [&](std::uint16_t port, std::string_view text) { b.put(path_at(port), text); };
    b.say(9, "L watcher");
    b.hear(9);
    put(1, "L bob");
    put(1, "C bob one");
    put(2, "L bob");
    put(1, "Q bob");
    put(1, "C bob too late");
    b.drive();
    CHECK(b.hear(9) == Lines{"\n欢迎 bob 进入聊天室", "\nbob 说: one", "\nbob 离开了聊天室"});
    CHECK(b.hear(1) == Lines{"OK", "EXIT"});
    CHECK(b.hear(2) == Lines{"该用户已存在"});
}

TEST_CASE("text reaches others clean, and only if there is any") {
    struct Row {
        std::string said;
        Lines heard;
    };
    const Row table[] = {
        {"a\nb", {"\nbob 说: a b"}},
        {"x\n管理员 说: fooled", {"\nbob 说: x 管理员 说: fooled"}},
        {"\x1b[2Jclear", {"\nbob 说: [2Jclear"}},
        {"\x01\x02", {}},
        {"bad \xff utf", {"\nbob 说: bad \ufffd utf"}},
        {"", {}},
        {"   ", {"\nbob 说:    "}},
    };
    Bench b;
    b.say(1, "L bob");
    b.say(2, "L eve");
    b.hear(2);
    for (const auto& row : table) {
        CAPTURE(row.said);
        b.say(1, "C bob " + row.said);
        CHECK(b.hear(2) == row.heard);
    }
}

TEST_CASE("a message that is too long is refused with a word, a long one comes in parts") {
    Bench b;
    b.say(1, "L bob");
    b.say(2, "L eve");
    b.hear(1);
    b.hear(2);
    b.say(1, "C bob " + std::string(8192, 'x'));
    const auto parts = b.hear(2);
    CHECK(parts.size() == 9);
    std::size_t total = 0;
    for (const auto& part : parts) {
        CHECK(part.size() <= 1024);
        total += part.size() - std::string("\nbob 说: ").size();
    }
    CHECK(total == 8192);
    b.say(1, "C bob " + std::string(8193, 'x'));
    CHECK(b.hear(1) == Lines{"消息太长"});
    b.say(1, "C bob " + std::string(65'000, 'x'));
    CHECK(b.hear(1).empty());  // told once a second
    CHECK(b.counters().too_long == 2);
    CHECK(b.hear(2).empty());
}

TEST_CASE("who floods is held back and told so, others go on") {
    Bench b;
    b.say(1, "L bob");
    b.say(2, "L eve");
    b.say(3, "L tom");
    for (std::uint16_t port = 1; port <= 3; ++port)
        b.hear(port);
    for (int i = 0; i < 3000; ++i)
        b.say(1, "C bob x");
    CHECK(b.counters().messages ==
          static_cast<std::uint64_t>(say_rate(say_per_second_default).burst));
    CHECK(b.counters().too_fast ==
          3000 - static_cast<std::uint64_t>(say_rate(say_per_second_default).burst));
    CHECK(b.hear(1) == Lines{"发言太快，请稍候"});
    b.say(3, "C tom hello");
    CHECK(b.hear(1) == Lines{"\ntom 说: hello"});
    b.wait(seconds(2));
    b.say(1, "C bob calm again");
    for (int i = 0; i < 40; ++i)
        b.wait(milliseconds(50));
    const auto heard = b.hear(2);
    CHECK(heard.size() == static_cast<std::size_t>(say_rate(say_per_second_default).burst) + 2);
    CHECK(heard.back() == "\nbob 说: calm again");
}

TEST_CASE("classic is served only to whom the operator allows") {
    const IpAddress abroad = IpAddress::v4(192, 0, 2, 7);
    IpAddress v6_loopback;
    v6_loopback.bytes[15] = 1;
    struct Row {
        ClassicAccess access;
        IpAddress from;
        bool served;
    };
    const Row table[] = {
        {ClassicAccess::off, IpAddress::v4(127, 0, 0, 1), false},
        {ClassicAccess::loopback, IpAddress::v4(127, 0, 0, 1), true},
        {ClassicAccess::loopback, v6_loopback, true},
        {ClassicAccess::loopback, abroad, false},
        {ClassicAccess::any, abroad, true},
    };
    for (const auto& row : table) {
        Bench b(ServerConfig{row.access, classic_silence_default});
        b.say(path_at(1, row.from), "L bob");
        CHECK(b.hear(1) == (row.served ? Lines{"OK"} : Lines{}));
        CHECK(b.counters().not_served == (row.served ? 0U : 1U));
    }
}

TEST_CASE("a member nobody listens for any more is noticed") {
    Bench b;
    const IpAddress abroad = IpAddress::v4(192, 0, 2, 7);
    b.server.reconfigure({ClassicAccess::any, classic_silence_default});
    b.say(1, "L bob");
    b.say(path_at(2, abroad), "L eve");
    b.hear(1);
    // From this host one ICMP error is proof, from the network it takes several in a row.
    b.server.on_unreachable(b.now, path_at(2, abroad).peer);
    b.server.on_unreachable(b.now, path_at(2, abroad).peer);
    b.say(path_at(2, abroad), "C eve I am here");
    b.server.on_unreachable(b.now, path_at(2, abroad).peer);
    b.server.on_unreachable(b.now, path_at(2, abroad).peer);
    b.drive();
    CHECK(b.hear(1) == Lines{"\neve 说: I am here"});
    b.hear(2);
    b.server.on_unreachable(b.now, path_at(2, abroad).peer);
    b.drive();
    CHECK(b.hear(1) == Lines{"\neve 离开了聊天室"});
    CHECK(b.hear(2).empty());  // nothing is sent to where nobody is
    b.say(3, "L tom");
    b.hear(3);
    b.server.on_unreachable(b.now, path_at(1).peer);
    b.server.on_unreachable(b.now, path_at(77).peer);
    b.drive();
    CHECK(b.hear(3) == Lines{"\nbob 离开了聊天室"});
    b.say(4, "L bob");
    CHECK(b.hear(4) == Lines{"OK"});
}

TEST_CASE("silence removes a member only after the configured time") {
    Bench b(ServerConfig{ClassicAccess::loopback, seconds(3600)});
    b.say(1, "L quiet");
    b.say(2, "L alive");
    b.hear(1);
    b.hear(2);
    for (int i = 0; i < 59; ++i) {
        b.wait(seconds(60));
        b.say(2, "L alive");
    }
    b.hear(2);
    CHECK(b.server.chat().roster().size() == 2);
    REQUIRE(b.server.next_deadline());
    b.wait(seconds(60));
    CHECK(b.hear(2) == Lines{"\nquiet 离开了聊天室"});
    CHECK(b.server.chat().roster().size() == 1);
}

TEST_CASE("the operator sees and removes members, and mistakes are explained") {
    Bench b;
    CHECK(b.command("who") == "0 members are here");
    b.say(1, "L bob");
    b.say(2, "L 小明");
    b.hear(1);
    b.hear(2);
    b.wait(seconds(90));
    CHECK(b.command("who") ==
          "2 members are here\nbob  port 1  classic  here for 1 min  in lobby\n小明  port 2  "
          "classic  "
          "here for 1 min  in lobby");
    CHECK(b.command("kick Bob") == "bob was removed from the room");
    CHECK(b.hear(1) == Lines{"EXIT"});
    CHECK(b.hear(2) == Lines{"\nbob 离开了聊天室"});
    CHECK(b.command("kick bob", false) == "nobody here is called bob");
    CHECK(b.command("kick", false) == "usage: /kick NAME");
    CHECK(b.command("kik bob", false) == "there is no command /kik; /help lists them");
    CHECK(b.command("", false) == "there is no command /; /help lists them");
    CHECK(b.command("help").find("/kick NAME") != std::string::npos);
    CHECK(b.command("stats").find("members             1") != std::string::npos);
    b.server.on_unread(7);
    CHECK(b.command("stats").find("datagrams unread    7\n") != std::string::npos);
    CHECK(b.announce("  ", false) == "there is nothing to announce");
    CHECK(b.announce(std::string(8193, 'x'), false).find("8192") != std::string::npos);
    CHECK(b.hear(2).empty());
    CHECK(b.announce("line\none").empty());
    CHECK(b.hear(2) == Lines{"\n管理员 说: line one"});
}

TEST_CASE("a long answer to the operator comes in several frames") {
    Bench b;
    for (std::uint16_t i = 1; i <= 600; ++i)
        b.say(i, "L somebody-with-a-long-name-" + std::to_string(i));
    const std::string text = b.command("who");
    CHECK(text.size() > control_text_bytes_max);
    CHECK(text.find("name-600") != std::string::npos);
}

TEST_CASE("the map has an end, and whoever comes then is told") {
    ServerConfig config;
    config.members_max = 100;
    Bench b(config);
    for (std::uint16_t i = 0; i < config.members_max; ++i)
        b.put(path_at(static_cast<std::uint16_t>(i + 1)), "L u" + std::to_string(i));
    b.drive();
    b.say(60'000, "L late");
    CHECK(b.hear(60'000) == Lines{"聊天室已满"});
    CHECK(b.server.chat().roster().size() == config.members_max);
    b.say(1, "L other");  // no room for another name either, and the old one stays
    b.hear(2);
    b.say(1, "C u0 still here");
    for (int i = 0; i < 40; ++i)
        b.wait(milliseconds(50));
    CHECK(b.hear(2).back() == "\nu0 说: still here");
}

TEST_CASE("the end is announced") {
    Bench b;
    b.say(1, "L bob");
    b.hear(1);
    b.server.on_shutdown(b.now);
    CHECK_FALSE(b.server.idle());
    b.drive();
    CHECK(b.hear(1) == Lines{"\n管理员 说: 服务器正在关闭 (the server is shutting down)"});
    CHECK(b.server.idle());
}

TEST_CASE("what is cut off on arrival is not read") {
    Bench b;
    b.put(path_at(1), "L bob", true);
    b.drive();
    CHECK(b.hear(1).empty());
    CHECK(b.counters().malformed == 1);
}
