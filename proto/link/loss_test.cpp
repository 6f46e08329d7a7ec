// SPDX-License-Identifier: MIT
#include "proto/link/loss.h"

#include <vector>

#include "tests/support/catch.h"

using namespace chat;

namespace {

struct Ack {
    std::uint64_t largest;
    std::uint32_t count;
    int lost;  // -1: it says nothing
};

}  // namespace

TEST_CASE("what is missing is lost one acknowledgement later") {
    struct Row {
        const char* what;
        std::vector<Ack> acks;
    };
    const Row table[] = {
        {"all arrive", {{0, 1, 0}, {4, 5, 0}, {9, 10, 0}}},
        {"one is lost", {{4, 4, 0}, {5, 5, 1}, {6, 6, 0}}},
        {"one is late, seen at the next", {{4, 4, 0}, {5, 6, 0}, {9, 10, 0}}},
        {"one is late, seen after it was judged",
         {{4, 4, 0}, {5, 5, 1}, {6, 7, 0}, {9, 9, 0}, {10, 10, 1}}},
        {"one is late, and nothing newer", {{4, 4, 0}, {4, 5, 0}, {9, 10, 0}}},
        {"two are lost, then one more", {{9, 8, 0}, {19, 17, 2}, {20, 18, 1}, {21, 19, 0}}},
        {"the first ones are lost", {{3, 1, 0}, {4, 2, 3}}},
        {"repeated", {{4, 4, 0}, {4, 4, -1}, {5, 5, 1}, {5, 5, -1}, {6, 6, 0}}},
        {"overtaken", {{4, 4, 0}, {9, 9, 1}, {6, 6, -1}, {4, 5, -1}, {10, 10, 0}}},
        {"more than were sent", {{4, 6, -1}, {4, 5, 0}, {5, 7, -1}, {5, 6, 0}}},
        {"further, but fewer", {{4, 5, 0}, {9, 4, -1}, {9, 5, -1}, {9, 10, 0}}},
        {"none", {{4, 0, -1}}},
    };
    for (const auto& row : table) {
        LossEstimator loss;
        for (const auto& ack : row.acks) {
            CAPTURE(row.what, ack.largest, ack.count);
            const auto judged = loss.on_ack(ack.largest, ack.count);
            CHECK((judged ? static_cast<int>(judged->lost) : -1) == ack.lost);
        }
    }
}

TEST_CASE("a judgement says how far and how many") {
    LossEstimator loss;
    auto judged = loss.on_ack(9, 8);
    REQUIRE(judged);
    CHECK(judged->acked_end == 10);
    CHECK(judged->judged_end == 0);
    CHECK(judged->arrived == 8);
    judged = loss.on_ack(14, 13);
    REQUIRE(judged);
    CHECK(judged->acked_end == 15);
    CHECK(judged->judged_end == 10);
    CHECK(judged->arrived == 5);
    CHECK(judged->lost == 2);
    CHECK(loss.acked_end() == 15);
}

TEST_CASE("counts wrap at 2^32") {
    LossEstimator loss;
    REQUIRE(loss.on_ack(0x7fff'fffe, 0x7fff'ffff));
    REQUIRE(loss.on_ack(0xffff'fffa, 0xffff'fffa));  // one is missing
    const auto judged = loss.on_ack(0x1'0000'0009, 0x0000'0009);
    REQUIRE(judged);
    CHECK(judged->arrived == 15);
    CHECK(judged->lost == 1);
    CHECK_FALSE(loss.on_ack(0x1'0000'0009, 0xffff'fffa));
}

TEST_CASE("the share of loss is that of late") {
    struct Row {
        unsigned lost_of_ten;
        unsigned low, high;
    };
    const Row table[] = {{0, 0, 0}, {1, 90, 110}, {3, 290, 310}, {9, 850, 910}};
    LossEstimator loss;
    std::uint64_t sent = 0;
    std::uint32_t count = 0;
    for (const auto& row : table) {
        for (int i = 0; i < 100; ++i) {
            sent += 10;
            count += 10 - row.lost_of_ten;
            REQUIRE(loss.on_ack(sent - 1, count));
        }
        CAPTURE(row.lost_of_ten, loss.permille());
        CHECK(loss.permille() >= row.low);
        CHECK(loss.permille() <= row.high);
    }
    loss.restart_counters();
    CHECK(loss.permille() > 800);
    CHECK(loss.acked_end() == 0);
    const auto first = loss.on_ack(0, 1);
    REQUIRE(first);
    CHECK(first->lost == 0);
}
