// SPDX-License-Identifier: MIT
// When the server acknowledges what programs send, and how long it lets them wait with theirs.
#include "chat-server/core/test_support.h"

using namespace chat;
using namespace chat::server;

TEST_CASE("acknowledgements come in time: after 25 ms, at once after eight, one for all") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    bob.forget();
    b.send(bob, frame::Ping{});
    CHECK(bob.datagrams == 0);
    b.wait(milliseconds(24));
    CHECK(bob.datagrams == 0);
    b.wait(milliseconds(1));
    REQUIRE(bob.pkt_acks.size() == 1);
    CHECK(bob.pkt_acks[0].count == 2);  // his first ROOM_ACK asked for nothing
    CHECK(bob.pkt_acks[0].largest == 1);
    CHECK(bob.pkt_acks[0].echo_ts == 7);
    CHECK(bob.heads.size() == 1);
    for (int i = 0; i < 8; ++i)
        b.send(bob, frame::Ping{});
    REQUIRE(bob.pkt_acks.size() == 2);
    CHECK(bob.pkt_acks[1].count == 10);
    CHECK(bob.pkt_acks[1].largest == 9);
    // What asks for nothing gets nothing.
    b.send(bob, bob.room_ack());
    b.wait(seconds(1));
    CHECK(bob.pkt_acks.size() == 2);
}

TEST_CASE("the delay for acknowledgements grows with the members") {
    SecureBench b;
    const IpAddress here = IpAddress::v4(127, 0, 0, 1);
    CHECK(b.member("first", 10).offer().ack_delay_ms == 25);
    b.crowd(1199);
    CHECK(b.member("last", 11, here).offer().ack_delay_ms == 30);
}
