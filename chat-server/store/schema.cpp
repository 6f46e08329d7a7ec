// SPDX-License-Identifier: MIT
#include "chat-server/store/schema.h"

#include <array>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <system_error>

#include "chat-server/store/search_text.h"

namespace chat::server {
namespace {

// entries.id is room << 36 | number (entry_id.h): one range of one tree per room. Its `name` is
// there only where it is not the person's own spelling. `indexed`: entries before it are in the
// search index and counted in `bytes`. `imported`: entries before it came from another log.
// epochs has ids in the order of first use, so that those used at one time lie side by side:
// ten talking people are one page to write, not ten.
constexpr std::string_view version_1 = R"(
CREATE TABLE meta(
    key TEXT PRIMARY KEY, number INTEGER NOT NULL DEFAULT 0, text TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID, STRICT;
CREATE TABLE people(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL UNIQUE, key BLOB NOT NULL
) STRICT;
CREATE TABLE rooms(
    id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT, folded TEXT UNIQUE,
    first INTEGER, second INTEGER, first_kept INTEGER NOT NULL DEFAULT 1,
    topic TEXT NOT NULL DEFAULT '', pinned INTEGER NOT NULL DEFAULT 0,
    indexed INTEGER NOT NULL DEFAULT 1, bytes INTEGER NOT NULL DEFAULT 0,
    imported INTEGER NOT NULL DEFAULT 1, UNIQUE(first, second)
) STRICT;
CREATE TABLE entries(
    id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, time INTEGER NOT NULL, person INTEGER,
    name TEXT, text TEXT NOT NULL, client_epoch INTEGER NOT NULL, msg_id INTEGER NOT NULL
) STRICT;
CREATE TABLE seats(
    room INTEGER NOT NULL, person INTEGER NOT NULL, present INTEGER NOT NULL,
    next INTEGER NOT NULL, PRIMARY KEY(room, person)
) WITHOUT ROWID, STRICT;
CREATE TABLE epochs(
    id INTEGER PRIMARY KEY, key BLOB NOT NULL, client_epoch INTEGER NOT NULL,
    next_msg_id INTEGER NOT NULL, results BLOB NOT NULL, used INTEGER NOT NULL,
    UNIQUE(key, client_epoch)
) STRICT;
CREATE TABLE words(word TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
INSERT INTO rooms(id, kind, name, folded) VALUES(1, 1, 'lobby', 'lobby');
)";

constexpr std::array steps_to_now{version_1};

// Words come ready from search_text, separated by blanks: `ascii` takes them as they are. The text
// itself is in entries, so the index keeps none; no ranking, so it keeps no lengths. The prefix
// indexes make the beginnings of words that match thousands of words as quick as a word.
constexpr const char* search_table = R"(
CREATE VIRTUAL TABLE search USING fts5(
    words, content = '', columnsize = 0, tokenize = 'ascii', prefix = '3');
INSERT INTO search(search, rank) VALUES('automerge', 0);
INSERT INTO search(search, rank) VALUES('crisismerge', 64);)";

constexpr std::int64_t whole_check_bytes_max = 64 * 1024 * 1024;
constexpr auto check_time_max = std::chrono::milliseconds(200);
constexpr int operations_between_looks = 10'000;

using Clock = std::chrono::steady_clock;

int is_late(void* deadline) {
    return Clock::now() >= *static_cast<Clock::time_point*>(deadline) ? 1 : 0;
}

Result<void> check_for_damage(Database& database, std::string_view pragma) {
    auto statement = database.prepare(pragma);
    if (!statement) return std::unexpected(statement.error());
    auto rows = statement->start();
    const auto row = rows.next();
    if (!row) {
        if ((database.last_code() & 0xff) == SQLITE_INTERRUPT) return {};
        return std::unexpected(row.error());
    }
    if (*row && rows.text(0) != "ok") return database.failure(SQLITE_CORRUPT);
    return {};
}

// The index is made anew when search_text's rules have changed.
Result<void> renew_search_index(Database& database) {
    const auto done =
        database.run(fmt::format("DROP TABLE search; DELETE FROM words; {}; "
                                 "UPDATE rooms SET indexed = first_kept, bytes = 0",
                                 search_table));
    if (!done) return done;
    auto note =
        database.prepare("INSERT OR REPLACE INTO meta(key, text) VALUES('search_text', ?1)");
    if (!note) return std::unexpected(note.error());
    return note->run(search_text_version());
}

Result<void> prepare_meta(Database& database, std::uint64_t new_log_epoch) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    auto put = database.prepare("INSERT OR IGNORE INTO meta(key, number) VALUES('log_epoch', ?1)");
    if (!put) return std::unexpected(put.error());
    if (const auto done = put->run(new_log_epoch); !done) return done;
    auto same = database.prepare("SELECT text = ?1 FROM meta WHERE key = 'search_text'");
    if (!same) return std::unexpected(same.error());
    bool is_same = false;
    {
        auto rows = same->start(search_text_version());
        const auto row = rows.next();
        if (!row) return std::unexpected(row.error());
        is_same = *row && rows.number(0) != 0;
    }
    if (!is_same) {
        if (const auto done = renew_search_index(database); !done) return done;
    }
    return transaction->commit();
}

}  // namespace

std::span<const std::string_view> schema_steps() {
    return steps_to_now;
}

Result<DatabaseState> examine_database(Database& database,
                                       std::span<const std::string_view> steps) {
    // This one reads the file's beginning, and compares its length with what the header says.
    const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
    if (!tables) return std::unexpected(tables.error());
    const auto application = database.number("PRAGMA application_id");
    if (!application) return std::unexpected(application.error());
    const auto version = database.number("PRAGMA user_version");
    if (!version) return std::unexpected(version.error());
    if (*tables == 0 && *application == 0 && *version == 0) return DatabaseState::empty;
    if (*application != database_application_id) {
        return std::unexpected(fmt::format(
            "{}: this is the database of another program; move it away", database.path()));
    }
    if (*version > static_cast<std::int64_t>(steps.size())) {
        return std::unexpected(fmt::format(
            "{}: a newer chat-server has written it (version {}, this program knows up to {}); use "
            "that one",
            database.path(), *version, steps.size()));
    }
    return DatabaseState::ours;
}

Result<void> prepare_schema(Database& database, std::span<const std::string_view> steps) {
    const auto state = examine_database(database, steps);
    if (!state) return std::unexpected(state.error());
    if (const auto done = database.run("PRAGMA journal_mode = WAL"); !done) return done;
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    const auto version = database.number("PRAGMA user_version");
    if (!version) return std::unexpected(version.error());
    for (const std::string_view step : steps.subspan(static_cast<std::size_t>(*version))) {
        if (const auto done = database.run(std::string(step)); !done) return done;
    }
    if (*version == 0) {
        if (const auto done = database.run(search_table); !done) return done;
    }
    const auto done =
        database.run(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                 database_application_id, steps.size()));
    if (!done) return done;
    return transaction->commit();
}

Result<void> require_schema(Database& database) {
    const auto state = examine_database(database);
    if (!state) return std::unexpected(state.error());
    if (*state == DatabaseState::empty) {
        return std::unexpected(
            fmt::format("{}: the file is empty, there are no rooms in it. If there were any, put a "
                        "backup in its place before a server starts: it would begin a new log",
                        database.path()));
    }
    const auto version = database.number("PRAGMA user_version");
    if (!version) return std::unexpected(version.error());
    if (*version != static_cast<std::int64_t>(schema_steps().size())) {
        return std::unexpected(fmt::format(
            "{}: an older chat-server has written it (version {}); start the server once",
            database.path(), *version));
    }
    return {};
}

Result<void> check_length(Database& database) {
    const auto pages = database.number("PRAGMA page_count");
    if (!pages) return std::unexpected(pages.error());
    const auto page_bytes = database.number("PRAGMA page_size");
    if (!page_bytes) return std::unexpected(page_bytes.error());
    // While there is a write-ahead log the file may be behind it.
    std::error_code none;
    const auto bytes = std::filesystem::file_size(database.path(), none);
    if (none || static_cast<std::int64_t>(bytes) >= *pages * *page_bytes) return {};
    const auto log_bytes = std::filesystem::file_size(database.path() + "-wal", none);
    if (!none && log_bytes > 0) return {};
    return database.failure(SQLITE_CORRUPT);
}

Result<void> quick_check(Database& database) {
    if (const auto whole = check_length(database); !whole) return whole;
    const auto pages = database.number("PRAGMA page_count");
    if (!pages) return std::unexpected(pages.error());
    const auto page_bytes = database.number("PRAGMA page_size");
    if (!page_bytes) return std::unexpected(page_bytes.error());
    Clock::time_point deadline = Clock::now() + check_time_max;
    sqlite3_progress_handler(database.handle(), operations_between_looks, is_late, &deadline);
    Result<void> result;
    if (*pages * *page_bytes <= whole_check_bytes_max) {
        result = check_for_damage(database, "PRAGMA quick_check(1)");
    } else {
        for (const char* pragma : {"PRAGMA quick_check(meta)", "PRAGMA quick_check(rooms)",
                                   "PRAGMA quick_check(people)"}) {
            if (result) result = check_for_damage(database, pragma);
        }
    }
    sqlite3_progress_handler(database.handle(), 0, nullptr, nullptr);
    return result;
}

Result<void> prepare_database(Database& database, std::uint64_t new_log_epoch) {
    // Looked at before it is written to for the first time.
    const auto state = examine_database(database);
    if (!state) return std::unexpected(state.error());
    if (*state == DatabaseState::ours) {
        if (const auto sound = quick_check(database); !sound) return sound;
    }
    if (const auto done = prepare_schema(database); !done) return done;
    return prepare_meta(database, new_log_epoch);
}

}  // namespace chat::server
