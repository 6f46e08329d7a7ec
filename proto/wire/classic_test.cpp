// SPDX-License-Identifier: MIT
#include "proto/wire/classic.h"

#include <optional>
#include <string>

#include "proto/wire/limits.h"
#include "proto/wire/text.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::classic;
using namespace std::string_literals;

namespace {

std::span<const std::byte> as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::string to_string(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A request or its error as one line, for tables.
std::string request(std::string_view datagram) {
    const auto decoded = decode_request(as_bytes(datagram));
    if (!decoded) {
        switch (decoded.error()) {
            case RequestError::empty:
                return "empty";
            case RequestError::unknown_command:
                return "unknown command";
            case RequestError::no_name:
                return "no name";
            case RequestError::no_text:
                return "no text";
            case RequestError::text_too_long:
                return "text too long";
        }
    }
    if (const auto* l = std::get_if<LogIn>(&*decoded)) return "L[" + std::string(l->name) + "]";
    if (const auto* q = std::get_if<Quit>(&*decoded)) return "Q[" + std::string(q->name) + "]";
    const auto& c = std::get<Say>(*decoded);
    return "C[" + std::string(c.name) + "][" + std::string(c.text) + "]";
}

std::string notice(std::string_view datagram) {
    const auto n = decode_notice(as_bytes(datagram));
    if (const auto* j = std::get_if<Joined>(&n)) return "joined[" + std::string(j->name) + "]";
    if (const auto* l = std::get_if<Left>(&n)) return "left[" + std::string(l->name) + "]";
    if (const auto* r = std::get_if<Remark>(&n)) return "remark[" + std::string(r->text) + "]";
    if (const auto* s = std::get_if<Said>(&n)) {
        return "said[" + std::string(s->name) + "][" + std::string(s->text) + "]";
    }
    if (std::holds_alternative<LoggedIn>(n)) return "logged in";
    if (std::holds_alternative<NameTaken>(n)) return "taken";
    if (std::holds_alternative<NameUnusable>(n)) return "unusable";
    if (std::holds_alternative<RoomFull>(n)) return "full";
    return "ended";
}

}  // namespace

TEST_CASE("a classic request is decoded exactly, whatever its form") {
    struct Row {
        std::string datagram;
        std::string expected;
    };
    const std::string longest(text_bytes_max, 'x');
    const Row table[] = {
        {"L bob", "L[bob]"},
        {"Q bob", "Q[bob]"},
        {"C bob hi", "C[bob][hi]"},
        {"C bob hi there", "C[bob][hi there]"},
        {"C bob   kept  ", "C[bob][  kept  ]"},
        {"C bob  ", "C[bob][ ]"},
        {"C 小明 你好 👋", "C[小明][你好 👋]"},
        {"L 小明", "L[小明]"},
        // from nc, and from C programs that send their terminator
        {"L bob\n", "L[bob]"},
        {"L bob\r\n", "L[bob]"},
        {"L bob\0"s, "L[bob]"},
        {"C bob hi\n", "C[bob][hi]"},
        // the second space-separated word is the name
        {"L bob smith", "L[bob]"},
        {"L  bob", "L[bob]"},
        {"Q bob now", "Q[bob]"},
        {"C  bob hi", "C[bob][hi]"},
        // malformed
        {"", "empty"},
        {"\n", "empty"},
        {"\0"s, "empty"},
        {"\n\n\0\n"s, "empty"},
        {" ", "unknown command"},
        {"L", "no name"},
        {"C", "no name"},
        {"Q", "no name"},
        {"L ", "no name"},
        {"L    ", "no name"},
        {"C ", "no name"},
        {"x", "unknown command"},
        {"l bob", "unknown command"},
        {"Lbob", "unknown command"},
        {"LL bob", "unknown command"},
        {" L bob", "unknown command"},
        {"\tL bob", "unknown command"},
        {"登录 bob", "unknown command"},
        {"\xff\xfe\xfd", "unknown command"},
        {"\xf8", "unknown command"},
        {"OK", "unknown command"},
        {"EXIT", "unknown command"},
        {"C bob", "no text"},
        {"C bob ", "no text"},
        {"C bob \n", "no text"},
        {"C bob " + longest, "C[bob][" + longest + "]"},
        {"C bob " + longest + "x", "text too long"},
        {"C bob " + std::string(65'501, 'x'), "text too long"},
        {std::string(65'507, 'x'), "unknown command"},
        {std::string(65'507, '\0'), "empty"},
        {"L " + std::string(65'505, 'n'), "L[" + std::string(65'505, 'n') + "]"},
        // not judged here, only found: check_name and clean_line follow
        {"L b\x1b[31mob", "L[b\x1b[31mob]"},
        {"L b\tob", "L[b\tob]"},
        {"L b\0ob"s, "L[b\0ob]"s},
        {"L \xc3\x28", "L[\xc3\x28]"},
        {"C bob a\nb", "C[bob][a\nb]"},
    };
    for (const auto& row : table) {
        CAPTURE(row.datagram.substr(0, 40), row.datagram.size());
        CHECK(request(row.datagram) == row.expected);
    }
}

TEST_CASE("a client's own requests read back as they were meant") {
    CHECK(request(encode_log_in("小明")) == "L[小明]");
    CHECK(request(encode_quit("bob")) == "Q[bob]");
    CHECK(request(encode_say("bob", " two  spaces ")) == "C[bob][ two  spaces ]");
}

TEST_CASE("the sentences to others are those of the original, byte for byte") {
    DatagramList list;
    encode_joined("bob", list);
    encode_said("小明", "你好", list);
    encode_left("bob", list);
    encode_said("管理员", "早", list);
    REQUIRE(list.size() == 4);
    CHECK(to_string(list[0]) == "\n欢迎 bob 进入聊天室");
    CHECK(to_string(list[1]) == "\n小明 说: 你好");
    CHECK(to_string(list[2]) == "\nbob 离开了聊天室");
    CHECK(to_string(list[3]) == "\n管理员 说: 早");
    list.clear();
    CHECK(list.size() == 0);
    CHECK(reply_ok == "\x4f\x4b");
    CHECK(reply_exit == "\x45\x58\x49\x54");
    CHECK(reply_name_taken ==
          "\xe8\xaf\xa5\xe7\x94\xa8\xe6\x88\xb7\xe5\xb7\xb2\xe5\xad\x98\xe5\x9c\xa8");
}

TEST_CASE("text that exceeds a datagram is split at character boundaries and nothing is lost") {
    struct Row {
        std::string name;
        std::string unit;  // repeated until 8 KiB
    };
    const Row table[] = {
        {"bob", "x"}, {"bob", "汉"}, {"小明", "é"}, {"a", "👋"}, {std::string(32, 'n'), "汉a"}};
    for (const auto& row : table) {
        for (const std::size_t bytes :
             {900UL, 1011UL, 1012UL, 1013UL, 1014UL, 1015UL, 2100UL, text_bytes_max}) {
            std::string text;
            while (text.size() + row.unit.size() <= bytes)
                text += row.unit;
            DatagramList list;
            encode_said(row.name, text, list);
            std::string joined;
            for (std::size_t i = 0; i < list.size(); ++i) {
                CAPTURE(row.name, row.unit, bytes, i);
                CHECK(list[i].size() <= datagram_bytes_max);
                CHECK(is_valid_utf8(to_string(list[i])));
                const auto decoded = decode_notice(list[i]);
                REQUIRE(std::holds_alternative<Said>(decoded));
                CHECK(std::get<Said>(decoded).name == row.name);
                joined += std::get<Said>(decoded).text;
            }
            CHECK(joined == text);
        }
    }
}

TEST_CASE("a split is no finer than it must be") {
    const std::size_t room = text_bytes_per_datagram("bob");
    CHECK(room == 1024 - std::string("\nbob 说: ").size());
    DatagramList list;
    encode_said("bob", std::string(room, 'x'), list);
    CHECK(list.size() == 1);
    encode_said("bob", std::string(room + 1, 'x'), list);
    CHECK(list.size() == 3);
    CHECK(encode_say("bob", std::string(room, 'x')).size() <= datagram_bytes_max);
}

TEST_CASE("a client recognises the server's sentences, and only those") {
    struct Row {
        std::string datagram;
        std::string expected;
    };
    const Row table[] = {
        {"OK", "logged in"},
        {"该用户已存在", "taken"},
        {"用户名无效", "unusable"},
        {"聊天室已满", "full"},
        {"EXIT", "ended"},
        {"\n欢迎 bob 进入聊天室", "joined[bob]"},
        {"\nbob 离开了聊天室", "left[bob]"},
        {"\nbob 说: hi", "said[bob][hi]"},
        {"\nbob 说: ", "said[bob][]"},
        {"\n管理员 说: 早", "said[管理员][早]"},
        // what people say cannot pass for a notice
        {"\nbob 说: 欢迎 eve 进入聊天室", "said[bob][欢迎 eve 进入聊天室]"},
        {"\nbob 说: \neve 离开了聊天室", "said[bob][\neve 离开了聊天室]"},
        {"\nbob 说: a 说: b", "said[bob][a 说: b]"},
        {"\n欢迎 说: 进入聊天室", "said[欢迎][进入聊天室]"},
        // anything else is a remark
        {"", "remark[]"},
        {"\n", "remark[]"},
        {"hello", "remark[hello]"},
        {"\nhello\n", "remark[hello]"},
        {"OK ", "remark[OK ]"},
        {"\n欢迎 a b 进入聊天室", "remark[欢迎 a b 进入聊天室]"},
        {"\n欢迎  进入聊天室", "remark[欢迎  进入聊天室]"},
        {"\n 离开了聊天室", "remark[ 离开了聊天室]"},
        {"\n 说: hi", "remark[ 说: hi]"},
        {"发言太快，请稍候", "remark[发言太快，请稍候]"},
    };
    for (const auto& row : table) {
        CAPTURE(row.datagram);
        CHECK(notice(row.datagram) == row.expected);
    }
}
