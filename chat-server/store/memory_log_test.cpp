// SPDX-License-Identifier: MIT
#include "chat-server/store/memory_log.h"

#include "tests/support/catch.h"

using namespace chat::server;

namespace {

Append said(RoomId room, std::string text) {
    return {room, {EntryKind::message, 1, {}, "bob", std::move(text)}};
}

}  // namespace

TEST_CASE("each room counts its own entries from one") {
    MemoryLog log;
    const Append first[] = {said(1, "a"), said(2, "b"), said(1, "c")};
    CHECK(log.append(first) == std::vector<Seq>{1, 1, 2});
    const Append second[] = {said(1, "d")};
    CHECK(log.append(second) == std::vector<Seq>{3});
    const Page page = log.read({1, 2, 10, 1000});
    REQUIRE(page.entries.size() == 2);
    CHECK(page.first_kept == 1);
    CHECK(page.entries[0].seq == 2);
    CHECK(page.entries[0].entry.text == "c");
    CHECK(page.entries[1].seq == 3);
    CHECK(log.read({3, 1, 10, 1000}).entries.empty());
    CHECK(log.read({1, 4, 10, 1000}).entries.empty());
}

TEST_CASE("beyond its limits a room forgets its oldest entries, and says so") {
    MemoryLog by_count(4, 1'000'000);
    for (int i = 1; i <= 10; ++i) {
        const Append one[] = {said(1, std::to_string(i))};
        CHECK(by_count.append(one).front() == static_cast<Seq>(i));
    }
    Page page = by_count.read({1, 1, 100, 1'000'000});
    CHECK(page.first_kept == 7);
    REQUIRE(page.entries.size() == 4);
    CHECK(page.entries.front().entry.text == "7");

    MemoryLog by_bytes(1000, 100);
    for (int i = 0; i < 10; ++i) {
        const Append one[] = {said(1, std::string(40, 'x'))};
        by_bytes.append(one);
    }
    page = by_bytes.read({1, 1, 100, 1'000'000});
    CHECK(page.entries.size() == 2);
    CHECK(page.first_kept == 9);
    const Append huge[] = {said(1, std::string(1000, 'y'))};
    by_bytes.append(huge);
    page = by_bytes.read({1, 1, 100, 10});
    REQUIRE(page.entries.size() == 1);  // the newest is kept and served whatever its size
    CHECK(page.entries.front().seq == 11);
}

TEST_CASE("a page ends at either of its limits") {
    MemoryLog log;
    for (int i = 0; i < 10; ++i) {
        const Append one[] = {said(1, std::string(7, 'x'))};  // 10 bytes with the name
        log.append(one);
    }
    CHECK(log.read({1, 1, 3, 1000}).entries.size() == 3);
    CHECK(log.read({1, 1, 100, 45}).entries.size() == 4);
    CHECK(log.read({1, 8, 100, 1000}).entries.size() == 3);
}
