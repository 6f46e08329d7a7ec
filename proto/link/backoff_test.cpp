// SPDX-License-Identifier: MIT
#include "proto/link/backoff.h"

#include "tests/support/catch.h"

using namespace chat;

TEST_CASE("waits grow to the longest and begin anew after a reset") {
    Backoff backoff({milliseconds(500), 150, seconds(3)});
    for (const std::int64_t us :
         {500'000, 750'000, 1'125'000, 1'687'500, 2'531'250, 3'000'000, 3'000'000}) {
        CHECK(backoff.next().us == us);
    }
    backoff.reset();
    CHECK(backoff.next() == milliseconds(500));
}
