// SPDX-License-Identifier: MIT
#include "chat-server/store/entries_table.h"

#include <cstdint>
#include <map>

#include "chat-server/store/schema.h"
#include "chat-server/store/test_support.h"

using namespace chat;
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

TEST_CASE("entries come back as they were, however many were stored together") {
    TempFolder folder;
    const Opened opened = open(folder.database());
    Changes changes;
    changes.people = {person(1), person(2)};
    changes.rooms = {{2, RoomKind::named, "second", 0, 0}};
    commit(*opened.log, changes);
    std::map<RoomId, std::vector<Entry>> expected;
    std::uint64_t msg_id = 0;
    for (const std::size_t count : {1U, 31U, 32U, 33U, 63U, 64U, 65U, 100U}) {
        std::vector<Append> appends;
        for (std::size_t i = 0; i < count; ++i) {
            const RoomId room = i % 3 == 0 ? 2 : 1;
            const std::string text = i % 7 == 0 ? "" : "text " + std::to_string(++msg_id);
            switch (i % 4) {
                case 0:
                    appends.push_back(said_by(person(1), 7, ++msg_id, text, room));
                    break;
                case 1:
                    appends.push_back(said_by(person(2), UINT64_MAX, ++msg_id, text, room));
                    appends.back().entry.name = "Person2";  // not as it was first written
                    break;
                case 2:
                    appends.push_back(said(room, text));
                    break;
                default:
                    appends.push_back(announced(EntryKind::announcement, text, room));
                    break;
            }
            appends.back().entry.time.unix_ms += static_cast<std::int64_t>(msg_id);
            expected[room].push_back(appends.back().entry);
        }
        commit(*opened.log, appends);
    }
    for (const auto& [room, entries] : expected) {
        const auto page = opened.log->read({room, 1, 1000, 1'000'000});
        REQUIRE(page);
        REQUIRE(page->entries.size() == entries.size());
        for (std::size_t i = 0; i < entries.size(); ++i) {
            CAPTURE(room, i);
            const Entry& entry = page->entries[i].entry;
            CHECK(page->entries[i].seq == i + 1);
            CHECK(entry.kind == entries[i].kind);
            CHECK(entry.time == entries[i].time);
            CHECK(entry.name == entries[i].name);
            CHECK(entry.text == entries[i].text);
            CHECK(entry.origin.person == entries[i].origin.person);
            CHECK(entry.origin.key == entries[i].origin.key);
            CHECK(entry.origin.client_epoch == entries[i].origin.client_epoch);
            CHECK(entry.origin.msg_id == entries[i].origin.msg_id);
        }
    }
    CHECK(findings(folder.database()) == std::vector<std::string>{});
}
