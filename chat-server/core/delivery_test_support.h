// SPDX-License-Identifier: MIT
// A member's side of the delivery of a room's log, for tests.
#pragma once

#include "chat-server/core/test_support.h"

namespace chat::server {

// Has a measured round trip and nothing under way.
inline void settle(SecureBench& b, TestClient& who) {
    b.ack(who);
    b.wait(milliseconds(300));
    b.ack(who);
    who.forget();
}

// Acknowledges and asks again until it has everything, as a client does.
inline void catch_up(SecureBench& b, TestClient& who, Duration step = milliseconds(50),
                     std::uint16_t credit = 1000) {
    for (int i = 0; i < 5000 && who.next_seq < b.head(); ++i) {
        b.ack(who, credit);
        b.wait(step);
    }
    CHECK(who.next_seq == b.head());
}

}  // namespace chat::server
