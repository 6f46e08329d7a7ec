// SPDX-License-Identifier: MIT
#include "proto/link/congestion.h"

#include "tests/support/catch.h"

using namespace chat;

namespace {

constexpr Duration rtt = milliseconds(100);
constexpr Instant start{5'000'000};

}  // namespace

TEST_CASE("slow start doubles a used window, congestion avoidance adds a datagram") {
    Congestion congestion;
    CHECK(congestion.window_bytes() == 12'000);
    congestion.on_acked(10, 12'000, 12'000);
    CHECK(congestion.window_bytes() == 24'000);
    congestion.on_acked(20, 12'000, 11'999);  // not half used
    CHECK(congestion.window_bytes() == 24'000);
    congestion.on_acked(20, 1200, 12'000);
    CHECK(congestion.window_bytes() == 25'200);

    congestion.on_lost(20, 40);
    CHECK(congestion.window_bytes() == 12'600);
    congestion.on_acked(40, 12'000, 12'000);  // sent before the window was halved
    CHECK(congestion.window_bytes() == 12'600);
    congestion.on_acked(41, 12'000, 12'000);
    CHECK(congestion.window_bytes() == 12'600);
    congestion.on_acked(42, 600, 12'000);
    CHECK(congestion.window_bytes() == 13'800);
    congestion.on_acked(50, 13'800, 10'199);  // not used
    CHECK(congestion.window_bytes() == 13'800);
    congestion.on_acked(50, 13'800, 10'200);
    CHECK(congestion.window_bytes() == 15'000);
}

TEST_CASE("the window is halved once for what was sent before, and never below two datagrams") {
    Congestion congestion;
    congestion.on_lost(5, 10);
    CHECK(congestion.window_bytes() == 6000);
    congestion.on_lost(7, 12);
    congestion.on_lost(10, 15);
    CHECK(congestion.window_bytes() == 6000);
    congestion.on_lost(11, 20);
    CHECK(congestion.window_bytes() == 3000);
    congestion.on_lost(21, 30);
    CHECK(congestion.window_bytes() == 2400);
    congestion.on_lost(31, 40);
    CHECK(congestion.window_bytes() == 2400);
    congestion.restart_counters();
    congestion.on_acked(1, 2400, 2400);
    CHECK(congestion.window_bytes() == 3600);
    congestion.reset();
    CHECK(congestion.window_bytes() == 12'000);
}

TEST_CASE("silence leaves the least, and slow start to half of what there was") {
    Congestion congestion;
    congestion.on_silence(10);
    CHECK(congestion.window_bytes() == 2400);
    congestion.on_lost(10, 12);
    CHECK(congestion.window_bytes() == 2400);
    congestion.on_acked(11, 2400, 2400);
    CHECK(congestion.window_bytes() == 4800);
    congestion.on_acked(13, 2400, 4800);
    CHECK(congestion.window_bytes() == 7200);
    congestion.on_acked(14, 2400, 7200);  // above 6,000 it is one datagram a window
    CHECK(congestion.window_bytes() == 7200);
}

TEST_CASE("the window ends somewhere") {
    Congestion congestion;
    for (std::uint64_t counter = 1; counter < 40; ++counter)
        congestion.on_acked(counter, SIZE_MAX, congestion.window_bytes());
    CHECK(congestion.window_bytes() == 16U << 20);
}

TEST_CASE("ten datagrams at once, then 1.25 windows per RTT") {
    Congestion congestion;
    int at_once = 0;
    while (congestion.ready_at(1200, rtt) <= start) {
        congestion.on_sent(start, 1200, rtt);
        ++at_once;
    }
    CHECK(at_once == 10);
    CHECK(congestion.ready_at(1200, rtt) == start + milliseconds(8));
    CHECK(congestion.ready_at(600, rtt) == start + milliseconds(4));

    int in_one_rtt = 0;
    for (Instant now = start; now <= start + rtt; now = now + milliseconds(1)) {
        while (congestion.ready_at(1200, rtt) <= now) {
            congestion.on_sent(now, 1200, rtt);
            ++in_one_rtt;
        }
    }
    CHECK(in_one_rtt == 12);
    // A long pause saves up no more than one burst.
    at_once = 0;
    while (congestion.ready_at(1200, rtt) <= start + seconds(3600)) {
        congestion.on_sent(start + seconds(3600), 1200, rtt);
        ++at_once;
    }
    CHECK(at_once == 10);
}

TEST_CASE("what was sent at the pace of a worse guess does not hold up more than a burst") {
    Congestion congestion;
    for (int i = 0; i < 10; ++i)
        congestion.on_sent(start, 1200, milliseconds(333));
    const Instant now = start + milliseconds(2);
    CHECK(congestion.ready_at(1200, milliseconds(1)) > now + milliseconds(200));
    congestion.on_rtt(now, milliseconds(1));
    CHECK(congestion.ready_at(1200, milliseconds(1)) <= now + milliseconds(1));
}
