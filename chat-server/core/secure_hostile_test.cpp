// SPDX-License-Identifier: MIT
// What strangers, forgers and new addresses get: next to nothing. And what a restarted server says.
#include "chat-server/core/limits.h"
#include "chat-server/core/test_support.h"
#include "proto/session/reset_token.h"

using namespace chat;
using namespace chat::server;

namespace {

Plaintext ping() {
    Plaintext plaintext;
    plaintext << frame::Ping{};
    return plaintext;
}

}  // namespace

TEST_CASE("a session from before the last eight starts is told so, others are not") {
    SecureBench first(BenchSettings{3, 77, std::nullopt, 100, ClassicAccess::any});
    auto& bob = first.member("bob", 10);
    auto frames = ping();
    const Bytes datagram = bob.seal(frames);
    struct Row {
        std::uint64_t start_count;
        bool reset;
    };
    const Row table[] = {{3, false}, {4, true}, {5, true}, {11, true}, {12, false}, {2, false}};
    for (const auto& row : table) {
        CAPTURE(row.start_count);
        SecureBench b(BenchSettings{row.start_count, 77, std::nullopt, 100, ClassicAccess::any});
        b.arrive(at(10), datagram);
        REQUIRE(b.outside.size() == (row.reset ? 1U : 0U));
        if (!row.reset) continue;
        CHECK(b.outside[0].bytes.size() == 24);
        const auto reset = datagram::decode_reset(b.outside[0].bytes);
        REQUIRE(reset);
        CHECK(reset->receiver_sid == bob.server_sid());
        CHECK(reset->token == bob.welcome->reset_token);
        // He comes back and goes on where he was.
        auto& again = b.client("bob", 11);
        again.identity = bob.identity.copy();
        again.epoch = bob.epoch;
        b.log_in(again);
        CHECK(again.welcome->flags == 0);
    }
}

TEST_CASE("a member who moves proves it first, and until then the old place is served") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    bob.forget();
    const Path old_place = bob.path;
    const Path new_place = at(77, IpAddress::v4(198, 51, 100, 9));
    auto frames = ping();
    b.arrive(new_place, bob.seal(frames));
    REQUIRE(b.outside.size() == 1);
    CHECK(b.outside[0].to == new_place);
    CHECK(b.outside[0].bytes.size() == 48);
    b.say(eve, 1, "to the old place");
    CHECK(bob.lines().back() == "eve: to the old place");
    auto more = ping();
    b.arrive(new_place, bob.seal(more));
    CHECK(b.outside.size() == 1);  // every 100 ms
    // The challenge arrives at the new place; its answer may come from anywhere.
    bob.hear(b.now, b.outside[0].bytes);
    REQUIRE(bob.challenges.size() == 1);
    frame::PathData wrong = bob.challenges[0];
    wrong[0] ^= std::byte{1};
    b.send(bob, frame::PathResponse{wrong});
    b.say(eve, 2, "still");
    CHECK(bob.lines().back() == "eve: still");
    b.send(bob, frame::PathResponse{bob.challenges[0]});
    bob.path = new_place;
    b.say(eve, 3, "to the new place");
    CHECK(bob.lines().back() == "eve: to the new place");
    CHECK(b.command("who").find("bob  port 77") != std::string::npos);
    CHECK(b.counters().moves == 1);
    CHECK(b.counters().challenges == 1);
    CHECK(b.traffic[old_place.peer].datagrams_out > 0);
}

TEST_CASE("an older datagram from elsewhere and a challenge gone stale move nobody") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto first = ping();
    auto second = ping();
    const Bytes older = bob.seal(first);
    b.arrive(bob.path, bob.seal(second));
    b.arrive(at(77), older);
    CHECK(b.outside.empty());
    auto third = ping();
    b.arrive(at(77), bob.seal(third));
    REQUIRE(b.outside.size() == 1);
    bob.hear(b.now, b.outside[0].bytes);
    b.wait(seconds(4));
    b.send(bob, frame::PathResponse{bob.challenges.at(0)});
    CHECK(b.counters().moves == 0);
}

TEST_CASE("whatever comes from an unproved address, no more goes there than came, and no DATA") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& stranger = b.client("eve", 20);
    stranger.start(b.now);
    const Bytes init = b.handshake_datagram(stranger);
    auto frames = ping();
    const Bytes data = bob.seal(frames);
    Bytes unknown = data;
    unknown[5] ^= std::byte{1};
    Bytes earlier = data;  // the sid of an earlier start
    earlier[4] = std::byte{4};
    Bytes forged = data;
    forged.back() ^= std::byte{1};
    Bytes with_cookie = init;
    with_cookie[16] = std::byte{1};
    Bytes fini(datagram::fini_bytes);
    fini[0] = std::byte{0xfb};
    fini[1] = std::byte{1};
    struct Row {
        const char* what;
        Bytes bytes;
        std::size_t answer;
    };
    std::vector<Row> table = {
        {"INIT", init, 48},
        {"INIT with a bad cookie", with_cookie, 48},
        {"FINI", fini, 0},
        {"DATA of nobody", unknown, 0},
        {"forged DATA", forged, 0},
        {"DATA of an earlier start", earlier, 24},
        {"DATA of a member", data, 48},
        {"the same again", data, 0},
    };
    for (std::size_t cut : {1U, 15U, 47U})
        table.push_back({"cut off", Bytes(data.begin(), data.begin() + static_cast<long>(cut)), 0});
    for (unsigned type = 0xf8; type <= 0xff; ++type) {
        table.push_back({"a single type byte", Bytes{static_cast<std::byte>(type)}, 0});
        table.push_back({"1200 bytes of one value", Bytes(1200, static_cast<std::byte>(type)), 0});
    }
    std::uint16_t port = 1000;
    for (const auto& row : table) {
        CAPTURE(row.what, row.bytes.size());
        const Path from = at(port++, IpAddress::v4(203, 0, 113, 5));
        b.arrive(from, row.bytes);
        b.wait(seconds(1));
        const auto& count = b.traffic[from.peer];
        CHECK(count.bytes_out == row.answer);
        CHECK(count.datagrams_out <= count.datagrams_in);
        CHECK(count.bytes_out <= count.bytes_in);
    }
}

TEST_CASE("what is forged, replayed, cut or not exactly frames changes nothing but a counter") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    const Seq head = b.head();
    Plaintext hello;
    hello << message(1, 1, 0, 1, "hello");
    const Bytes datagram = bob.seal(hello);
    Bytes forged = datagram;
    forged[20] ^= std::byte{1};
    b.arrive(bob.path, forged);
    CHECK(b.counters().not_opened == 1);
    CHECK(b.head() == head);
    b.arrive(bob.path, datagram);
    b.arrive(bob.path, datagram);
    CHECK(b.counters().replayed == 1);
    CHECK(b.head() == head + 1);
    b.arrive(bob.path, std::span(datagram).first(40));
    CHECK(b.counters().malformed == 1);
    Plaintext half;
    half << message(1, 2, 0, 1, "first");
    half.raw({"\x01\x05\x00", 3});
    b.arrive(bob.path, bob.seal(half));
    CHECK(b.counters().malformed == 2);
    Plaintext from_server;
    from_server << message(1, 2, 0, 1, "x") << frame::Head{1, 5, 1};
    b.arrive(bob.path, bob.seal(from_server));
    CHECK(b.counters().malformed == 3);
    CHECK(b.head() == head + 1);
    Plaintext unknown;
    unknown << message(1, 2, 0, 1, "second");
    unknown.raw({"\x7f\x02\x00??", 5});
    b.arrive(bob.path, bob.seal(unknown));
    CHECK(b.head() == head + 2);
    CHECK(b.counters().malformed == 3);
}
