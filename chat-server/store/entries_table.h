// SPDX-License-Identifier: MIT
// The table of all rooms' entries. Every statement touches one range of one room and nothing else
// (entries_table_test.cpp looks at SQLite's plans). Transactions are the caller's.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "chat-server/core/entry.h"
#include "chat-server/store/entry_id.h"
#include "chat-server/store/sqlite.h"

namespace chat::server {

class EntriesTable {
  public:
    static Result<EntriesTable> prepare(Database& database);

    Result<void> insert(RoomId room, Seq seq, const Entry& entry);
    struct Placed {
        EntryId id = 0;
        const Entry* entry = nullptr;
    };
    Result<void> insert(std::span<const Placed> entries);

    // Ascending from `from`, below `end`, as many as the limits allow, but one at least if there
    // is one.
    Result<std::vector<StoredEntry>> read(RoomId room, Seq from, Seq end, std::size_t entries_max,
                                          std::size_t bytes_max);

    struct Newest {
        Seq seq = 0;
        WallTime time;
    };
    // Nothing: the room is empty.
    Result<std::optional<Newest>> newest(RoomId room);
    // When this entry was written; nothing: there is none.
    Result<std::optional<WallTime>> time_of(EntryId id);

    struct Author {
        Seq seq = 0;
        EntryKind kind = EntryKind::message;
        PersonId person = 0;
    };
    // The newest ones, descending.
    Result<std::vector<Author>> newest_authors(RoomId room, std::size_t entries_max);

    // Those from `from` on and below `end`.
    Result<void> erase(RoomId room, Seq from, Seq end);

  private:
    // Binds a row from this position on and returns the next position.
    Result<int> bind_row(Statement& statement, int position, const Placed& placed);
    // As the person's name was first written; empty for one who is not in the table. Names never
    // change, and everybody who has spoken is in the brain's memory too.
    Result<const std::string*> spelling(PersonId person);

    std::vector<std::string> spellings_;  // by person
    Statement insert_;
    Statement insert_rows_;
    Statement name_of_;
    Statement read_;
    Statement newest_;
    Statement time_of_;
    Statement newest_authors_;
    Statement erase_;
};

// The statements' text, for the tests.
extern const char* const read_entries_sql;
extern const char* const newest_entry_sql;
extern const char* const newest_authors_sql;
extern const char* const erase_entries_sql;

}  // namespace chat::server
