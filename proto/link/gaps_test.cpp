// SPDX-License-Identifier: MIT
#include "proto/link/gaps.h"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/support/catch.h"

using namespace chat;

namespace {

constexpr Duration rtt = milliseconds(80);  // first asked after 10 ms, again after 100 ms
constexpr Instant start{1'000'000};

Instant after_ms(std::int64_t ms) {
    return start + milliseconds(ms);
}

// "3 5+2": what is asked for now, offset and (if more than one) how many; /have for a part.
std::string asked(GapTracker& gaps, Instant now, PartialEntry partial = {}, std::size_t room = 32) {
    std::vector<frame::Gap> filled(room);
    filled.resize(gaps.take_due(now, rtt, filled, partial));
    std::string said;
    for (const auto& gap : filled) {
        if (!said.empty()) said += ' ';
        said += std::to_string(gap.offset);
        if (gap.count != 1) said += '+' + std::to_string(gap.count);
        if (gap.have != 0) said += '/' + std::to_string(gap.have);
    }
    return said;
}

}  // namespace

TEST_CASE("next stands before the first number that is missing") {
    struct Row {
        std::vector<std::uint64_t> received;
        std::uint64_t next;
        std::uint64_t known_end;
        std::size_t missing;
    };
    const Row table[] = {
        {{}, 5, 5, 0},           {{5}, 6, 6, 0},       {{6}, 5, 7, 1},
        {{6, 5}, 7, 7, 0},       {{8, 6}, 5, 9, 2},    {{8, 6, 5}, 7, 9, 1},
        {{8, 6, 5, 7}, 9, 9, 0}, {{7, 7, 4}, 5, 8, 2}, {{5 + 1023}, 5, 5 + 1024, 1023},
    };
    for (const auto& row : table) {
        GapTracker gaps(5);
        for (const auto number : row.received)
            gaps.on_received(start, number, rtt);
        CHECK(gaps.next() == row.next);
        CHECK(gaps.known_end() == row.known_end);
        CHECK(gaps.missing() == row.missing);
        CHECK(gaps.next_due().has_value() == (row.missing > 0));
    }
}

TEST_CASE("each number is taken once") {
    GapTracker gaps(5);
    CHECK_FALSE(gaps.on_received(start, 4, rtt));
    CHECK(gaps.on_received(start, 7, rtt));
    CHECK_FALSE(gaps.on_received(start, 7, rtt));
    CHECK(gaps.has(4));
    CHECK_FALSE(gaps.has(5));
    CHECK(gaps.has(7));
    CHECK_FALSE(gaps.has(8));
    CHECK(gaps.on_received(start, 5, rtt));
    CHECK_FALSE(gaps.on_received(start, 5, rtt));
    CHECK(gaps.on_received(start, 6, rtt));
    CHECK(gaps.next() == 8);
    CHECK_FALSE(gaps.on_received(start, 7, rtt));
}

TEST_CASE("every gap is asked for by its own clock") {
    GapTracker gaps(1);
    gaps.on_received(start, 3, rtt);  // 1, 2 are missing
    CHECK(gaps.next_due() == after_ms(10));
    CHECK(asked(gaps, after_ms(9)) == "");
    gaps.on_received(after_ms(9), 6, rtt);  // 4, 5 too
    CHECK(asked(gaps, after_ms(10)) == "0+2");
    CHECK(asked(gaps, after_ms(10)) == "");
    CHECK(gaps.next_due() == after_ms(19));
    CHECK(asked(gaps, after_ms(18)) == "");
    CHECK(asked(gaps, after_ms(19)) == "3+2");
    CHECK(gaps.next_due() == after_ms(110));
    CHECK(asked(gaps, after_ms(109)) == "");
    CHECK(asked(gaps, after_ms(110)) == "0+2");
    gaps.on_received(after_ms(111), 1, rtt);
    CHECK(asked(gaps, after_ms(119)) == "2+2");  // from 2 on now
    CHECK(gaps.next_due() == after_ms(210));
    CHECK(asked(gaps, after_ms(300)) == "0 2+2");
    gaps.on_received(after_ms(301), 2, rtt);
    gaps.on_received(after_ms(301), 4, rtt);
    gaps.on_received(after_ms(301), 5, rtt);
    CHECK(gaps.next() == 7);
    CHECK_FALSE(gaps.next_due());
    CHECK(asked(gaps, after_ms(9000)) == "");
}

TEST_CASE("neighbours are one run only if both are due") {
    GapTracker gaps(1);
    gaps.on_known(start, 3, rtt);        // 1, 2
    gaps.on_known(after_ms(5), 5, rtt);  // 3, 4
    CHECK(asked(gaps, after_ms(10)) == "0+2");
    CHECK(asked(gaps, after_ms(15)) == "2+2");
    CHECK(asked(gaps, after_ms(115)) == "0+4");
}

TEST_CASE("what finds no room stays due") {
    GapTracker gaps(1);
    for (std::uint64_t number = 2; number <= 100; number += 2)
        gaps.on_received(start, number, rtt);  // 50 gaps
    CHECK(asked(gaps, after_ms(10), {}, 2) == "0 2");
    CHECK(asked(gaps, after_ms(10), {}, 0) == "");
    CHECK(gaps.next_due() == after_ms(10));
    std::vector<frame::Gap> room(64);
    CHECK(gaps.take_due(after_ms(11), rtt, room) == 32);
    CHECK(room[0].offset == 4);
    CHECK(room[31].offset == 66);
    CHECK(gaps.take_due(after_ms(12), rtt, room) == 16);
    CHECK(room[15].offset == 98);
    CHECK(gaps.next_due() == after_ms(110));
}

TEST_CASE("an entry in parts is asked for by itself, and not while its parts come") {
    GapTracker gaps(1);
    gaps.on_known(start, 6, rtt);
    CHECK(asked(gaps, after_ms(10), {3, 5}) == "0+2 2/5 3+2");
    gaps.on_part(after_ms(109), 3, rtt);
    CHECK(asked(gaps, after_ms(110), {3, 7}) == "0+2 3+2");
    CHECK(gaps.next_due() == after_ms(119));
    CHECK(asked(gaps, after_ms(119), {3, 7}) == "2/7");
    gaps.on_part(after_ms(120), 3, rtt);  // its clock already stands later than that
    CHECK(asked(gaps, after_ms(130), {3, 7}) == "");
    gaps.on_part(after_ms(130), 8, rtt);
    CHECK(gaps.known_end() == 9);
    CHECK_FALSE(gaps.has(8));
    gaps.on_part(after_ms(130), 0, rtt);
    CHECK(gaps.next() == 1);
}

TEST_CASE("what the log no longer has is passed over") {
    struct Row {
        std::uint64_t from, to;
        std::uint64_t next;
        std::size_t missing;
    };
    const Row table[] = {
        // 10 is there, numbers to 12 are known, 5 is next
        {1, 4, 5, 7},       {1, 5, 6, 6},
        {5, 5, 6, 6},       {5, 9, 11, 2},
        {6, 7, 5, 5},       {6, 12, 5, 1},
        {5, 12, 13, 0},     {5, 99, 100, 0},
        {12, 14, 5, 6},     {1, 999'999, 1'000'000, 0},
        {6, 999'999, 5, 1}, {5, UINT64_MAX - 1, UINT64_MAX, 0},
    };
    for (const auto& row : table) {
        CAPTURE(row.from, row.to);
        GapTracker gaps(5);
        gaps.on_received(start, 10, rtt);
        gaps.on_known(start, 13, rtt);
        gaps.on_gone(start, row.from, row.to, rtt);
        CHECK(gaps.next() == row.next);
        CHECK(gaps.missing() == row.missing);
        CHECK(gaps.known_end() == std::max<std::uint64_t>(13, row.to + 1));
    }
}

TEST_CASE("beyond reach nothing is kept, and it is missed as soon as it comes into reach") {
    GapTracker gaps(1);
    CHECK_FALSE(gaps.on_received(start, 1 + 1024, rtt));
    CHECK(gaps.known_end() == 1026);
    CHECK(gaps.missing() == 1024);
    CHECK_FALSE(gaps.has(1025));
    CHECK(asked(gaps, after_ms(10)) == "0+1024");
    CHECK(gaps.on_received(after_ms(20), 1, rtt));
    CHECK(gaps.missing() == 1024);  // 1025 is among them now
    CHECK(gaps.next_due() == after_ms(30));
    CHECK(asked(gaps, after_ms(30)) == "1023");
    CHECK(gaps.on_received(after_ms(40), 1025, rtt));

    // The log has lost all that is within reach and more; what is left behind it is missed.
    gaps.on_known(after_ms(50), 5001, rtt);
    gaps.on_gone(after_ms(50), 2, 4990, rtt);
    CHECK(gaps.next() == 4991);
    CHECK(gaps.missing() == 10);
    CHECK(asked(gaps, after_ms(60)) == "0+10");
    gaps.on_known(after_ms(60), UINT64_MAX, rtt);
    CHECK(gaps.missing() == 1024);
    CHECK_FALSE(gaps.on_received(after_ms(60), UINT64_MAX - 1, rtt));
}

TEST_CASE("a short path is not asked without pause") {
    GapTracker gaps(1);
    std::vector<frame::Gap> room(4);
    gaps.on_known(start, 2, {0});
    CHECK(gaps.next_due() == after_ms(1));
    CHECK(gaps.take_due(after_ms(1), {0}, room) == 1);
    CHECK(gaps.next_due() == after_ms(11));
}

TEST_CASE("it agrees with a set of numbers, whatever comes") {
    std::mt19937_64 random(20240607);
    const auto below = [&](std::uint64_t n) { return random() % n; };
    GapTracker gaps(1);
    std::set<std::uint64_t> there;  // numbers from next on that are there
    std::uint64_t next = 1;
    std::uint64_t known_end = 1;
    for (int step = 0; step < 20'000; ++step) {
        const Instant now = start + microseconds(step * 500);
        const std::uint64_t number = next + below(step % 50 == 0 ? 3000 : 40);
        switch (below(8)) {
            case 0: {
                const std::uint64_t to = number + below(step % 40 == 0 ? 2500 : 5);
                const std::uint64_t kept_end = next + GapTracker::ahead;
                for (auto n = number; n <= to; ++n) {
                    if (n < kept_end || number <= next) there.insert(n);
                }
                known_end = std::max(known_end, to + 1);
                gaps.on_gone(now, number, to, rtt);
                break;
            }
            case 1:
                known_end = std::max(known_end, number);
                gaps.on_known(now, number, rtt);
                break;
            default: {
                const bool fits = number - next < GapTracker::ahead;
                const bool expected = fits && there.insert(number).second;
                known_end = std::max(known_end, number + 1);
                REQUIRE(gaps.on_received(now, number, rtt) == expected);
            }
        }
        while (there.erase(next) > 0)
            ++next;
        REQUIRE(gaps.next() == next);
        REQUIRE(gaps.known_end() == known_end);
        const auto reach = std::min(known_end, next + GapTracker::ahead);
        std::size_t missing = reach - next;
        for (const auto n : there)
            missing -= n < reach ? 1 : 0;
        REQUIRE(gaps.missing() == missing);

        std::vector<frame::Gap> room(32);
        room.resize(gaps.take_due(now, rtt, room));
        std::uint64_t end = next;
        for (const auto& gap : room) {
            REQUIRE(next + gap.offset >= end);
            for (unsigned i = 0; i < gap.count; ++i) {
                REQUIRE_FALSE(there.contains(next + gap.offset + i));
            }
            end = next + gap.offset + gap.count;
            REQUIRE(end <= reach);
        }
    }
    CHECK(next > 5000);
}
