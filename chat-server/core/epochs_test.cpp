// SPDX-License-Identifier: MIT
#include "chat-server/core/epochs.h"

#include "chat-server/core/client_test_support.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::server;

namespace {

Instant at_s(std::int64_t s) {
    return {seconds(s).us};
}

frame::MsgAck results(const Epochs& epochs, EpochIndex index, std::uint64_t from = 0) {
    frame::MsgAck ack;
    epochs.results(index, from, ack);
    return ack;
}

}  // namespace

TEST_CASE("the last 32 results are kept, each under its number") {
    Epochs epochs(1, 100);
    const auto [index, known] = epochs.hold(at_s(0), public_key(1), 5);
    CHECK_FALSE(known);
    CHECK(results(epochs, index).count == 0);
    for (std::uint64_t id = 1; id <= 100; ++id) {
        CHECK(epochs.next_to_take(index) == id);
        if (id % 7 == 0) {
            epochs.refused(index, 1, frame::MsgStatus::not_in_room);
        } else {
            epochs.take(index);
            CHECK(epochs.waits_for_log(index));
            CHECK(epochs.next_msg_id(index) == id);
            epochs.stored(index, 1, id * 10);
        }
        const auto ack = results(epochs, index);
        CHECK(ack.next_msg_id == id + 1);
        REQUIRE(ack.count == std::min<std::uint64_t>(id, 32));
        for (std::size_t i = 0; i < ack.count; ++i) {
            const auto& result = ack.results[i];
            CHECK(result.msg_id == id + 1 - ack.count + i);
            CHECK(result.seq == (result.msg_id % 7 == 0 ? 0 : result.msg_id * 10));
            CHECK(result.status == (result.msg_id % 7 == 0 ? frame::MsgStatus::not_in_room
                                                           : frame::MsgStatus::stored));
        }
    }
    CHECK(results(epochs, index, 98).count == 3);
    CHECK(results(epochs, index, 101).count == 0);
    CHECK(results(epochs, index, UINT64_MAX).count == 0);
}

TEST_CASE("the least recently used is forgotten first, and never one that is held") {
    Epochs epochs(1, 3);
    const auto held = epochs.hold(at_s(0), public_key(1), 1);
    for (unsigned char i = 2; i <= 3; ++i)
        epochs.release(at_s(i), epochs.hold(at_s(i), public_key(i), 1).index);
    epochs.release(at_s(4), epochs.hold(at_s(4), public_key(2), 1).index);  // used again
    epochs.release(at_s(5), epochs.hold(at_s(5), public_key(4), 1).index);
    CHECK(epochs.find(public_key(1), 1) == held.index);
    CHECK(epochs.find(public_key(2), 1));
    CHECK_FALSE(epochs.find(public_key(3), 1));
    CHECK(epochs.find(public_key(4), 1));
    CHECK_FALSE(epochs.find(public_key(4), 2));
    CHECK(epochs.size() == 3);
    epochs.expire(at_s(5));
    CHECK_FALSE(epochs.find(public_key(2), 1));
    CHECK(epochs.find(public_key(4), 1));
    CHECK(epochs.find(public_key(1), 1));
    epochs.release(at_s(6), held.index);
    epochs.expire(at_s(7));
    CHECK(epochs.size() == 0);
}

TEST_CASE("an epoch held twice is held until it was released twice") {
    Epochs epochs(1, 100);
    const auto twice = epochs.hold(at_s(0), public_key(1), 1).index;
    for (unsigned char i = 2; i <= 4; ++i)
        epochs.release(at_s(i), epochs.hold(at_s(i), public_key(i), 1).index);
    epochs.hold(at_s(5), public_key(1), 1);
    epochs.release(at_s(6), twice);
    epochs.expire(at_s(100));
    CHECK(epochs.size() == 1);
    CHECK(epochs.find(public_key(1), 1) == twice);
    epochs.release(at_s(7), twice);
    epochs.expire(at_s(100));
    CHECK(epochs.size() == 0);
}

TEST_CASE("the state comes back from the log; gaps in it were refused, what is old goes first") {
    Epochs epochs(1, 2);
    const WallTime now{1'000'000};
    const StoredEpoch stored[] = {
        {public_key(1), 9, 6, {{1, 1, 101}, {2, 3, 102}, {5, 1, 105}}, WallTime{990'000}},
        {public_key(2), 9, 1001, {{1000, 1, 200}}, WallTime{980'000}},
        {public_key(3), 9, 5, {{4, 1, 300}}, WallTime{970'000}},
        {public_key(1), 9, 80, {}, WallTime{2'000'000}},  // a second time, and from the future
        {public_key(4), 9, 0, {}, now},
        {public_key(4), 9, UINT64_MAX, {}, now},
    };
    epochs.restore({at_s(100), now}, stored);
    CHECK(epochs.size() == 2);
    CHECK_FALSE(epochs.find(public_key(3), 9));
    const auto one = epochs.hold(at_s(101), public_key(1), 9);
    CHECK(one.known);
    CHECK(epochs.client_epoch(one.index) == 9);
    const auto ack = results(epochs, one.index);
    CHECK(ack.next_msg_id == 6);
    REQUIRE(ack.count == 5);
    CHECK(ack.results[1].seq == 102);
    CHECK(ack.results[1].room == 3);
    CHECK(ack.results[2].status == frame::MsgStatus::refused);
    CHECK(ack.results[4].seq == 105);
    CHECK(epochs.next_to_take(one.index) == 6);
    const auto two = epochs.find(public_key(2), 9);
    REQUIRE(two);
    CHECK(results(epochs, *two).next_msg_id == 1001);
    REQUIRE(results(epochs, *two).count == frame::results_max);
    CHECK(results(epochs, *two).results[31].seq == 200);
    // It was used 20 s before the start.
    epochs.expire(at_s(80));
    CHECK(epochs.find(public_key(2), 9));
    epochs.expire(at_s(81));
    CHECK_FALSE(epochs.find(public_key(2), 9));
}

TEST_CASE("a client's word moves its numbers on, never back and never over the edge") {
    Epochs epochs(1, 10);
    const auto index = epochs.hold(at_s(0), public_key(1), 1).index;
    epochs.acknowledged(index, 6);
    CHECK(epochs.next_to_take(index) == 7);
    epochs.acknowledged(index, 3);
    epochs.acknowledged(index, UINT64_MAX);
    CHECK(epochs.next_to_take(index) == 7);
    epochs.take(index);
    epochs.acknowledged(index, 50);
    epochs.stored(index, 1, 9);
    CHECK(epochs.next_msg_id(index) == 8);
    CHECK(results(epochs, index).count == 1);
}
