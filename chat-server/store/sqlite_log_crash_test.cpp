// SPDX-License-Identifier: MIT
// kill -9 in the middle of work.
#include <csignal>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

#include "chat-server/store/test_support.h"

using namespace chat;
using namespace chat::server;
using namespace chat::server::test;

namespace {

constexpr std::uint64_t epoch = 77;

// Stores, indexes and forgets until it is killed, and says each number once it is stored.
[[noreturn]] void work(const std::string& database, const SqliteLogConfig& with, int told) {
    auto log = SqliteLog::open(database, with);
    if (!log) _exit(1);
    const auto stored = (*log)->load(noon);
    if (!stored) _exit(1);
    Seq head = stored->rooms[0].head;
    Changes first;
    if (stored->people.empty()) first.people = {person(1)};
    if (!(*log)->commit(first)) _exit(1);
    for (;;) {
        Changes changes;
        for (int i = 0; i < 5; ++i, ++head)
            changes.appends.push_back(
                said_by(person(1), epoch, head, "word" + std::to_string(head)));
        const auto seqs = (*log)->commit(changes);
        if (!seqs || seqs->back() != head - 1) _exit(1);
        if (write(told, &seqs->back(), sizeof(Seq)) != sizeof(Seq)) _exit(1);
        const auto tended = (*log)->tend(noon);
        if (!tended) _exit(1);
    }
}

}  // namespace

TEST_CASE(
    "whenever the process is killed, what it said is stored is there once, and nothing else") {
    TempFolder folder;
    SqliteLogConfig with = config();
    with.wal_pages_tended = 30;
    with.retention.bytes_max = 20'000;
    Seq said_last = 0;
    for (std::size_t round = 0; round < 30; ++round) {
        int channel[2];
        REQUIRE(pipe(channel) == 0);
        const pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            close(channel[0]);
            work(folder.database(), with, channel[1]);
        }
        close(channel[1]);
        // A different place each time; whatever was said until the kill counts.
        Seq seq = 0;
        for (std::size_t i = 0; i < 1 + round * 37 % 100; ++i) {
            REQUIRE(read(channel[0], &seq, sizeof seq) == sizeof seq);
            said_last = seq;
        }
        kill(child, SIGKILL);
        while (read(channel[0], &seq, sizeof seq) == sizeof seq)
            said_last = seq;
        close(channel[0]);
        int status = 0;
        REQUIRE(waitpid(child, &status, 0) == child);
        REQUIRE(WIFSIGNALED(status));

        CHECK(findings(folder.database()) == std::vector<std::string>{});
        const Opened opened = open(folder.database(), with);
        const StoredRoom& room = opened.stored.rooms[0];
        // At most one commit was not said any more.
        CHECK(room.head >= said_last + 1);
        CHECK(room.head <= said_last + 6);
        REQUIRE(opened.stored.epochs.size() == 1);
        CHECK(opened.stored.epochs[0].next_msg_id == room.head);
        const auto page = opened.log->read({1, room.first_kept, 100'000, 1'000'000'000});
        REQUIRE(page);
        REQUIRE(page->entries.size() == room.head - room.first_kept);
        for (const StoredEntry& stored : page->entries)
            REQUIRE(stored.entry.origin.msg_id == stored.seq);
        const auto newest = search(*opened.log, "word" + std::to_string(room.head - 1));
        REQUIRE(!newest.hits.empty());
        CHECK(newest.hits.front().seq == room.head - 1);
    }
}
