// SPDX-License-Identifier: MIT
#include "chat-server/store/schema.h"

#include <array>
#include <fstream>
#include <sys/stat.h>

#include "chat-server/store/test_support.h"

using namespace chat::server;
using namespace chat::server::test;

namespace {

Database raw(const std::string& path) {
    auto database = Database::open(path, Database::Access::write);
    REQUIRE(database);
    return std::move(*database);
}

std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << std::string(bytes);
}

}  // namespace

TEST_CASE("a new database is private, and has its version, its mark and its journal") {
    TempFolder folder;
    const Opened opened = open(folder.database());
    Database database = raw(folder.database());
    CHECK(*database.number("PRAGMA application_id") == database_application_id);
    CHECK(*database.number("PRAGMA user_version") == static_cast<long>(schema_steps().size()));
    auto mode = database.prepare("PRAGMA journal_mode");
    auto rows = mode->start();
    REQUIRE(*rows.next());
    CHECK(rows.text(0) == "wal");
    for (const char* name : {"chat.db", "chat.db-wal", "chat.db-shm"}) {
        struct stat status{};
        REQUIRE(stat((folder / name).c_str(), &status) == 0);
        CHECK((status.st_mode & 0777) == 0600);
    }
}

TEST_CASE("an older database is taken through the steps it lacks, all or none") {
    constexpr std::array<std::string_view, 1> one{"CREATE TABLE a(x); INSERT INTO a VALUES(1)"};
    constexpr std::array<std::string_view, 3> three{one[0], "ALTER TABLE a ADD COLUMN y",
                                                    "UPDATE a SET y = x + 1"};
    constexpr std::array<std::string_view, 3> broken{one[0], three[1], "UPDATE nowhere SET y = 1"};
    TempFolder folder;
    {
        std::ofstream create(folder.database());
    }
    Database database = raw(folder.database());
    REQUIRE(prepare_schema(database, one));
    CHECK(*database.number("PRAGMA user_version") == 1);

    CHECK(!prepare_schema(database, broken));
    CHECK(*database.number("PRAGMA user_version") == 1);
    CHECK(*database.number("SELECT count(*) FROM pragma_table_info('a')") == 1);

    REQUIRE(prepare_schema(database, three));
    CHECK(*database.number("PRAGMA user_version") == 3);
    CHECK(*database.number("SELECT y FROM a") == 2);
    REQUIRE(prepare_schema(database, three));  // nothing left to do
    CHECK(*database.number("SELECT y FROM a") == 2);

    const auto refused = prepare_schema(database, one);
    REQUIRE(!refused);
    CHECK(has(refused.error(), "newer chat-server"));
}

TEST_CASE("what is no sound database of ours is refused, and left as it is") {
    TempFolder folder;
    {
        const Opened opened = open(folder.database());
        for (int i = 0; i < 200; ++i)
            commit(*opened.log, {said(1, "entry " + std::string(200, 'x'))});
        tend_all(*opened.log);
    }
    const std::string good = content(folder.database());
    REQUIRE(good.size() > 40'000);
    std::string flipped = good;
    flipped[1] = 'x';
    std::string torn = good;
    for (std::size_t i = 3 * 4096; i < 9 * 4096; ++i)
        torn[i] = static_cast<char>(i);
    const struct {
        const char* what;
        std::string bytes;
        const char* told;
    } table[] = {
        {"text", std::string(5000, 'a'), "this is no database"},
        {"a flipped bit at the beginning", flipped, "this is no database"},
        {"cut in the middle", good.substr(0, good.size() / 2), "damaged"},
        {"cut in a page", good.substr(0, good.size() - 100), "damaged"},
        {"pages of something else", torn, "damaged"},
    };
    for (const auto& row : table) {
        CAPTURE(row.what);
        write_file(folder.database(), row.bytes);
        const auto refused = SqliteLog::open(folder.database(), config());
        REQUIRE(!refused);
        CAPTURE(refused.error());
        CHECK(has(refused.error(), row.told));
        CHECK(has(refused.error(), "move it away"));
        CHECK(has(refused.error(), folder.database()));
        CHECK(content(folder.database()) == row.bytes);
        CHECK(!findings(folder.database()).empty());
    }
    write_file(folder.database(), good);
    CHECK(open(folder.database()).stored.rooms[0].head == 201);
}

TEST_CASE("a newer version's database and another program's are refused") {
    TempFolder folder;
    open(folder.database());
    REQUIRE(raw(folder.database()).run("PRAGMA user_version = 99"));
    auto refused = SqliteLog::open(folder.database(), config());
    REQUIRE(!refused);
    CHECK(has(refused.error(), "newer chat-server has written it (version 99"));
    REQUIRE(raw(folder.database()).run("PRAGMA application_id = 1"));
    refused = SqliteLog::open(folder.database(), config());
    REQUIRE(!refused);
    CHECK(has(refused.error(), "another program"));
    refused = SqliteLog::open(folder / "no/such/folder/chat.db", config());
    REQUIRE(!refused);
    CHECK(has(refused.error(), "No such file or directory"));
}

TEST_CASE("an empty file becomes a database") {
    TempFolder folder;
    write_file(folder.database(), "");
    CHECK(open(folder.database()).stored.log_epoch == some_log_epoch);
}

TEST_CASE("an index made by other rules is made anew") {
    TempFolder folder;
    {
        const Opened opened = open(folder.database());
        commit(*opened.log, {said(1, "findme please")});
        CHECK(search(*opened.log, "findme").hits.size() == 1);
    }
    REQUIRE(raw(folder.database())
                .run("UPDATE meta SET text = 'old' WHERE key = 'search_text';"
                     "INSERT INTO search(search) VALUES('delete-all')"));
    const Opened opened = open(folder.database());
    CHECK(search(*opened.log, "findme").hits.size() == 1);
    CHECK(findings(folder.database()).empty());
}
