// SPDX-License-Identifier: MIT
// What a failing disk leaves behind: each write and each sync of a commit fails in turn.
#include <algorithm>

#include "chat-server/store/faulty_vfs_test_support.h"
#include "chat-server/store/test_support.h"

using namespace chat;
using namespace chat::server;
using namespace chat::server::test;

namespace {

constexpr std::size_t messages = 40;

Changes before() {
    Changes changes;
    changes.people = {person(1), person(2)};
    for (std::uint64_t id = 1; id <= 20; ++id)
        changes.appends.push_back(said_by(person(1), 5, id, "before " + std::string(300, 'x')));
    changes.seats = {{1, 1, true, true, 21}};
    return changes;
}

// Touches every table, and some pages of entries.
Changes after() {
    Changes changes;
    changes.people = {person(3)};
    changes.rooms = {{2, RoomKind::named, "tea", 0, 0}};
    for (std::uint64_t id = 1; id <= messages; ++id)
        changes.appends.push_back(said_by(person(1), 5, 20 + id, "after " + std::string(300, 'y')));
    changes.appends.push_back(announced(EntryKind::topic, "after", 2));
    changes.seats = {{1, 1, true, true, 61}, {2, 1, true, true, 1}};
    return changes;
}

// All of `after` or nothing of it, and all of `before`.
bool has_after(const std::string& database) {
    const Opened opened = open(database);
    const Stored& stored = opened.stored;
    const bool all = stored.rooms.size() == 2;
    CHECK(stored.people.size() == (all ? 3 : 2));
    CHECK(stored.rooms[0].head == (all ? 61 : 21));
    if (all) CHECK(stored.rooms[1].topic == "after");
    REQUIRE(stored.seats.size() == (all ? 2 : 1));
    CHECK(stored.seats[0].next == (all ? 61 : 21));
    REQUIRE(stored.epochs.size() == 1);
    CHECK(stored.epochs[0].next_msg_id == (all ? 61 : 21));
    CHECK(search(*opened.log, "before").hits.size() == 20);
    CHECK(search(*opened.log, "after").hits.size() == (all ? messages : 0));
    CHECK(findings(database) == std::vector<std::string>{});
    return all;
}

// As a process that dies now leaves it.
void copy_files(const std::string& from, const std::string& to) {
    for (const char* end : {"", "-wal"}) {
        std::filesystem::remove(to + end);
        if (std::filesystem::exists(from + end)) std::filesystem::copy_file(from + end, to + end);
    }
    std::filesystem::remove(to + "-shm");
}

struct Kind {
    Fault fault;
    Durability durability;
    const char* told;
};
constexpr Kind kinds[] = {
    {Fault::write_fails, Durability::process, "cannot be read or written"},
    {Fault::torn_write, Durability::power, "cannot be read or written"},
    {Fault::disk_full, Durability::process, "the disk is full"},
    {Fault::sync_fails, Durability::power, "cannot be read or written"},
};

}  // namespace

TEST_CASE("whichever operation of a commit fails, it is stored as a whole or not at all") {
    for (const Kind& kind : kinds) {
        std::size_t failed = 0;
        for (std::size_t nth = 1;; ++nth) {
            CAPTURE(static_cast<int>(kind.fault), nth);
            FaultyDisk disk;
            TempFolder folder;
            SqliteLogConfig with = config();
            with.durability = kind.durability;
            const Opened opened = open(folder.database(), with);
            commit(*opened.log, before());
            disk.fail(kind.fault, nth);
            const auto stored = opened.log->commit(after());
            const bool hurt = disk.failures() > 0;
            CHECK(stored.has_value() == !hurt);
            disk.heal();
            copy_files(folder.database(), folder / "killed.db");
            const bool there = has_after(folder / "killed.db");
            if (stored) CHECK(there);
            if (!hurt) {
                CHECK(failed == nth - 1);
                break;
            }
            ++failed;
            CHECK(has(stored.error(), kind.told));
            // The same again, in the same program.
            const auto seqs = commit(*opened.log, after());
            CHECK(seqs.front() == 21);
            copy_files(folder.database(), folder / "killed.db");
            CHECK(has_after(folder / "killed.db"));
        }
        CHECK(failed >= (kind.fault == Fault::sync_fails ? 1 : 10));
    }
}

TEST_CASE(
    "while the disk is full nothing is stored, reading and searching go on, and it recovers") {
    FaultyDisk disk;
    TempFolder folder;
    const Opened opened = open(folder.database());
    commit(*opened.log, before());
    CHECK(search(*opened.log, "before").hits.size() == 20);
    commit(*opened.log, {said(1, "not indexed yet")});
    disk.fail(Fault::disk_full, 1);
    for (int i = 0; i < 10; ++i) {
        const auto stored = opened.log->commit(after());
        REQUIRE(!stored);
        CHECK(has(stored.error(), "the disk is full"));
        CHECK(opened.log->read({1, 1, 100, 1'000'000})->entries.size() == 21);
        CHECK(search(*opened.log, "before").hits.size() == 20);
        // What is there and could not be looked at is not said not to be there.
        CHECK(search(*opened.log, "indexed").hits.empty());
        CHECK(search(*opened.log, "indexed").incomplete);
    }
    disk.heal();
    CHECK(commit(*opened.log, after()).front() == 22);
    CHECK(search(*opened.log, "indexed").hits.size() == 1);
    CHECK_FALSE(search(*opened.log, "indexed").incomplete);
    CHECK(search(*opened.log, "after").hits.size() == messages);
    CHECK(findings(folder.database()).empty());
}

TEST_CASE("a fault while indexing, forgetting or carrying over loses and doubles nothing") {
    for (const Fault fault :
         {Fault::write_fails, Fault::torn_write, Fault::disk_full, Fault::sync_fails}) {
        CAPTURE(static_cast<int>(fault));
        FaultyDisk disk;
        TempFolder folder;
        SqliteLogConfig with = config();
        with.wal_pages_tended = 40;
        with.retention.bytes_max = 60'000;
        const Opened opened = open(folder.database(), with);
        std::size_t failures = 0;
        Seq head = 1;
        for (std::size_t round = 0; round < 120; ++round) {
            for (int i = 0; i < 8; ++i) {
                const auto stored = commit(
                    *opened.log,
                    {said(1, "word" + std::to_string(head) + std::string(100, ' ') + "end")});
                CHECK(stored.front() == head);
                head = stored.front() + 1;
            }
            disk.fail(fault, 1 + round % 40);
            for (int i = 0; i < 3; ++i) {
                (void)opened.log->search({1, {1}, 0, "word", 1});
                (void)opened.log->tend(noon);
            }
            failures += disk.failures();
            disk.heal();
        }
        CHECK(failures > 1);
        tend_all(*opened.log);
        const Seq first = opened.log->read({1, 1, 1, 1})->first_kept;
        CHECK(first > 1);
        for (Seq seq = first; seq < head; seq += 7) {
            const auto answer = search(*opened.log, "word" + std::to_string(seq) + " end");
            CAPTURE(seq);
            REQUIRE(!answer.hits.empty());
            CHECK(answer.hits.back().seq == seq);
        }
        CHECK(findings(folder.database()) == std::vector<std::string>{});
    }
}
