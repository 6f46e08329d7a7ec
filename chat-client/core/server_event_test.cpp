// SPDX-License-Identifier: MIT
#include "chat-client/core/server_event.h"

#include <string>

#include "proto/wire/text.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::client;

namespace {

using Kind = ServerEvent::Kind;

std::vector<std::byte> to_bytes(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("each of the server's sentences is an event") {
    struct Row {
        std::string datagram;
        Kind kind;
        std::string name;
        std::string text;
    };
    const Row table[] = {
        {"\n欢迎 小明 进入聊天室", Kind::joined, "小明", ""},
        {"\nbob 说: 你好  👋", Kind::said, "bob", "你好  👋"},
        {"\nbob 离开了聊天室", Kind::left, "bob", ""},
        {"OK", Kind::logged_in, "", ""},
        {"该用户已存在", Kind::name_taken, "", ""},
        {"用户名无效", Kind::name_unusable, "", ""},
        {"聊天室已满", Kind::room_full, "", ""},
        {"EXIT", Kind::ended, "", ""},
        {"发言太快，请稍候", Kind::remark, "", "发言太快，请稍候"},
        {"", Kind::remark, "", ""},
    };
    for (const auto& row : table) {
        CAPTURE(row.datagram);
        const auto datagram = to_bytes(row.datagram);
        const auto event = to_server_event(classic::decode_notice(datagram));
        CHECK(event.kind == row.kind);
        CHECK(event.name == row.name);
        CHECK(event.text == row.text);
    }
}

TEST_CASE("events read back from a frame as they were put in, in order") {
    const ServerEvent events[] = {
        {Kind::joined, "小明", {}}, {Kind::said, "bob", "你好"}, {Kind::left, "小明", {}},
        {Kind::logged_in, {}, {}},  {Kind::name_taken, {}, {}},  {Kind::name_unusable, {}, {}},
        {Kind::room_full, {}, {}},  {Kind::ended, {}, {}},       {Kind::remark, {}, "slowly"},
        {Kind::refused, {}, {}},
    };
    EventFrame frame;
    CHECK(frame.empty());
    for (const auto& event : events)
        REQUIRE(frame.add(event));
    const auto decoded = decode_event_frame(frame.bytes());
    REQUIRE(decoded);
    REQUIRE(decoded->size() == std::size(events));
    for (std::size_t i = 0; i < decoded->size(); ++i) {
        CAPTURE(i);
        CHECK((*decoded)[i].kind == events[i].kind);
        CHECK((*decoded)[i].name == events[i].name);
        CHECK((*decoded)[i].text == events[i].text);
    }
    frame.clear();
    CHECK(frame.empty());
    REQUIRE(decode_event_frame(frame.bytes()));
    CHECK(decode_event_frame(frame.bytes())->empty());
}

TEST_CASE("the layout of a frame") {
    EventFrame frame;
    REQUIRE(frame.add({Kind::said, "bob", "hi"}));
    const auto wanted =
        to_bytes(std::string_view("\x02\x03\x02\x00"
                                  "bobhi",
                                  9));
    CHECK(std::vector(frame.bytes().begin(), frame.bytes().end()) == wanted);
}

TEST_CASE("a frame takes what fits and says so when it is full") {
    const std::string text(1020, 'x');
    EventFrame frame;
    std::size_t count = 0;
    while (frame.add({Kind::remark, {}, text}))
        ++count;
    CHECK(count == EventFrame::bytes_max / 1024);
    CHECK(frame.bytes().size() == EventFrame::bytes_max);
    CHECK_FALSE(frame.add({Kind::logged_in, {}, {}}));
    CHECK(decode_event_frame(frame.bytes())->size() == count);
}

TEST_CASE("names and texts too long for their field are cut at a character") {
    std::string name = "x";
    std::string text = "x";
    while (name.size() < 300)
        name += "汉";
    while (text.size() < 65'000)
        text += "👋";
    EventFrame frame;
    REQUIRE(frame.add({Kind::said, name, text}));
    const auto events = decode_event_frame(frame.bytes());
    REQUIRE(events);
    REQUIRE(events->size() == 1);
    CHECK(events->front().name == name.substr(0, 253));
    CHECK(events->front().text.size() == EventFrame::bytes_max / 2 - 3);
    CHECK(is_valid_utf8(events->front().text));
}

TEST_CASE("what is not exactly a frame is nothing") {
    EventFrame frame;
    REQUIRE(frame.add({Kind::said, "bob", "hi"}));
    const std::vector<std::byte> good(frame.bytes().begin(), frame.bytes().end());
    for (std::size_t length = 1; length < good.size(); ++length) {
        CAPTURE(length);
        CHECK_FALSE(decode_event_frame(std::span(good).first(length)));
    }
    for (const unsigned kind : {0U, 11U, 255U}) {
        CAPTURE(kind);
        auto bad = good;
        bad[0] = static_cast<std::byte>(kind);
        CHECK_FALSE(decode_event_frame(bad));
    }
    auto longer = good;
    longer.push_back(std::byte{1});
    CHECK_FALSE(decode_event_frame(longer));
}
