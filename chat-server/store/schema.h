// SPDX-License-Identifier: MIT
// The tables, how they came about, and whose a database file is. A database has a version (SQLite's
// user_version): the number of steps that made it. An older one is taken through the steps it
// lacks, in one transaction; a newer one is refused. A step is never changed once released.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "chat-server/store/sqlite.h"

namespace chat::server {

// In the file's header, for `file` and for us: "chat".
inline constexpr std::int32_t database_application_id = 0x6368'6174;

std::span<const std::string_view> schema_steps();

// A word on what the file is, before anything is written into it.
enum class DatabaseState { empty, ours };
Result<DatabaseState> examine_database(Database& database,
                                       std::span<const std::string_view> steps = schema_steps());

// Makes or completes the tables. The journal becomes a write-ahead log, for good.
Result<void> prepare_schema(Database& database,
                            std::span<const std::string_view> steps = schema_steps());

// For programs that only read: the tables must be those of this program.
Result<void> require_schema(Database& database);

// Whether the file is as long as it says. SQLite takes a cut last page for one that ends with
// zeros.
Result<void> check_length(Database& database);

// A quick look for damage: all of a small file, the small tables of a large one. It ends after
// a fifth of a second at the latest that it knows of (old versions of SQLite walk through a table
// in one step, that is why size decides first); `chat-server check` looks at everything.
Result<void> quick_check(Database& database);

// All of it for a program that writes: what the file is, whether it is sound, its tables, and what
// every database has. `new_log_epoch` is for one that is made now.
Result<void> prepare_database(Database& database, std::uint64_t new_log_epoch);

}  // namespace chat::server
