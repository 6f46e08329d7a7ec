// SPDX-License-Identifier: MIT
#include "chat-server/store/sqlite_log.h"

#include <algorithm>

#include "chat-server/store/sqlite.h"
#include "chat-server/store/test_support.h"

using namespace chat;
using namespace chat::server;
using namespace chat::server::test;

namespace {

constexpr RoomId tea = 2;
constexpr RoomId talk = 3;  // of persons 1 and 2

// Something of everything.
Changes a_day() {
    Changes changes;
    for (PersonId id = 1; id <= 3; ++id)
        changes.people.push_back(person(id));
    changes.rooms.push_back({tea, RoomKind::named, "Tea", 0, 0});
    changes.rooms.push_back({talk, RoomKind::conversation, "", 1, 2});
    Append joined = said_by(person(1), 11, 0, "");
    joined.entry.kind = EntryKind::join;
    changes.appends = {joined,
                       said_by(person(1), 11, 1, "hello\nall"),
                       said(1, "classic"),
                       said_by(person(2), 22, 1, "secret", talk),
                       announced(EntryKind::announcement, "soon"),
                       announced(EntryKind::topic, "green tea", tea),
                       announced(EntryKind::pinned, "be kind"),
                       said_by(person(2), 22, 2, "hi", tea)};
    changes.appends.back().entry.name = "PERSON2";  // another spelling of the same name
    changes.seats = {{1, 1, true, true, 3}, {1, 2, true, false, 1}, {talk, 1, true, false, 1}};
    return changes;
}

void check_same(const Entry& read, const Entry& written) {
    CHECK(read.kind == written.kind);
    CHECK(read.author == 0);
    CHECK(read.time == written.time);
    CHECK(read.name == written.name);
    CHECK(read.text == written.text);
    CHECK(read.origin.person == written.origin.person);
    CHECK(read.origin.key == written.origin.key);
    CHECK(read.origin.client_epoch == written.origin.client_epoch);
    CHECK(read.origin.msg_id == written.origin.msg_id);
    CHECK(read.origin.verified == written.origin.verified);
}

}  // namespace

TEST_CASE("a new database has the lobby and its own epoch, which stay") {
    TempFolder folder;
    for (const std::uint64_t offered : {some_log_epoch, std::uint64_t{5}}) {
        SqliteLogConfig with = config();
        with.new_log_epoch = offered;
        const Opened opened = open(folder.database(), with);
        CHECK(opened.stored.log_epoch == some_log_epoch);
        REQUIRE(opened.stored.rooms.size() == 1);
        CHECK(opened.stored.rooms[0].room.id == 1);
        CHECK(opened.stored.rooms[0].room.name == "lobby");
        CHECK(opened.stored.rooms[0].head == 1);
        CHECK(opened.stored.rooms[0].first_kept == 1);
    }
}

TEST_CASE("everything that was committed is there after opening again") {
    for (const Durability durability : {Durability::process, Durability::power}) {
        TempFolder folder;
        SqliteLogConfig with = config();
        with.durability = durability;
        const Changes changes = a_day();
        {
            const Opened opened = open(folder.database(), with);
            CHECK(commit(*opened.log, changes) == std::vector<Seq>{1, 2, 3, 1, 4, 1, 5, 2});
        }
        const Opened opened = open(folder.database(), with);
        const Stored& stored = opened.stored;
        REQUIRE(stored.people.size() == 3);
        CHECK(stored.people[1].id == 2);
        CHECK(stored.people[1].name == "person2");
        CHECK(stored.people[1].key == person(2).key);

        REQUIRE(stored.rooms.size() == 3);
        CHECK(stored.rooms[0].head == 6);
        CHECK(stored.rooms[0].pinned == 5);
        REQUIRE(stored.rooms[0].spoken.size() == 1);
        CHECK(stored.rooms[0].spoken[0].seq == 2);
        CHECK(stored.rooms[0].spoken[0].author == 1);
        CHECK(stored.rooms[1].room.name == "Tea");
        CHECK(stored.rooms[1].room.kind == RoomKind::named);
        CHECK(stored.rooms[1].topic == "green tea");
        CHECK(stored.rooms[1].head == 3);
        CHECK(stored.rooms[2].room.kind == RoomKind::conversation);
        CHECK(stored.rooms[2].room.first == 1);
        CHECK(stored.rooms[2].room.second == 2);
        CHECK(stored.rooms[2].head == 2);

        REQUIRE(stored.seats.size() == 3);
        CHECK(stored.seats[0].room == 1);
        CHECK(stored.seats[0].person == 1);
        CHECK(stored.seats[0].present);
        CHECK(stored.seats[0].next == 3);
        CHECK(!stored.seats[1].present);

        REQUIRE(stored.epochs.size() == 2);
        const auto epoch = std::ranges::find(stored.epochs, 22U, &StoredEpoch::client_epoch);
        REQUIRE(epoch != stored.epochs.end());
        CHECK(epoch->key == person(2).key);
        CHECK(epoch->next_msg_id == 3);
        REQUIRE(epoch->results.size() == 2);
        CHECK(epoch->results[0].room == talk);
        CHECK(epoch->results[1].seq == 2);

        std::size_t next[4] = {0, 0, 0, 0};
        for (const Append& append : changes.appends) {
            const auto page = opened.log->read({append.room, ++next[append.room], 1, 1});
            REQUIRE(page);
            REQUIRE(page->entries.size() == 1);
            CHECK(page->entries[0].seq == next[append.room]);
            check_same(page->entries[0].entry, append.entry);
        }
        CHECK(findings(folder.database()).empty());
    }
}

TEST_CASE("epochs of a day ago are not loaded") {
    TempFolder folder;
    {
        const Opened opened = open(folder.database());
        commit(*opened.log, a_day());
    }
    auto log = SqliteLog::open(folder.database(), config());
    REQUIRE(log);
    const std::int64_t day = 24LL * 3600 * 1000;
    CHECK((*log)->load({noon.unix_ms + day})->epochs.size() == 2);
    log = SqliteLog::open(folder.database(), config());
    CHECK((*log)->load({noon.unix_ms + day + 1})->epochs.empty());
    tend_all(**log, {noon.unix_ms + day + 1});
    log = SqliteLog::open(folder.database(), config());
    CHECK((*log)->load(noon)->epochs.empty());  // erased
}

TEST_CASE("topics, pinned announcements and seats change, and the last one counts") {
    TempFolder folder;
    {
        const Opened opened = open(folder.database());
        commit(*opened.log, a_day());
        Changes changes;
        changes.appends = {announced(EntryKind::topic, "", tea), announced(EntryKind::pinned, "a"),
                           announced(EntryKind::pinned, "")};
        changes.seats = {{1, 1, true, false, 7}, {1, 2, false, false, 1}};
        commit(*opened.log, changes);
    }
    Opened opened = open(folder.database());
    CHECK(opened.stored.rooms[0].pinned == 0);
    CHECK(opened.stored.rooms[1].topic.empty());
    REQUIRE(opened.stored.seats.size() == 2);
    CHECK(opened.stored.seats[0].next == 7);
    CHECK(!opened.stored.seats[0].present);
    CHECK(opened.stored.seats[1].room == talk);
    commit(*opened.log, {announced(EntryKind::pinned, "b")});
    opened.log.reset();
    CHECK(open(folder.database()).stored.rooms[0].pinned == 8);
}

TEST_CASE("a page begins where it is wanted or kept and ends at either of its limits") {
    TempFolder folder;
    const Opened opened = open(folder.database());
    for (int i = 0; i < 10; ++i)
        commit(*opened.log, {said(1, std::string(7, 'x'))});  // 10 bytes with the name
    const struct {
        ReadRequest request;
        Seq first;
        std::size_t count;
    } table[] = {
        {{1, 1, 3, 1000}, 1, 3},    {{1, 1, 100, 45}, 1, 4},
        {{1, 8, 100, 1000}, 8, 3},  {{1, 0, 100, 1000}, 1, 10},
        {{1, 1, 100, 1}, 1, 1},     {{1, 11, 100, 1000}, 0, 0},
        {{1, 1, 0, 1000}, 0, 0},    {{1, UINT64_MAX, 100, 1000}, 0, 0},
        {{99, 1, 100, 1000}, 0, 0},
    };
    for (const auto& row : table) {
        CAPTURE(row.request.room, row.request.from, row.request.entries_max, row.request.bytes_max);
        const auto page = opened.log->read(row.request);
        REQUIRE(page);
        CHECK(page->room == row.request.room);
        CHECK(page->first_kept == 1);
        REQUIRE(page->entries.size() == row.count);
        if (row.count > 0) CHECK(page->entries.front().seq == row.first);
    }
}

TEST_CASE("who has spoken is looked up behind comings and goings, but not without an end") {
    TempFolder folder;
    {
        const Opened opened = open(folder.database());
        Changes changes;
        changes.people = {person(1)};
        changes.rooms = {{tea, RoomKind::named, "tea", 0, 0}};
        Append joined = said_by(person(1), 1, 0, "");
        joined.entry.kind = EntryKind::join;
        std::uint64_t msg_id = 0;
        for (int i = 0; i < 40; ++i)
            changes.appends.push_back(said_by(person(1), 1, ++msg_id, "x"));
        changes.appends.insert(changes.appends.end(), 100, joined);  // and 100 joins: within reach
        joined.room = tea;
        changes.appends.push_back(said_by(person(1), 1, ++msg_id, "x", tea));
        changes.appends.insert(changes.appends.end(), 300, joined);  // beyond it
        commit(*opened.log, changes);
    }
    const Opened opened = open(folder.database());
    const auto& spoken = opened.stored.rooms[0].spoken;
    REQUIRE(spoken.size() == 16);
    CHECK(spoken.front().seq == 25);
    CHECK(spoken.back().seq == 40);
    CHECK(opened.stored.rooms[1].spoken.empty());
}

TEST_CASE("a commit that cannot be leaves nothing behind, and the next one is as if it never was") {
    TempFolder folder;
    const Opened opened = open(folder.database());
    commit(*opened.log, a_day());
    Changes impossible;
    impossible.people = {person(4)};
    impossible.appends = {said_by(person(1), 11, 2, "lost"), said(1, "lost too")};
    impossible.rooms = {{9, RoomKind::named, "TEA", 0, 0}};  // there is one of that name
    const auto refused = opened.log->commit(impossible);
    REQUIRE(!refused);
    CHECK(has(refused.error(), folder.database()));
    Changes possible = impossible;
    possible.rooms[0].name = "coffee";
    CHECK(commit(*opened.log, possible) == std::vector<Seq>{6, 7});
    CHECK(commit(*opened.log, Changes{}).empty());
    CHECK(findings(folder.database()).empty());
}

TEST_CASE("a database that was taken away is noticed before anything is said to be stored") {
    TempFolder folder;
    const Opened opened = open(folder.database());
    commit(*opened.log, {said(1, "a")});
    const std::string elsewhere = folder / "elsewhere.db";
    std::filesystem::rename(folder.database(), elsewhere);
    Changes changes;
    changes.appends = {said(1, "b")};
    const auto refused = opened.log->commit(changes);
    REQUIRE(!refused);
    CHECK(has(refused.error(), "moved or deleted"));
    std::filesystem::rename(elsewhere, folder.database());
    CHECK(commit(*opened.log, changes) == std::vector<Seq>{2});
}

TEST_CASE("a hole in the numbers is an error and not a page") {
    TempFolder folder;
    {
        const Opened opened = open(folder.database());
        for (int i = 0; i < 9; ++i)
            commit(*opened.log, {said(1, "x")});
    }
    {
        auto database = Database::open(folder.database(), Database::Access::write);
        REQUIRE(database->run("DELETE FROM entries WHERE (id & 255) = 5"));
    }
    const Opened opened = open(folder.database());
    CHECK(opened.log->read({1, 1, 4, 1000}));
    const auto page = opened.log->read({1, 1, 9, 1000});
    REQUIRE(!page);
    CHECK(has(page.error(), "damaged"));
    CHECK(opened.log->read({1, 6, 9, 1000})->entries.size() == 4);
}

TEST_CASE("while another program writes, nothing is stored, and then it goes on") {
    TempFolder folder;
    const Opened opened = open(folder.database());
    auto other = Database::open(folder.database(), Database::Access::write);
    {
        auto transaction = Transaction::begin(*other);
        REQUIRE(transaction);
        Changes changes;
        changes.appends = {said(1, "a")};
        const auto refused = opened.log->commit(changes);
        REQUIRE(!refused);
        CHECK(has(refused.error(), "another program is writing"));
    }
    CHECK(commit(*opened.log, {said(1, "a")}) == std::vector<Seq>{1});
}

TEST_CASE("the write-ahead log does not grow without an end behind a reader that never ends") {
    TempFolder folder;
    SqliteLogConfig with = config();
    with.wal_pages_tended = 20;
    with.wal_pages_long = 60;
    with.wal_pages_max = 200;
    const Opened opened = open(folder.database(), with);
    commit(*opened.log, {said(1, "first")});
    const auto wal_pages = [&folder] {
        return std::filesystem::file_size(folder / "chat.db-wal") / 4120;
    };
    for (int i = 0; i < 500; ++i)  // nobody reads: it begins anew again and again
        commit(*opened.log, {said(1, std::string(4000, 'x'))});
    CHECK(wal_pages() < 200);

    auto reader = Database::open(folder.database(), Database::Access::read);
    std::optional<Transaction> reading;
    {
        auto begun = Transaction::begin(*reader, false);
        REQUIRE(begun);
        REQUIRE(reader->number("SELECT count(*) FROM people"));
        reading.emplace(std::move(*begun));
    }
    std::string told;
    for (int i = 0; i < 500 && told.empty(); ++i) {
        Changes changes;
        changes.appends = {said(1, std::string(4000, 'x'))};
        const auto stored = opened.log->commit(changes);
        if (!stored) told = stored.error();
        tend_all(*opened.log);
    }
    CHECK(has(told, "End that program"));
    CHECK(wal_pages() < 250);
    reading.reset();
    commit(*opened.log, {said(1, "last")});
    for (int i = 0; i < 500; ++i)
        commit(*opened.log, {said(1, std::string(4000, 'x'))});
    CHECK(wal_pages() < 250);
}
