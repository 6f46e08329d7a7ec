// SPDX-License-Identifier: MIT
// What members say: once each, in order, in parts, and no more than they may.
#include "chat-server/core/limits.h"
#include "chat-server/core/test_support.h"

using namespace chat;
using namespace chat::server;

namespace {

Lines said(const TestClient& client) {
    Lines lines;
    for (const auto& [seq, text] : client.entries) {
        if (const auto colon = text.find(": "); colon != std::string::npos) {
            lines.push_back(text.substr(colon + 2));
        }
    }
    return lines;
}

std::string_view part_of(std::string_view text, std::size_t part) {
    return text.substr(part * frame::part_bytes, frame::part_bytes);
}

}  // namespace

TEST_CASE("a message is stored once, however often it comes, and its result is given again") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    b.say(bob, 1, "a");
    REQUIRE(bob.msg_acks.size() == 1);
    CHECK(bob.msg_acks[0].next_msg_id == 2);
    REQUIRE(bob.msg_acks[0].count == 1);
    CHECK(bob.msg_acks[0].results[0].msg_id == 1);
    CHECK(bob.msg_acks[0].results[0].room == 1);
    CHECK(bob.msg_acks[0].results[0].seq == 2);
    CHECK(bob.msg_acks[0].results[0].status == frame::MsgStatus::stored);
    for (int i = 0; i < 3; ++i)
        b.say(bob, 1, "a");
    b.wait(milliseconds(25));
    REQUIRE(bob.msg_acks.size() == 2);  // thinned with the acknowledgements
    CHECK(bob.msg_acks[1].next_msg_id == 2);
    CHECK(bob.msg_acks[1].results[0].seq == 2);
    CHECK(said(bob) == Lines{"a"});
    CHECK(b.counters().duplicates == 3);
}

TEST_CASE("only the next message is taken, however many come together") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    b.say(bob, 3, "c");
    b.say(bob, UINT64_MAX, "z");
    CHECK(said(bob).empty());
    Plaintext all;
    all << message(1, 1, 0, 1, "a") << message(1, 2, 0, 1, "b") << message(1, 3, 0, 1, "c")
        << message(1, 5, 0, 1, "e");
    b.send(bob, all);
    CHECK(said(bob) == Lines{"a", "b", "c"});
    REQUIRE(!bob.msg_acks.empty());
    CHECK(bob.msg_acks.back().next_msg_id == 4);
    CHECK(bob.msg_acks.back().count == 3);
    b.send(bob, message(2, 4, 0, 1, "another room"));
    CHECK(bob.msg_acks.back().next_msg_id == 5);
    CHECK(bob.msg_acks.back().results[3].status == frame::MsgStatus::not_in_room);
    CHECK(bob.msg_acks.back().results[3].room == 2);
    CHECK(said(bob).size() == 3);
}

TEST_CASE("nothing is acknowledged before the log has it, and several may wait there") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    b.commits = false;
    b.say(bob, 1, "a");
    b.say(bob, 2, "b");
    b.say(bob, 2, "b");
    b.wait(milliseconds(100));
    for (const auto& ack : bob.msg_acks)
        CHECK(ack.next_msg_id == 1);
    CHECK(said(eve).empty());
    for (std::uint64_t id = 3; id <= 50; ++id)
        b.say(bob, id, "x");
    b.commits = true;
    b.drive();
    // At most 32 are under way; the rest was not taken.
    CHECK(said(eve).size() == frame::results_max);
    CHECK(bob.msg_acks.back().next_msg_id == frame::results_max + 1);
    CHECK(eve.pkt_acks.empty());
}

TEST_CASE("the result of a message reaches its author though he lost acknowledgements") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    bob.deaf = true;
    b.say(bob, 1, "a");
    bob.deaf = false;
    Plaintext both;
    both << message(1, 1, 0, 1, "a") << message(1, 2, 0, 1, "b");
    b.send(bob, both);
    REQUIRE(bob.msg_acks.back().count == 2);
    CHECK(bob.msg_acks.back().results[0].seq == 2);
    CHECK(bob.msg_acks.back().results[1].seq == 3);
    // What he says that he has is left out.
    Plaintext third;
    third << frame::MsgFrom{3} << message(1, 3, 0, 1, "c");
    b.send(bob, third);
    REQUIRE(bob.msg_acks.back().count == 1);
    CHECK(bob.msg_acks.back().results[0].msg_id == 3);
}

TEST_CASE("a long text comes in parts, in any order, each as often as it likes") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    std::string text;
    for (int i = 0; text.size() < 8192; ++i)
        text += std::to_string(i) + " ";
    text.resize(8191);
    text += "!";
    for (const std::uint8_t part : std::to_array<std::uint8_t>({7, 0, 3, 3, 1, 2, 6, 4})) {
        b.send(bob, message(1, 1, part, 8, part_of(text, part)));
    }
    b.wait(milliseconds(25));
    REQUIRE(!bob.msg_acks.empty());
    CHECK(bob.msg_acks.back().next_msg_id == 1);
    CHECK(bob.msg_acks.back().have == 0b11011111);
    CHECK(bob.msg_acks.back().count == 0);
    b.send(bob, message(1, 1, 5, 7, part_of(text, 5)));  // not of this one
    CHECK(said(eve).empty());
    b.send(bob, message(1, 1, 5, 8, part_of(text, 5)));
    b.wait(milliseconds(1));
    CHECK(bob.msg_acks.back().next_msg_id == 2);
    CHECK(bob.msg_acks.back().have == 0);
    // The entry is longer than one datagram too.
    for (int i = 0; i < 40 && said(eve).empty(); ++i) {
        b.ack(eve);
        b.wait(milliseconds(100));
    }
    CHECK(said(eve) == Lines{text});
    CHECK(std::ranges::max(eve.sizes) <= 1200);
    // Longer than a text may be: no frame of the protocol.
    Plaintext huge;
    huge << message(1, 2, 0, 8, part_of(text, 0));
    const Bytes datagram = bob.seal(huge);
    const auto before = b.counters().malformed;
    b.arrive(bob.path, datagram);
    CHECK(b.counters().malformed == before);
}

TEST_CASE("text that no log may hold uses its number up and is not stored") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    const Seq head = b.head();
    std::uint64_t id = 0;
    for (const char* text : {"\x1b[2J", "a\x01", "bad \xff", "over\u202eride", "\n"}) {
        CAPTURE(text);
        b.say(bob, ++id, text);
        REQUIRE(!bob.msg_acks.empty());
        CHECK(bob.msg_acks.back().next_msg_id == id + 1);
        CHECK(bob.msg_acks.back().results[0].status == frame::MsgStatus::refused);
        CHECK(bob.msg_acks.back().results[0].seq == 0);
    }
    CHECK(b.head() == head);
    CHECK(b.counters().unusable == 5);
    b.say(bob, ++id, "fine\nnow");
    CHECK(b.head() == head + 1);
    // While another one waits for the log, results stay in order.
    b.commits = false;
    b.say(bob, ++id, "waits");
    b.say(bob, id + 1, "bad\x01");
    b.commits = true;
    b.drive();
    CHECK(bob.msg_acks.back().next_msg_id == id + 1);
    b.say(bob, ++id, "bad\x01");
    CHECK(bob.msg_acks.back().next_msg_id == id + 1);
}

TEST_CASE("who says too much is not heard until he has waited, and loses nothing") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    const auto burst = static_cast<std::uint64_t>(say_rate(say_per_second_default).burst);
    for (std::uint64_t id = 1; id <= burst + 10; ++id)
        b.say(bob, id, "x");
    CHECK(b.counters().messages == burst);
    // Only the message after the last one is too fast; the others are not next.
    CHECK(b.counters().too_fast == 1);
    b.wait(seconds(1));
    const std::string text(2000, 'y');
    b.send(bob, message(1, burst + 1, 1, 2, part_of(text, 1)));
    b.send(bob, message(1, burst + 1, 0, 2, part_of(text, 0)));
    CHECK(b.counters().messages == burst + 1);
}

TEST_CASE("a long text that is too fast is asked for again from its first part") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    const auto burst = static_cast<std::uint64_t>(say_rate(say_per_second_default).burst);
    for (std::uint64_t id = 1; id <= burst; ++id)
        b.say(bob, id, "x");
    const std::string text(2000, 'y');
    b.send(bob, message(1, burst + 1, 0, 2, part_of(text, 0)));
    b.send(bob, message(1, burst + 1, 1, 2, part_of(text, 1)));
    CHECK(b.counters().messages == burst);
    b.wait(milliseconds(30));
    CHECK(bob.msg_acks.back().have == 0);
    b.send(bob, message(1, burst + 1, 0, 2, part_of(text, 0)));
    b.send(bob, message(1, burst + 1, 1, 2, part_of(text, 1)));
    CHECK(b.counters().messages == burst + 1);
}
