// SPDX-License-Identifier: MIT
#include "chat-server/core/control_frame.h"

#include "tests/support/catch.h"

using namespace chat::server;

TEST_CASE("control frames read back as they were written") {
    const auto request = decode_control_request(
        encode(ControlRequest{ControlRequest::Kind::command, 7, "kick bob"}));
    REQUIRE(request);
    CHECK(request->kind == ControlRequest::Kind::command);
    CHECK(request->id == 7);
    CHECK(request->text == "kick bob");

    const auto reply = decode_control_reply(encode(ControlReply{false, true, 9, "nobody"}));
    REQUIRE(reply);
    CHECK_FALSE(reply->ok);
    CHECK(reply->last);
    CHECK(reply->id == 9);
    CHECK(reply->text == "nobody");
}

TEST_CASE("text too long for a frame is cut, so that the frame stays one") {
    std::string text;
    while (text.size() <= control_text_bytes_max)
        text += "汉";
    const auto request =
        decode_control_request(encode(ControlRequest{ControlRequest::Kind::announce, 1, text}));
    REQUIRE(request);
    CHECK(request->text.size() <= control_text_bytes_max);
    CHECK(request->text.size() > control_text_bytes_max - 3);
}

TEST_CASE("what is not exactly a frame is nothing") {
    const auto good = encode(ControlRequest{ControlRequest::Kind::announce, 1, ""});
    for (std::size_t length = 0; length < good.size(); ++length) {
        CAPTURE(length);
        CHECK_FALSE(decode_control_request(std::span(good).first(length)));
        CHECK_FALSE(decode_control_reply(std::span(good).first(length)));
    }
    for (const unsigned kind : {0U, 3U, 255U}) {
        auto bad = good;
        bad[0] = static_cast<std::byte>(kind);
        CAPTURE(kind);
        CHECK_FALSE(decode_control_request(bad));
    }
    auto reply = encode(ControlReply{true, true, 1, "x"});
    reply[1] = std::byte{2};
    CHECK_FALSE(decode_control_reply(reply));
    CHECK_FALSE(
        decode_control_request(std::vector<std::byte>(control_text_bytes_max + 6, std::byte{1})));
}
