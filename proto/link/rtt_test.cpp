// SPDX-License-Identifier: MIT
#include "proto/link/rtt.h"

#include "tests/support/catch.h"

using namespace chat;

TEST_CASE("a sample is now minus echo minus the peer's delay, modulo 65,536 ms") {
    struct Row {
        std::uint16_t now, echo, delay_32us;
        std::int64_t us;  // -1: no sample
    };
    const Row table[] = {
        {1000, 900, 0, 100'000},    {1000, 900, 625, 80'000},
        {50, 65'500, 0, 86'000},    {900, 900, 0, 1000},  // never nothing
        {900, 900, 50, 1000},                             // 1.6 ms: both clocks are cut to ms
        {900, 900, 63, -1},                               // 2.016 ms cannot be
        {901, 900, 93, 1000},                             // 2.976 ms of 1 to 2
        {901, 900, 94, -1},                               // 3.008 ms
        {60'000, 0, 0, 60'000'000}, {60'001, 0, 0, -1},
        {899, 900, 0, -1},                                  // an answer before the question
        {3000, 0, 65'534, 902'912}, {3000, 0, 65'535, -1},  // as long, or longer
    };
    for (const auto& row : table) {
        CAPTURE(row.now, row.echo, row.delay_32us);
        const auto sample = RttEstimator::sample(row.now, row.echo, row.delay_32us);
        CHECK((sample ? sample->us : -1) == row.us);
    }
}

TEST_CASE("smoothing is RFC 9002's") {
    RttEstimator rtt;
    CHECK_FALSE(rtt.has_sample());
    CHECK(rtt.smoothed() == milliseconds(333));
    CHECK(rtt.variation() == microseconds(166'500));

    struct Row {
        std::int64_t sample_us, smoothed_us, variation_us, longer_us;
    };
    const Row table[] = {
        {100'000, 100'000, 50'000, 100'000},
        {100'000, 100'000, 37'500, 100'000},
        {180'000, 110'000, 48'125, 180'000},
        {30'000, 100'000, 56'093, 100'000},
    };
    for (const auto& row : table) {
        rtt.add(microseconds(row.sample_us));
        CAPTURE(row.sample_us);
        CHECK(rtt.has_sample());
        CHECK(rtt.smoothed().us == row.smoothed_us);
        CHECK(rtt.variation().us == row.variation_us);
        CHECK(rtt.longer().us == row.longer_us);
    }
    rtt.reset();
    CHECK_FALSE(rtt.has_sample());
    CHECK(rtt.smoothed() == milliseconds(333));
}
