// SPDX-License-Identifier: MIT
#include "proto/link/token_bucket.h"

#include "tests/support/catch.h"

using namespace chat;

TEST_CASE("a bucket gives its burst at once and then its rate") {
    const TokenRate rate{milliseconds(100), 3};
    struct Row {
        std::int64_t at_ms;
        bool given;
    };
    const Row table[] = {
        {0, true},    {0, true},    {0, true},     {0, false},  {99, false},  {100, true},
        {100, false}, {250, true},  {299, false},  {300, true}, {300, false}, {5000, true},
        {5000, true}, {5000, true}, {5000, false},  // full again, and no fuller
    };
    TokenBucket bucket;
    for (const auto& row : table) {
        CAPTURE(row.at_ms);
        CHECK(bucket.take(Instant{} + milliseconds(row.at_ms), rate) == row.given);
    }
}

TEST_CASE("a bucket says when it is ready, and is ready then and not before") {
    const TokenRate rate{milliseconds(10), 2};
    TokenBucket bucket;
    Instant now{seconds(7).us};
    for (int i = 0; i < 50; ++i) {
        now = std::max(now, bucket.ready_at(rate));
        REQUIRE(bucket.take(now, rate));
        if (bucket.ready_at(rate) > now) {
            CHECK_FALSE(bucket.take(bucket.ready_at(rate) - microseconds(1), rate));
        }
    }
    CHECK(now == Instant{seconds(7).us} + milliseconds(10) * 48);
}
