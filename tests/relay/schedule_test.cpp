// SPDX-License-Identifier: MIT
#include "tests/relay/schedule.h"

#include <string>

#include "tests/support/catch.h"

namespace chat::relay {
namespace {

constexpr Instant zero{5'000'000};

// The clients named by the rebinds that are due, each with when it was asked for.
std::string play(std::string_view script, Duration step, Duration until) {
    Schedule schedule;
    const auto steps = parse_script(script);
    REQUIRE(steps);
    for (const Step& each : *steps)
        schedule.add(zero, each);
    std::string story;
    for (Duration at{}; at <= until; at = at + step) {
        while (const auto command = schedule.take_due(zero + at)) {
            story += std::to_string(at.us / 1000) + ":" +
                     std::to_string(std::get<Rebind>(*command).client.value_or(0)) + " ";
        }
    }
    return story;
}

}  // namespace

TEST_CASE("commands come when due, those of one instant in their order") {
    struct Row {
        const char* script;
        Duration step;
        const char* story;
    };
    const Row rows[] = {
        {"", milliseconds(100), ""},
        {"rebind port 1\nat 0 rebind port 2", milliseconds(100), "0:1 0:2 "},
        {"rebind port 1\nrebind port 2\nrebind port 3\nrebind port 4\nrebind port 5",
         milliseconds(100), "0:1 0:2 0:3 0:4 0:5 "},
        {"at 2 rebind port 1\nat 1 rebind port 2\nat 2 rebind port 3", milliseconds(500),
         "1000:2 2000:1 2000:3 "},
        {"at 1 every 0.5 for 1 rebind port 1", milliseconds(100), "1000:1 1500:1 "},
        {"at 1 every 0.5 for 1.1 rebind port 1", milliseconds(100), "1000:1 1500:1 2000:1 "},
        {"every 2 rebind port 1", milliseconds(500), "0:1 2000:1 4000:1 "},
        {"every 1 for 0 rebind port 1\nat 4 rebind port 2", milliseconds(100), "4000:2 "},
        {"every 1 for 3 rebind port 1\nat 1 rebind port 2", milliseconds(500),
         "0:1 1000:2 1000:1 2000:1 "},
        {"every 1 for 3 rebind port 1", milliseconds(2500), "0:1 2500:1 2500:1 "},
        {"at 4.000001 rebind port 1", milliseconds(100), ""},
    };
    for (const Row& row : rows) {
        CAPTURE(row.script);
        CHECK(play(row.script, row.step, seconds(4)) == row.story);
    }
}

TEST_CASE("the next time is the earliest, and none when all is done") {
    Schedule schedule;
    CHECK_FALSE(schedule.next());
    for (const char* line : {"at 3 stats", "at 2 every 1 for 2 stats"})
        schedule.add(zero, **parse_line(line));
    for (const int second : {2, 3, 3}) {
        CHECK(schedule.next() == zero + seconds(second));
        CHECK_FALSE(schedule.take_due(zero + seconds(second) - microseconds(1)));
        CHECK(schedule.take_due(zero + seconds(second)));
    }
    CHECK_FALSE(schedule.next());
}

}  // namespace chat::relay
