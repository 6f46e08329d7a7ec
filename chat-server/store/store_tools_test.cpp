// SPDX-License-Identifier: MIT
#include "chat-server/store/store_tools.h"

#include <csignal>
#include <fstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chat-server/store/sqlite.h"
#include "chat-server/store/test_support.h"

using namespace chat;
using namespace chat::server;
using namespace chat::server::test;

namespace {

using Lines = std::vector<std::string>;

Lines exported(const std::string& database, const std::string& room) {
    Lines lines;
    const auto count = export_room(database, room, [&lines](std::string_view line) {
        lines.emplace_back(line);
        return true;
    });
    if (!count) FAIL(count.error());
    CHECK(*count + 1 == lines.size());
    return lines;
}

std::expected<std::uint64_t, std::string> import(const std::string& database, const Lines& lines) {
    std::size_t at = 0;
    return import_room(database, some_log_epoch, [&](std::string& line) {
        if (at == lines.size()) return false;
        line = lines[at++];
        return true;
    });
}

// Rooms with something of everything, 2 of them with more than one page.
void fill(const std::string& database, const SqliteLogConfig& with = config()) {
    const Opened opened = open(database, with);
    Changes changes;
    changes.people = {person(1), person(2), {3, "a,b", person(3).key}};
    changes.rooms = {{2, RoomKind::named, "Tea", 0, 0}, {3, RoomKind::conversation, "", 1, 3}};
    Append joined = said_by(person(1), 5, 0, "");
    joined.entry.kind = EntryKind::join;
    changes.appends = {joined, announced(EntryKind::topic, "first topic"),
                       announced(EntryKind::pinned, "pinned"),
                       announced(EntryKind::announcement, "soon"), said(1, "classic\u00a0one")};
    for (std::uint64_t id = 1; id <= 2500; ++id) {
        Append append = said_by(person(1), 5, id, "message\nnumber " + std::to_string(id));
        append.room = id % 5 == 0 ? 2 : 1;
        if (id % 3 == 0) append.entry.name = "PERSON1";
        changes.appends.push_back(append);
    }
    changes.appends.push_back(said_by(person(1), 5, 2501, "psst", 3));
    commit(*opened.log, changes);
    tend_all(*opened.log);
}

}  // namespace

TEST_CASE("a room that was taken out and put in again is the same room") {
    TempFolder from;
    TempFolder to;
    fill(from.database());
    for (const char* room : {"Tea", "LOBBY", "person1,A,B", "a,b,person1"}) {
        CAPTURE(room);
        const Lines lines = exported(from.database(), room);
        const auto count = import(to.database(), lines);
        if (!count) FAIL(count.error());
        const bool again = room == std::string("a,b,person1");  // the same conversation
        CHECK(*count == (again ? 0 : lines.size() - 1));
        CHECK(exported(to.database(), room) == lines);
    }
    CHECK(findings(to.database()) == Lines{});
    const Opened opened = open(to.database());
    const Stored& stored = opened.stored;
    REQUIRE(stored.rooms.size() == 3);
    CHECK(stored.rooms[0].topic == "first topic");
    CHECK(stored.rooms[0].pinned == 3);
    CHECK(stored.rooms[0].head == 2006);
    CHECK(stored.people.size() == 2);  // person2 said nothing
    CHECK(stored.epochs.empty());
    REQUIRE(stored.seats.size() == 2);
    CHECK(stored.seats[0].next == 2);
    CHECK(search(*opened.log, "number 2499").hits.size() == 1);
    // The same client may come to the new log with its numbers from 1 again.
    Append again = said_by(person(1), 5, 1, "message one of another log");
    again.entry.origin.person = stored.people[0].id;
    again.entry.origin.key = stored.people[0].key;
    again.entry.name = stored.people[0].name;
    commit(*opened.log, {again});
    CHECK(findings(to.database()) == Lines{});
}

TEST_CASE("a room goes on where it ended, and what is there already is passed over") {
    TempFolder from;
    TempFolder to;
    fill(from.database());
    const Lines first = exported(from.database(), "tea");
    REQUIRE(import(to.database(), first));
    {
        const Opened opened = open(from.database());
        commit(*opened.log, {said(2, "later")});
    }
    const Lines more = exported(from.database(), "tea");
    CHECK(import(to.database(), more) == 1);
    CHECK(import(to.database(), more) == 0);
    CHECK(exported(to.database(), "tea") == more);

    Lines tail = more;  // as after the older ones were forgotten
    tail.erase(tail.begin() + 1, tail.begin() + 101);
    const std::string first_number = "\"first\":1,";
    tail[0].replace(tail[0].find(first_number), first_number.size(), "\"first\":101,");
    CHECK(import(to.database(), tail) == 0);
    TempFolder fresh;
    CHECK(import(fresh.database(), tail) == tail.size() - 1);
    CHECK(exported(fresh.database(), "tea") == tail);
    CHECK(findings(fresh.database()) == Lines{});
    CHECK(open(fresh.database()).stored.rooms[1].first_kept == 101);
}

TEST_CASE("what cannot be put in is refused, and nothing of it is stored") {
    TempFolder from;
    fill(from.database());
    const Lines good = exported(from.database(), "tea");
    const auto with = [&good](std::size_t line, std::string_view part, std::string_view instead) {
        Lines lines = good;
        lines[line].replace(lines[line].find(part), part.size(), instead);
        return lines;
    };
    Lines torn(good.begin(), good.begin() + 300);
    Lines hole = good;
    hole.erase(hole.begin() + 200);
    const struct {
        const char* what;
        Lines lines;
        const char* told;
    } table[] = {
        {"nothing", {}, "nothing to import"},
        {"no header", Lines(good.begin() + 1, good.end()), "line 1: this is no export"},
        {"its end is missing", torn, "a part of it is missing"},
        {"a line is missing", hole, "line 201: number 200 should come here"},
        {"no JSON", with(9, "{", "["), "line 10: this is no JSON"},
        {"another key's name", with(9, "AQAA", "BQAA"), "line 10: the name PERSON1 belongs to"},
    };
    for (const auto& row : table) {
        CAPTURE(row.what);
        TempFolder to;
        const auto refused = import(to.database(), row.lines);
        REQUIRE(!refused);
        CAPTURE(refused.error());
        CHECK(has(refused.error(), row.told));
        if (std::filesystem::exists(to.database()))
            CHECK(open(to.database()).stored.rooms.size() == 1);
    }
    TempFolder other;
    {
        const Opened opened = open(other.database());
        Changes changes;
        changes.rooms = {{2, RoomKind::named, "TEA", 0, 0}};
        changes.appends = {said(2, "something else")};
        commit(*opened.log, changes);
    }
    auto refused = import(other.database(), good);
    REQUIRE(!refused);
    CHECK(has(refused.error(), "another entry with number 1"));
    Lines late = good;
    late.erase(late.begin() + 1, late.begin() + 101);
    late[0].replace(late[0].find("\"first\":1,"), 10, "\"first\":101,");
    refused = import(other.database(), late);
    REQUIRE(!refused);
    CHECK(has(refused.error(), "what lies between is missing"));
}

TEST_CASE("only rooms that are there are taken out, while the server runs too") {
    TempFolder folder;
    fill(folder.database());
    const Opened running = open(folder.database());
    for (const char* room : {"nowhere", "", ",", "person1,person2", "person1,nobody", "a b"}) {
        CAPTURE(room);
        const auto refused =
            export_room(folder.database(), room, [](std::string_view) { return true; });
        REQUIRE(!refused);
        CHECK(has(refused.error(), "there is no room"));
    }
    int lines = 0;
    const auto stopped = export_room(folder.database(), "lobby",
                                     [&lines](std::string_view) { return ++lines < 10; });
    REQUIRE(!stopped);
    CHECK(has(stopped.error(), "could not be written"));
    // Whoever reads the lines slowly holds up nothing, and gets what was there when he began.
    const auto count = export_room(folder.database(), "tea", [&](std::string_view) {
        commit(*running.log, {said(2, "meanwhile")});
        return true;
    });
    CHECK(count == 500);
    CHECK(!export_room(folder / "none.db", "lobby", [](std::string_view) { return true; }));
    CHECK(!std::filesystem::exists(folder / "none.db"));
}

TEST_CASE("a backup made while the server stores is whole, private, and overwrites nothing") {
    TempFolder folder;
    fill(folder.database());
    int channel[2];
    REQUIRE(pipe(channel) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        auto log = SqliteLog::open(folder.database(), config());
        if (!log || !(*log)->load(noon)) _exit(1);
        for (;;) {
            Changes changes;
            changes.appends = {said(1, "one"), said(2, "two")};
            const auto seqs = (*log)->commit(changes);
            if (!seqs || write(channel[1], seqs->data(), sizeof(Seq)) != sizeof(Seq)) _exit(1);
            if (!(*log)->tend(noon)) _exit(1);
        }
    }
    close(channel[1]);
    const auto last_said = [&channel] {
        Seq seq = 0;
        REQUIRE(read(channel[0], &seq, sizeof seq) == sizeof seq);
        return seq;
    };
    for (int i = 0; i < 5; ++i) {
        const Seq before = last_said();
        const std::string copy = folder / ("copy" + std::to_string(i));
        const auto made = backup_database(folder.database(), copy);
        if (!made) FAIL(made.error());
        struct stat status{};
        REQUIRE(stat(copy.c_str(), &status) == 0);
        CHECK((status.st_mode & 0777) == 0600);
        CHECK(!std::filesystem::exists(copy + ".part"));
        CHECK(findings(copy) == Lines{});
        const Opened opened = open(copy);
        CHECK(opened.stored.log_epoch == some_log_epoch);
        CHECK(opened.stored.rooms[0].head > before);
        CHECK(opened.stored.rooms[1].head > 500);
        commit(*opened.log, {said(1, "it goes on")});
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(channel[0]);

    const std::string copy = folder / "copy0";
    const auto size = std::filesystem::file_size(copy);
    auto refused = backup_database(folder.database(), copy);
    REQUIRE(!refused);
    CHECK(has(refused.error(), "there already"));
    CHECK(std::filesystem::file_size(copy) == size);
    {
        std::ofstream leftover(folder / "new.part");
    }
    refused = backup_database(folder.database(), folder / "new");
    REQUIRE(!refused);
    CHECK(has(refused.error(), "another backup"));
    refused = backup_database(folder.database(), folder / "no/folder/copy");
    REQUIRE(!refused);
    CHECK(has(refused.error(), "No such file or directory"));
}

TEST_CASE("what is wrong in a database is found") {
    TempFolder folder;
    fill(folder.database());
    CHECK(findings(folder.database()) == Lines{});
    const struct {
        const char* sql;
        const char* told;
    } table[] = {
        {"DELETE FROM entries WHERE id = (1 << 36) + 7", "entries 7 to 7 are missing"},
        {"DELETE FROM entries WHERE id >= (1 << 36) + 2000 AND id < (2 << 36)", "it ends before"},
        {"UPDATE rooms SET first_kept = 9 WHERE id = 1", "should be forgotten"},
        {"UPDATE entries SET kind = 9 WHERE id = (1 << 36) + 7", "no known kind"},
        {"UPDATE entries SET person = 99 WHERE id = (1 << 36) + 7", "nobody knows who wrote"},
        {"UPDATE entries SET text = 'other' WHERE id = (1 << 36) + 7", "the search index"},
        {"UPDATE entries SET msg_id = 2, client_epoch = 5, person = 1 WHERE id = (2 << 36) + 7",
         "stored twice"},
        {"DELETE FROM rooms WHERE id = 2", "of a room 2, which is not there"},
        {"DELETE FROM rooms WHERE id = 1", "the lobby is not there"},
        {"UPDATE rooms SET pinned = 99999 WHERE id = 1", "what is pinned"},
        {"UPDATE rooms SET bytes = 5 WHERE id = 1", "are noted"},
        {"UPDATE rooms SET name = 'a b' WHERE id = 2", "no usable name"},
        {"DELETE FROM people WHERE id = 3", "one of them is not known"},
        {"UPDATE people SET folded = 'x' WHERE id = 3", "would not be found"},
        {"UPDATE people SET key = x'00' WHERE id = 3", "no usable key"},
        {"INSERT INTO seats VALUES(1, 1, 1, 99999)", "has read entries that are not there"},
        {"INSERT INTO seats VALUES(1, 77, 1, 1)", "one of them is not there"},
        {"UPDATE entries SET msg_id = 9999 WHERE id = (3 << 36) + 1", "which it is not"},
        {"INSERT INTO search(search) VALUES('delete-all')", "the search index"},
        {"INSERT INTO search(rowid, words) VALUES((1 << 36) + 7, 'more')", "the search index"},
    };
    for (const auto& row : table) {
        CAPTURE(row.sql);
        const std::string broken = folder / "broken.db";
        std::filesystem::remove(broken);
        std::filesystem::copy_file(folder.database(), broken);
        {
            auto database = Database::open(broken, Database::Access::write);
            REQUIRE(database);
            const auto done = database->run(row.sql);
            if (!done) FAIL(done.error());
        }
        std::string all;
        for (const std::string& finding : findings(broken))
            all += finding + "\n";
        CAPTURE(all);
        CHECK(has(all, row.told));
    }
    // Damage in the middle of the pages.
    const std::string broken = folder / "broken.db";
    for (const char* end : {"", "-wal", "-shm"})
        std::filesystem::remove(broken + end);
    std::filesystem::copy_file(folder.database(), broken);
    {
        std::fstream file(broken, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(30 * 4096);
        file << std::string(4096, '\x55');
    }
    CHECK(!findings(broken).empty());
}
