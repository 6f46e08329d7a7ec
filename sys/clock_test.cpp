// SPDX-License-Identifier: MIT
#include "sys/clock.h"

#include <chrono>

#include "tests/support/catch.h"

using namespace chat;

TEST_CASE("the monotonic clock never goes back") {
    Instant before = sys::monotonic_now();
    for (int i = 0; i < 10'000; ++i) {
        const Instant now = sys::monotonic_now();
        REQUIRE(now >= before);
        before = now;
    }
}

TEST_CASE("the monotonic clock counts microseconds, the wall clock milliseconds since 1970") {
    using std::chrono::duration_cast;
    const auto steady = [] {
        return duration_cast<std::chrono::microseconds>(
                   std::chrono::steady_clock::now().time_since_epoch())
            .count();
    };
    const auto first = steady();
    const Instant now = sys::monotonic_now();
    CHECK(first <= now.us);
    CHECK(now.us <= steady());

    // Loose, because this clock may be set while the test runs; a wrong unit is off by decades.
    const auto unix_ms = duration_cast<std::chrono::milliseconds>(
                             std::chrono::system_clock::now().time_since_epoch())
                             .count();
    const auto day_ms = std::int64_t{24} * 3600 * 1000;
    CHECK(sys::wall_now().unix_ms > unix_ms - day_ms);
    CHECK(sys::wall_now().unix_ms < unix_ms + day_ms);
}
