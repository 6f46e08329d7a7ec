// SPDX-License-Identifier: MIT
#include "chat-server/core/wanted_entries.h"

#include <string>
#include <vector>

#include "chat-server/core/limits.h"
#include "tests/support/catch.h"

using namespace chat::server;

namespace {

struct Asked {
    RoomId room;
    Repair entries;
};

bool any_room(RoomId) {
    return true;
}

// All of it in the order in which it is served, as "room:from-to", parts that are there after it.
std::string served(WantedEntries& wanted) {
    std::string text;
    while (auto* const next = wanted.find_first(any_room)) {
        const auto& [from, to, have] = next->entries;
        text += (text.empty() ? "" : " ") + std::to_string(next->room) + ":" +
                std::to_string(from) + "-" + std::to_string(to) +
                (have == 0 ? "" : "/" + std::to_string(have));
        next->entries.from = to;
        wanted.drop_served();
    }
    CHECK(wanted.empty());
    return text;
}

}  // namespace

TEST_CASE("ranges are served in the order in which they were asked for, what touches as one") {
    struct Row {
        std::vector<Asked> asked;
        std::string served;
    };
    const Row table[] = {
        {{}, ""},
        {{{1, {9, 10}}, {1, {1, 5}}, {2, {3, 4}}}, "1:9-10 1:1-5 2:3-4"},
        {{{1, {9, 10}}, {1, {1, 5}}, {1, {9, 10}}}, "1:9-10 1:1-5"},
        {{{1, {9, 10}}, {1, {1, 5}}, {1, {5, 7}}, {1, {10, 12}}}, "1:9-12 1:1-7"},
        {{{1, {9, 10}}, {1, {1, 5}}, {1, {20, 22}}, {1, {4, 9}}}, "1:1-10 1:20-22"},
        {{{1, {9, 10}}, {1, {1, 5}}, {1, {20, 22}}, {1, {1, 300}}}, "1:1-300"},
        {{{1, {9, 10}}, {1, {1, 5}}, {1, {6, 8}}}, "1:9-10 1:1-5 1:6-8"},
        {{{1, {9, 10}}, {2, {10, 11}}}, "1:9-10 2:10-11"},
        // What is there of the first entry: the later question knows it, if it asks for that one.
        {{{1, {9, 10, 3}}, {1, {9, 10, 5}}}, "1:9-10/5"},
        {{{1, {9, 10, 3}}, {1, {9, 12}}}, "1:9-12"},
        {{{1, {9, 10, 3}}, {1, {10, 12}}}, "1:9-12/3"},
        {{{1, {9, 10, 3}}, {1, {8, 9}}}, "1:8-10"},
        {{{1, {9, 12}}, {1, {8, 9, 1}}}, "1:8-12/1"},
    };
    for (const auto& row : table) {
        CAPTURE(row.served);
        WantedEntries wanted;
        for (const auto& [room, entries] : row.asked)
            CHECK(wanted.add(room, entries));
        CHECK(served(wanted) == row.served);
    }
}

TEST_CASE("what waits for a page lets others pass, and a room that was left is forgotten") {
    WantedEntries wanted;
    wanted.add(1, {9, 10});
    wanted.add(2, {5, 6});
    wanted.add(1, {1, 2});
    const auto second = [](RoomId room) { return room == 2; };
    REQUIRE(wanted.find_first(second) != nullptr);
    CHECK(wanted.find_first(second)->room == 2);
    wanted.forget(2);
    CHECK_FALSE(wanted.has_ready(second));
    CHECK(wanted.find_first(second) == nullptr);
    CHECK(wanted.has_ready(any_room));
    CHECK(served(wanted) == "1:9-10 1:1-2");
}

TEST_CASE(
    "more ranges than there are places for are refused, and have one when others are served") {
    WantedEntries wanted;
    for (Seq i = 0; i < wanted_ranges_max; ++i)
        CHECK(wanted.add(1, {10 * i + 1, 10 * i + 2}));
    CHECK_FALSE(wanted.add(1, {5, 6}));
    CHECK_FALSE(wanted.add(2, {1, 2}));
    // Again, and more of what waits.
    CHECK(wanted.add(1, {1, 2}));
    CHECK(wanted.add(1, {2, 4}));
    wanted.find_first(any_room)->entries.from = 4;
    wanted.drop_served();
    CHECK(wanted.add(2, {1, 2}));
    CHECK_FALSE(wanted.add(2, {8, 9}));
}
