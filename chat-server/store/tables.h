// SPDX-License-Identifier: MIT
// All tables of one database with their prepared statements, in the order in which work on them
// needs them.
#pragma once

#include "chat-server/store/entries_table.h"
#include "chat-server/store/epoch_cache.h"
#include "chat-server/store/people_table.h"
#include "chat-server/store/rooms_table.h"
#include "chat-server/store/search_index.h"
#include "chat-server/store/sqlite.h"

namespace chat::server {

// Without the search index, which may be what is damaged.
struct ReadTables {
    PeopleTable people;
    RoomsTable rooms;
    EntriesTable entries;
    EpochCache epochs;

    // The database must have our schema, stay where it is, and outlive the tables.
    static Result<ReadTables> prepare(Database& database);
};

struct Tables : ReadTables {
    SearchIndex search;

    static Result<Tables> prepare(Database& database);
};

}  // namespace chat::server
