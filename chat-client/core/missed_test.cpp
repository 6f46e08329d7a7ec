// SPDX-License-Identifier: MIT
#include "chat-client/core/missed.h"

#include "tests/support/catch.h"

using namespace chat::client;

namespace {

Welcome welcome(std::uint64_t next, std::uint64_t head) {
    return {.name = "alice", .room = "dev", .next = next, .head = head};
}
Message message(std::uint64_t seq, bool history = false) {
    return {"dev", seq, "bob", "x", {}, false, false, history};
}

}  // namespace

TEST_CASE("the marker stands once, between what was read and what was missed") {
    MissedMarker marker;
    marker.on_welcome(welcome(5, 8));
    CHECK_FALSE(marker.before(message(4, true)));
    CHECK_FALSE(marker.before(HistoryEnd{"dev", 4, false}));
    CHECK(marker.before(message(5)));
    CHECK_FALSE(marker.before(message(6)));
    CHECK_FALSE(marker.before(message(8)));
}

TEST_CASE("one's own going and coming is no news") {
    MissedMarker marker;
    marker.on_welcome(welcome(5, 8));
    CHECK_FALSE(marker.before(Left{"dev", 3, "bob", {}, true}));
    CHECK_FALSE(marker.before(Left{"dev", 5, "alice", {}}));
    SECTION("somebody else's is") {
        CHECK(marker.before(Joined{"dev", 6, "carol", {}}));
        CHECK_FALSE(marker.before(Joined{"dev", 7, "alice", {}}));
    }
    SECTION("nothing else was missed") {
        CHECK_FALSE(marker.before(Joined{"dev", 7, "alice", {}}));
        CHECK_FALSE(marker.before(message(8)));
    }
}

TEST_CASE("no marker without anything older, or after a loss of the connection alone") {
    MissedMarker first;
    first.on_welcome(welcome(5, 8));
    CHECK_FALSE(first.before(message(5)));

    MissedMarker here;
    here.on_welcome(welcome(5, 5));
    CHECK_FALSE(here.before(message(4, true)));
    here.on_welcome(welcome(5, 9));
    CHECK_FALSE(here.before(message(5)));
}
