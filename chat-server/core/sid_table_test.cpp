// SPDX-License-Identifier: MIT
#include "chat-server/core/sid_table.h"

#include <algorithm>
#include <map>
#include <random>

#include "tests/support/catch.h"

namespace chat::server {

TEST_CASE("a session number is found as long as it is there") {
    SidTable table;
    CHECK_FALSE(table.find(0));
    CHECK_FALSE(table.find(0x1234'5601));
    table.add(0x1234'5601, 7);
    CHECK(table.find(0x1234'5601) == 7);
    CHECK_FALSE(table.find(0x1234'5602));
    CHECK_FALSE(table.find(0));
    table.remove(0x1234'5601);
    CHECK_FALSE(table.find(0x1234'5601));
    CHECK(table.size() == 0);
}

TEST_CASE("the table of session numbers says what a map says") {
    for (const unsigned seed : {1U, 2U, 3U}) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        SidTable table;
        std::map<std::uint32_t, std::uint32_t> map;
        for (std::uint32_t step = 0; step < 20'000; ++step) {
            // Of few numbers and now of many, so that they crowd and that it grows.
            const std::uint32_t spread = step < 10'000 ? 0x3f : 0xffff;
            const std::uint32_t sid = (static_cast<std::uint32_t>(random()) & spread) << 8 | 5;
            REQUIRE(table.find(sid).has_value() == map.contains(sid));
            if (map.contains(sid)) {
                REQUIRE(table.find(sid) == map[sid]);
                table.remove(sid);
                map.erase(sid);
            } else {
                table.add(sid, step);
                map.emplace(sid, step);
            }
            REQUIRE(table.size() == map.size());
        }
        CHECK(map.size() > 1'000);
        CHECK(std::ranges::all_of(
            map, [&](const auto& one) { return table.find(one.first) == one.second; }));
    }
}

}  // namespace chat::server
