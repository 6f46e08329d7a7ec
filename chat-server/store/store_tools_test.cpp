// SPDX-License-Identifier: MIT
#include "chat-server/store/store_tools.h"

#include <algorithm>
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

void none_lost(std::uint64_t from, std::uint64_t to) {
    CAPTURE(from);
    CAPTURE(to);
    FAIL("nothing is damaged");
}

Lines exported(const std::string& database, const std::string& room) {
    Lines lines;
    const auto report = export_room(
        database, room,
        [&lines](std::string_view line) {
            lines.emplace_back(line);
            return true;
        },
        none_lost);
    if (!report) FAIL(report.error());
    CHECK(report->entries + 1 == lines.size());
    CHECK(report->lost == 0);
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
            export_room(folder.database(), room, [](std::string_view) { return true; }, none_lost);
        REQUIRE(!refused);
        CHECK(has(refused.error(), "there is no room"));
    }
    int lines = 0;
    const auto stopped = export_room(
        folder.database(), "lobby", [&lines](std::string_view) { return ++lines < 10; }, none_lost);
    REQUIRE(!stopped);
    CHECK(has(stopped.error(), "could not be written"));
    // Whoever reads the lines slowly holds up nothing, and gets what was there when he began.
    const auto report = export_room(
        folder.database(), "tea",
        [&](std::string_view) {
            commit(*running.log, {said(2, "meanwhile")});
            return true;
        },
        none_lost);
    REQUIRE(report);
    CHECK(report->entries == 500);
    CHECK(!export_room(
        folder / "none.db", "lobby", [](std::string_view) { return true; }, none_lost));
    const auto refused =
        export_room(folder.database(), "@bob", [](std::string_view) { return true; }, none_lost);
    REQUIRE(!refused);
    CHECK(has(refused.error(), "bob,NAME"));
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
        {"UPDATE entries SET text = 'a' || char(27) WHERE id = (1 << 36) + 7",
         "can have said it so"},
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
}

namespace {

constexpr std::size_t page_bytes = 4096;

// Tables' pages, as far as they have one: the first of them is the tree's root.
std::vector<std::size_t> leaves_of(const std::string& path, const std::string& table) {
    std::vector<std::size_t> pages;
    auto database = Database::open(path, Database::Access::read);
    REQUIRE(database);
    auto root = database->number("SELECT rootpage FROM sqlite_schema WHERE name = '" + table + "'");
    REQUIRE(root);
    std::ifstream file(path, std::ios::binary);
    const auto byte = [&file](std::size_t at) {
        file.seekg(static_cast<std::streamoff>(at));
        return static_cast<std::size_t>(static_cast<unsigned char>(file.get()));
    };
    const auto big_endian = [&byte](std::size_t at, std::size_t bytes) {
        std::size_t number = 0;
        for (std::size_t i = 0; i < bytes; ++i)
            number = number << 8U | byte(at + i);
        return number;
    };
    // https://www.sqlite.org/fileformat.html, section 1.6: trees of two levels are enough here.
    const std::size_t at = (static_cast<std::size_t>(*root) - 1) * page_bytes;
    REQUIRE(byte(at) == 5);
    const std::size_t cells = big_endian(at + 3, 2);
    for (std::size_t i = 0; i < cells; ++i)
        pages.push_back(big_endian(at + big_endian(at + 12 + 2 * i, 2), 4));
    pages.push_back(big_endian(at + 8, 4));
    return pages;
}

void overwrite(const std::string& path, std::size_t page, std::size_t offset = 0,
               std::size_t bytes = page_bytes) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>((page - 1) * page_bytes + offset));
    file << std::string(bytes, '\x55');
}

std::string joined(const Lines& lines) {
    std::string all;
    for (const std::string& line : lines)
        all += line + "\n";
    return all;
}

}  // namespace

TEST_CASE("of a damaged file what can be read is taken out, and put in elsewhere") {
    TempFolder folder;
    fill(folder.database());
    const Lines whole = exported(folder.database(), "lobby");
    const auto pages = leaves_of(folder.database(), "entries");
    REQUIRE(pages.size() > 6);
    // One in the middle, two side by side, the last.
    for (const std::size_t index : {std::size_t{2}, std::size_t{4}, std::size_t{5}})
        overwrite(folder.database(), pages[index]);
    const std::string told = joined(findings(folder.database()));
    CAPTURE(told);
    CHECK(has(told, "damaged: what was said (table entries)\n"));
    CHECK(has(told, "SQLite says: "));
    CHECK(has(told, "room lobby: entries "));
    CHECK(has(told, " cannot be read\n"));
    CHECK(!has(told, "`chat-server check`"));
    CHECK(!has(told, "it ends before"));
    CHECK(!has(told, "search index"));

    Lines lines;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> holes;
    const auto report = export_room(
        folder.database(), "lobby",
        [&lines](std::string_view line) {
            lines.emplace_back(line);
            return true;
        },
        [&holes](std::uint64_t from, std::uint64_t to) { holes.emplace_back(from, to); });
    if (!report) FAIL(report.error());
    REQUIRE(holes.size() == 2);
    CHECK(report->entries + report->lost == whole.size() - 1);
    CHECK(report->lost > 20);
    CHECK(report->lost < whole.size() / 2);
    CHECK(lines.size() == 1 + report->entries + holes.size());
    // What is there is as it was.
    std::size_t same = 0;
    for (const std::string& line : lines)
        same += std::ranges::find(whole, line) != whole.end() ? 1 : 0;
    CHECK(same == report->entries + 1);

    TempFolder to;
    const auto count = import(to.database(), lines);
    if (!count) FAIL(count.error());
    CHECK(*count == whole.size() - 1);
    CHECK(findings(to.database()) == Lines{});
    CHECK(import(to.database(), lines) == 0);
    const Lines mended = exported(to.database(), "lobby");
    REQUIRE(mended.size() == whole.size());
    CHECK(mended.back() == whole.back());
    CHECK(has(mended[holes[0].first], "what stood here was lost"));
}

TEST_CASE("the last entries are known to be lost though nothing is behind them") {
    TempFolder folder;
    {
        const Opened opened = open(folder.database());
        Changes changes;
        changes.appends.assign(500, said(1, std::string(100, 'x')));
        changes.people = {person(1)};
        changes.seats = {{1, 1, true, false, 501}};
        commit(*opened.log, changes);
        tend_all(*opened.log);
    }
    overwrite(folder.database(), leaves_of(folder.database(), "entries").back());
    std::uint64_t last = 0;
    const auto report = export_room(
        folder.database(), "lobby", [](std::string_view) { return true; },
        [&last](std::uint64_t, std::uint64_t to) { last = to; });
    if (!report) FAIL(report.error());
    CHECK(last == 500);
    CHECK(report->entries + report->lost == 500);
    CHECK(report->entries > 400);
}

TEST_CASE("a search index can be made anew, and nothing else of the file is another") {
    TempFolder folder;
    fill(folder.database());
    const Lines before = exported(folder.database(), "lobby");
    const std::uint64_t epoch = open(folder.database()).stored.log_epoch;
    for (const std::size_t bytes : {page_bytes, std::size_t{0}}) {
        CAPTURE(bytes);
        if (bytes > 0) {
            overwrite(folder.database(), leaves_of(folder.database(), "search_data")[3]);
        } else {
            auto database = Database::open(folder.database(), Database::Access::write);
            REQUIRE(database);
            REQUIRE(
                database->run("INSERT INTO search(rowid, words) VALUES((1 << 36) + 7, 'more')"));
        }
        Lines told;
        const auto checked = check_database(
            folder.database(), [](std::string_view) {},
            [&told](std::string_view sentence) { told.emplace_back(sentence); });
        if (!checked) FAIL(checked.error());
        const std::string all = joined(told);
        CAPTURE(all);
        CHECK(checked->findings > 0);
        CHECK(checked->only_index);
        CHECK(has(all, "the search index"));
        // Messages are not touched.
        CHECK(exported(folder.database(), "lobby") == before);
        const auto done = reindex_database(folder.database());
        if (!done) FAIL(done.error());
        CHECK(std::filesystem::exists(folder.database() + ".damaged"));
        CHECK(!std::filesystem::exists(folder.database() + ".new"));
        const Opened opened = open(folder.database());
        CHECK(opened.stored.log_epoch == epoch);
        CHECK(opened.stored.rooms.size() == 3);
        CHECK(opened.stored.epochs.size() == 1);
        tend_all(*opened.log);
        CHECK(search(*opened.log, "number 2499").hits.size() == 1);
        CHECK(findings(folder.database()) == Lines{});
        CHECK(exported(folder.database(), "lobby") == before);
    }
    // Where messages are damaged too it is left alone.
    overwrite(folder.database(), leaves_of(folder.database(), "entries")[1]);
    const auto refused = reindex_database(folder.database());
    REQUIRE(!refused);
    CHECK(has(refused.error(), "more than the search index is damaged"));
    CHECK(!std::filesystem::exists(folder.database() + ".new"));
}

TEST_CASE("an empty file is called empty") {
    TempFolder folder;
    {
        std::ofstream file(folder.database());
    }
    const std::string told = joined(findings(folder.database()));
    CAPTURE(told);
    CHECK(has(told, "the file is empty"));
    CHECK(!has(told, "older chat-server"));
}
