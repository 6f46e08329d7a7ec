// SPDX-License-Identifier: MIT
#include "chat-server/store/entries_table.h"

#include "chat-server/store/schema.h"
#include "chat-server/store/test_support.h"

using namespace chat::server;
using namespace chat::server::test;

TEST_CASE("each statement on entries looks at one range and nothing else") {
    TempFolder folder;
    open(folder.database());
    auto database = Database::open(folder.database(), Database::Access::read);
    REQUIRE(database);
    const struct {
        const char* sql;
        std::vector<std::string> plan;
    } table[] = {
        {read_entries_sql,
         {"SEARCH e USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
          "SEARCH p USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN"}},
        {newest_entry_sql, {"SEARCH entries USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"}},
        {newest_authors_sql, {"SEARCH entries USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"}},
        {erase_entries_sql, {"SEARCH entries USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"}},
    };
    for (const auto& row : table) {
        CAPTURE(row.sql);
        auto explained = database->prepare(std::string("EXPLAIN QUERY PLAN ") + row.sql);
        REQUIRE(explained);
        auto rows = explained->start();
        std::vector<std::string> plan;
        while (*rows.next())
            plan.emplace_back(rows.text(3));
        CHECK(plan == row.plan);
    }
}

TEST_CASE("places ascend within a room and from room to room") {
    CHECK(entry_id(1, seq_end - 1) < entry_id(2, 1));
    CHECK(entry_id(room_end - 1, seq_end - 1) == INT64_MAX);
    for (const auto& [room, seq] : {std::pair<RoomId, Seq>{1, 1}, {77, 12345}, {room_end - 1, 9}}) {
        CHECK(room_of(entry_id(room, seq)) == room);
        CHECK(seq_of(entry_id(room, seq)) == seq);
    }
}
