// SPDX-License-Identifier: MIT
#include "chat-server/store/epoch_cache.h"

#include "chat-server/store/schema.h"
#include "chat-server/store/test_support.h"

using namespace chat;
using namespace chat::server;
using namespace chat::server::test;

namespace {

struct Bench {
    Bench() : database(open_new(folder.database())) {
        auto prepared = EpochCache::prepare(database, 4);
        REQUIRE(prepared);
        cache = std::move(*prepared);
    }

    static Database open_new(const std::string& path) {
        auto database = Database::open(path, Database::Access::create);
        REQUIRE(database);
        REQUIRE(prepare_database(*database, 1));
        return std::move(*database);
    }
    void note(PersonId who, std::uint64_t msg_id, Seq seq, WallTime at = noon) {
        const auto entry = said_by(person(who), 500 + who, msg_id, "x", 1, at).entry;
        REQUIRE(cache.note(entry, 1, seq));
    }
    void store() {
        REQUIRE(cache.write());
        cache.committed();
    }
    StoredEpoch stored(PersonId who) {
        const auto all = cache.used_since({0}, 1000);
        REQUIRE(all);
        for (const auto& epoch : *all) {
            if (epoch.key == person(who).key) return epoch;
        }
        return {};
    }

    TempFolder folder;
    Database database;
    EpochCache cache;
};

}  // namespace

TEST_CASE("an epoch has its next number and the last results, refused ones left out") {
    Bench bench;
    for (std::uint64_t id = 1; id <= 100; ++id) {
        if (id % 10 != 0) bench.note(1, id, 1000 + id);
    }
    bench.store();
    const StoredEpoch epoch = bench.stored(1);
    CHECK(epoch.client_epoch == 501);
    CHECK(epoch.next_msg_id == 100);
    CHECK(epoch.used == noon);
    std::vector<std::uint64_t> ids;
    for (const auto& result : epoch.results) {
        ids.push_back(result.msg_id);
        CHECK(result.room == 1);
        CHECK(result.seq == 1000 + result.msg_id);
    }
    REQUIRE(ids.size() == 29);  // 68 to 99 without 70, 80 and 90
    CHECK(ids.front() == 68);
    CHECK(ids.back() == 99);
}

TEST_CASE("who has only come is known too") {
    Bench bench;
    bench.note(1, 0, 1);
    bench.store();
    CHECK(bench.stored(1).next_msg_id == 1);
    CHECK(bench.stored(1).client_epoch == 501);
    CHECK(bench.stored(1).results.empty());
}

TEST_CASE("what was taken back is as it was before") {
    Bench bench;
    bench.note(1, 1, 11);
    bench.store();
    bench.note(1, 2, 12);
    bench.note(2, 1, 13);
    bench.cache.taken_back();
    bench.note(1, 2, 12);
    bench.store();
    CHECK(bench.stored(1).next_msg_id == 3);
    CHECK(bench.stored(1).results.size() == 2);
    CHECK(bench.stored(2).client_epoch == 0);
}

TEST_CASE("epochs that leave the memory come back from the table") {
    Bench bench;
    for (std::uint64_t id = 1; id <= 5; ++id) {
        for (PersonId who = 1; who <= 20; ++who)
            bench.note(who, id, id * 100 + who);
        bench.store();
    }
    for (PersonId who = 1; who <= 20; ++who) {
        const StoredEpoch epoch = bench.stored(who);
        CHECK(epoch.next_msg_id == 6);
        REQUIRE(epoch.results.size() == 5);
        CHECK(epoch.results[2].seq == 300 + who);
    }
}

TEST_CASE("unused epochs are erased in slices, used ones stay, the newest use counts") {
    Bench bench;
    for (PersonId who = 1; who <= 10; ++who)
        bench.note(who, 1, who, {noon.unix_ms + who % 2});
    bench.store();
    std::int64_t row = 0;
    int slices = 0;
    do {
        const auto last = bench.cache.erase_unused({noon.unix_ms + 1}, row, 3);
        REQUIRE(last);
        row = *last;
        ++slices;
    } while (row != 0);
    CHECK(slices == 4);
    CHECK(bench.cache.used_since({0}, 100)->size() == 5);
    CHECK(bench.cache.used_since({noon.unix_ms + 1}, 3)->size() == 3);
    CHECK(bench.cache.used_since({noon.unix_ms + 2}, 100)->empty());
    // One that is in memory still is written as a whole.
    bench.note(10, 2, 99);
    bench.store();
    CHECK(bench.stored(10).next_msg_id == 3);
    CHECK(bench.stored(10).results.size() == 2);
}
