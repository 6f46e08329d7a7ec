// SPDX-License-Identifier: MIT
#include "proto/session/half_open.h"

#include <deque>
#include <map>
#include <random>

#include "proto/session/handshake_test_support.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::session_test;

namespace {

using Refusal = HalfOpenTable::Refusal;

struct Fixture {
    SeededRandom random{1};
    CountingMemory memory;
    HalfOpenTable table{random, memory};
};

// Another prefix for every number.
Endpoint peer(std::uint32_t number) {
    const auto byte = [number](unsigned shift) {
        return static_cast<std::uint8_t>(number >> shift & 0xff);
    };
    return {IpAddress::v4(byte(24), byte(16), byte(8), byte(0)), 4000, 0};
}

HalfOpenKey key(std::uint32_t number, std::uint64_t nonce = 0) {
    return {peer(number), nonce, {}};
}

IpAddress v6(std::uint8_t seventh, std::uint8_t last) {
    IpAddress ip{{0x20, 1, 0xd, 0xb8}};
    ip.bytes[6] = seventh;
    ip.bytes[7] = last;
    ip.bytes[15] = last;
    return ip;
}

}  // namespace

TEST_CASE("a handshake is found by what names it and by its number, until it is removed") {
    Fixture f;
    const auto added = f.table.add({}, key(1), 100);
    REQUIRE(added);
    CHECK(f.table.size() == 1);
    CHECK(f.table.find(key(1)) == *added);
    CHECK(f.table.find(100) == *added);

    HalfOpenKey other = key(1);
    ++other.client_nonce;
    CHECK(f.table.find(other) == nullptr);
    other = key(1);
    other.ephemeral[31] = std::byte{1};
    CHECK(f.table.find(other) == nullptr);
    other = key(1);
    ++other.peer.port;
    CHECK(f.table.find(other) == nullptr);
    CHECK(f.table.find(101) == nullptr);

    f.table.remove(100);
    CHECK(f.table.size() == 0);
    CHECK(f.table.find(key(1)) == nullptr);
    CHECK(f.table.find(100) == nullptr);
    f.table.remove(100);
    CHECK(f.table.size() == 0);
}

TEST_CASE("a handshake is forgotten after 10 s, wherever it stands in the queue") {
    Fixture f;
    for (std::uint32_t i = 0; i < 5; ++i)
        REQUIRE(f.table.add(Instant{} + seconds(i), key(i), 100 + i));
    f.table.remove(102);
    f.table.remove(104);
    f.table.expire(Instant{} + seconds(10) - microseconds(1));
    CHECK(f.table.size() == 3);
    f.table.expire(Instant{} + seconds(10));
    CHECK(f.table.find(100) == nullptr);
    CHECK(f.table.find(101) != nullptr);
    f.table.expire(Instant{} + seconds(12));
    CHECK(f.table.size() == 1);
    CHECK(f.table.find(103) != nullptr);
    f.table.expire(Instant{} + seconds(13));
    CHECK(f.table.size() == 0);
}

TEST_CASE("a removed handshake keeps nothing of its keys") {
    Fixture f;
    const KeyPair identity = KeyPair::generate(f.random);
    KeyPair ephemeral = KeyPair::generate(f.random);
    const Key32 secret = ephemeral.secret.bytes();
    HalfOpen* const entry = f.table.add({}, key(1), 100).value();
    const std::span<const std::byte> place = std::as_bytes(std::span(entry, 1));
    entry->noise.emplace(pattern_xxpsk3, Role::responder, std::span<const std::byte>(), &identity);
    entry->noise->set_ephemeral(std::move(ephemeral));
    REQUIRE(holds(place, secret));
    f.table.remove(100);
    CHECK_FALSE(holds(place, secret));
}

TEST_CASE("the table takes 4,096, allocates once, and has room again when they are gone") {
    Fixture f;
    const std::size_t bytes = f.memory.bytes;
    CHECK(f.memory.allocations == 1);
    CHECK(bytes <= half_open_max * 640);
    for (std::uint32_t round = 0; round < 3; ++round) {
        const Instant now = Instant{} + seconds(20 * round);
        f.table.expire(now);
        std::uint32_t i = 0;
        for (; i < half_open_max; ++i)
            REQUIRE(f.table.add(now + microseconds(500) * i, key(i), 1 + i));
        CHECK(f.table.find(1) != nullptr);
        // The oldest make room.
        for (; i < half_open_max + 1000; ++i)
            REQUIRE(f.table.add(now + microseconds(500) * i, key(i), 1 + i));
        CHECK(f.table.size() == half_open_max);
        CHECK(f.table.find(1000) == nullptr);
        CHECK(f.table.find(1001) != nullptr);
    }
    CHECK(f.memory.bytes == bytes);
    CHECK(f.memory.allocations == 1);
}

TEST_CASE("all together begin 2,000 at once and 2,000 a second; in a crowd each prefix has one") {
    Fixture f;
    std::uint32_t begun = 0;
    std::uint32_t sid = 1;
    for (std::uint32_t i = 0; i < 4000; ++i)
        begun += f.table.add({}, key(i), sid++).has_value() ? 1 : 0;
    CHECK(begun == 2000);
    CHECK(f.table.add({}, key(5000), sid++).error() == Refusal::too_many);
    // It is still crowded a moment later: who has one waits, who has none comes in.
    const Instant later = Instant{} + milliseconds(10);
    CHECK(f.table.add(later, key(0, 1), sid++).error() == Refusal::prefix_limited);
    f.table.remove(1);  // its turn is over, but it had one
    CHECK(f.table.add(later, key(0, 1), sid++).error() == Refusal::prefix_limited);
    CHECK(f.table.add(later, key(5000), sid++));
    CHECK(f.table.add(Instant{} + milliseconds(600), key(0, 1), sid++));
}

TEST_CASE("a prefix has 64 handshakes at most, and room for each that ends") {
    Fixture f;
    for (std::uint32_t i = 0; i < 64; ++i)
        REQUIRE(f.table.add({}, key(7, i), 1 + i));
    const auto refused = f.table.add({}, key(7, 64), 65);
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == Refusal::prefix_limited);
    CHECK(f.table.add({}, key(8), 65));
    f.table.remove(30);
    CHECK(f.table.add({}, key(7, 64), 66));
    CHECK_FALSE(f.table.add({}, key(7, 65), 67));
}

TEST_CASE("a prefix begins 100 at once and 50 a second") {
    Fixture f;
    const auto begun = [&f](std::int64_t from_ms, std::uint32_t tries) {
        int count = 0;
        for (std::uint32_t i = 0; i < tries; ++i) {
            const Instant now = Instant{} + milliseconds(from_ms);
            if (!f.table.add(now, key(7, i), 1 + i)) continue;
            ++count;
            f.table.remove(1 + i);
        }
        return count;
    };
    CHECK(begun(0, 500) == 100);
    CHECK(begun(19, 500) == 0);
    CHECK(begun(1000, 500) == 50);
    CHECK(begun(100'000, 500) == 100);
}

TEST_CASE("a prefix is an IPv4 address or the first 56 bits of an IPv6 address") {
    struct Case {
        IpAddress one, other;
        bool same;
    };
    const Case cases[] = {
        {IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 1), true},
        {IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2), false},
        {v6(1, 1), v6(1, 200), true},
        {v6(1, 1), v6(2, 1), false},
    };
    for (const auto& [one, other, same] : cases) {
        SeededRandom random(3);
        PrefixLimits limits(random);
        for (std::size_t i = 0; i < half_open_per_prefix_max; ++i) {
            REQUIRE(limits.admit({}, one, false));
            limits.opened(one);
        }
        CHECK_FALSE(limits.admit({}, one, false));
        CHECK(limits.admit({}, other, false) != same);
    }
}

TEST_CASE("the table does what a list would do") {
    Fixture f;
    struct Known {
        HalfOpenKey key;
        std::uint32_t sid;
        Instant until;
    };
    std::deque<Known> list;
    std::mt19937 dice(4);
    Instant now{};
    std::uint32_t next_sid = 1;
    for (int step = 0; step < 20'000; ++step) {
        now = now + milliseconds(dice() % 8);
        f.table.expire(now);
        while (!list.empty() && list.front().until <= now)
            list.pop_front();
        if (dice() % 4 == 0 && !list.empty()) {
            const auto victim = list.begin() + static_cast<std::ptrdiff_t>(dice() % list.size());
            f.table.remove(victim->sid);
            list.erase(victim);
        } else {
            const HalfOpenKey wanted = key(static_cast<std::uint32_t>(dice()), dice());
            if (f.table.add(now, wanted, next_sid)) {
                list.push_back({wanted, next_sid, now + half_open_life});
            }
            next_sid += 0x100;
        }
        REQUIRE(f.table.size() == list.size());
        for (std::size_t i = 0; i < std::min<std::size_t>(3, list.size()); ++i) {
            const Known& known = list[dice() % list.size()];
            HalfOpen* const found = f.table.find(known.sid);
            REQUIRE(found != nullptr);
            REQUIRE(found->key == known.key);
            REQUIRE(f.table.find(known.key) == found);
        }
    }
    CHECK(list.size() > 500);
}
