// SPDX-License-Identifier: MIT
#include "chat-server/store/memory_log.h"

#include "chat-server/store/test_support.h"

using namespace chat::server;
using namespace chat::server::test;

namespace {

Page read(Log& log, const ReadRequest& request) {
    const auto page = log.read(request);
    REQUIRE(page);
    return *page;
}

}  // namespace

TEST_CASE("a log in memory begins with the lobby and nothing else") {
    MemoryLog log(some_log_epoch);
    const auto stored = log.load(noon);
    REQUIRE(stored);
    CHECK(stored->log_epoch == some_log_epoch);
    REQUIRE(stored->rooms.size() == 1);
    CHECK(stored->rooms[0].room.id == 1);
    CHECK(stored->rooms[0].room.name == "lobby");
    CHECK(stored->rooms[0].head == 1);
    CHECK(stored->people.empty());
    CHECK(stored->seats.empty());
    CHECK(stored->epochs.empty());
}

TEST_CASE("each room of a log in memory counts its own entries from one") {
    MemoryLog log(1);
    CHECK(commit(log, {said(1, "a"), said(2, "b"), said(1, "c")}) == std::vector<Seq>{1, 1, 2});
    CHECK(commit(log, {said(1, "d")}) == std::vector<Seq>{3});
    const Page page = read(log, {1, 2, 10, 1000});
    REQUIRE(page.entries.size() == 2);
    CHECK(page.first_kept == 1);
    CHECK(page.entries[0].seq == 2);
    CHECK(page.entries[0].entry.text == "c");
    CHECK(page.entries[0].entry.author == 0);
    CHECK(page.entries[1].seq == 3);
    CHECK(read(log, {3, 1, 10, 1000}).entries.empty());
    CHECK(read(log, {1, 4, 10, 1000}).entries.empty());
    CHECK(read(log, {1, UINT64_MAX, 10, 1000}).entries.empty());
}

TEST_CASE("beyond its limits a room in memory forgets its oldest entries, and says so") {
    MemoryLog by_count(1, 4, 1'000'000);
    for (int i = 1; i <= 10; ++i)
        CHECK(commit(by_count, {said(1, std::to_string(i))}).front() == static_cast<Seq>(i));
    Page page = read(by_count, {1, 1, 100, 1'000'000});
    CHECK(page.first_kept == 7);
    REQUIRE(page.entries.size() == 4);
    CHECK(page.entries.front().entry.text == "7");
    const auto trimmed = by_count.take_trimmed();
    REQUIRE(trimmed.size() == 1);
    CHECK(trimmed[0].room == 1);
    CHECK(trimmed[0].first_kept == 7);
    CHECK(by_count.take_trimmed().empty());

    MemoryLog by_bytes(1, 1000, 100);
    for (int i = 0; i < 10; ++i)
        commit(by_bytes, {said(1, std::string(40, 'x'))});
    page = read(by_bytes, {1, 1, 100, 1'000'000});
    CHECK(page.entries.size() == 2);
    CHECK(page.first_kept == 9);
    commit(by_bytes, {said(1, std::string(1000, 'y'))});
    page = read(by_bytes, {1, 1, 100, 10});
    REQUIRE(page.entries.size() == 1);  // the newest is kept and served whatever its size
    CHECK(page.entries.front().seq == 11);
}

TEST_CASE("a page of a log in memory ends at either of its limits") {
    MemoryLog log(1);
    for (int i = 0; i < 10; ++i)
        commit(log, {said(1, std::string(7, 'x'))});  // 10 bytes with the name
    CHECK(read(log, {1, 1, 3, 1000}).entries.size() == 3);
    CHECK(read(log, {1, 1, 100, 45}).entries.size() == 4);
    CHECK(read(log, {1, 8, 100, 1000}).entries.size() == 3);
}

TEST_CASE("what a room in memory has forgotten while it was made ready is not found") {
    MemoryLog log(1, 3000, 1'000'000);
    for (int i = 0; i < 5000; ++i)
        commit(log, {said(1, "word" + std::to_string(i))});
    CHECK(!*log.search({1, {1}, 0, "word4999", 64}));  // it takes slices
    commit(log, {said(1, "one more")});
    CHECK(search(log, "word4999").hits.size() == 1);
    CHECK(search(log, "word2000").hits.size() == 0);
    CHECK(search(log, "word2001").hits.size() == 1);
}
