// SPDX-License-Identifier: MIT
#include "proto/link/revival.h"

#include "tests/support/catch.h"

using namespace chat;

namespace {

constexpr BackoffRule rule{milliseconds(50), 200, milliseconds(200)};

}  // namespace

TEST_CASE("a child that dies young waits longer each time, up to the longest") {
    Revival revival(rule, seconds(10));
    Instant now{1'000'000};
    CHECK_FALSE(revival.due());
    for (const std::int64_t wait_ms : {50, 100, 200, 200}) {
        revival.started(now);
        CHECK(revival.started_at() == now);
        CHECK_FALSE(revival.due());
        CHECK_FALSE(revival.due(now + seconds(100)));
        now = now + seconds(10) - microseconds(1);
        revival.died(now);
        CHECK(revival.due() == now + milliseconds(wait_ms));
        now = now + milliseconds(wait_ms);
        CHECK_FALSE(revival.due(now - microseconds(1)));
        CHECK(revival.due(now));
    }
}

TEST_CASE("a child that lived long enough is soon started again") {
    Revival revival(rule, seconds(10));
    Instant now{};
    for (int i = 0; i < 3; ++i) {
        revival.started(now);
        revival.died(now);
    }
    revival.started(now);
    now = now + seconds(10);
    revival.died(now);
    CHECK(revival.due() == now + milliseconds(50));
}

TEST_CASE("one death counts once") {
    Revival revival(rule, seconds(10));
    revival.started({});
    revival.died(Instant{} + seconds(1));
    revival.died(Instant{} + seconds(20));
    CHECK(revival.due() == Instant{} + seconds(1) + milliseconds(50));
    revival.started(Instant{} + seconds(2));
    revival.died(Instant{} + seconds(2));
    CHECK(revival.due() == Instant{} + seconds(2) + milliseconds(100));
}
