// SPDX-License-Identifier: MIT
#include "chat-server/core/deadlines.h"

#include <map>
#include <random>

#include "tests/support/catch.h"

using namespace chat;
using namespace chat::server;

TEST_CASE("deadlines come out in time, once, the earliest that was armed") {
    Deadlines deadlines;
    CHECK_FALSE(deadlines.next());
    deadlines.arm(7, Instant{30});
    deadlines.arm(3, Instant{20});
    deadlines.arm(7, Instant{10});
    deadlines.arm(7, Instant{99});  // later: nothing changes
    CHECK(deadlines.next() == Instant{10});
    CHECK_FALSE(deadlines.pop_due(Instant{9}));
    CHECK(deadlines.pop_due(Instant{25}) == 7U);
    CHECK(deadlines.pop_due(Instant{25}) == 3U);
    CHECK_FALSE(deadlines.pop_due(Instant{1000}));
    deadlines.arm(3, Instant{5});
    deadlines.disarm(3);
    deadlines.disarm(3);
    deadlines.disarm(1000);
    CHECK_FALSE(deadlines.next());
}

TEST_CASE("any sequence of arming and disarming agrees with a plain list") {
    for (unsigned seed = 1; seed <= 50; ++seed) {
        std::mt19937 dice(seed);
        Deadlines deadlines;
        std::map<std::uint32_t, Instant> plain;
        for (int step = 0; step < 400; ++step) {
            const auto id = static_cast<std::uint32_t>(dice() % 20);
            if (dice() % 4 != 0) {
                const Instant at{static_cast<std::int64_t>(dice() % 1000)};
                deadlines.arm(id, at);
                const auto [place, fresh] = plain.emplace(id, at);
                if (!fresh) place->second = std::min(place->second, at);
            } else {
                deadlines.disarm(id);
                plain.erase(id);
            }
            std::optional<Instant> first;
            for (const auto& [other, at] : plain)
                first = std::min(first.value_or(at), at);
            REQUIRE(deadlines.next() == first);
        }
        Instant last{-1};
        while (const auto id = deadlines.pop_due(Instant{1000})) {
            REQUIRE(plain.at(*id) >= last);
            last = plain.at(*id);
            plain.erase(*id);
        }
        REQUIRE(plain.empty());
    }
}
