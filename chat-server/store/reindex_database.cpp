// SPDX-License-Identifier: MIT
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>

#include "chat-server/store/schema.h"
#include "chat-server/store/store_tools.h"

namespace chat::server {
namespace {

void remove_database(const std::string& path) {
    for (const char* end : {"", "-wal", "-shm", "-journal"})
        ::unlink((path + end).c_str());
}

bool has_write_ahead_log(const std::string& path) {
    std::error_code none;
    const auto bytes = std::filesystem::file_size(path + "-wal", none);
    return !none && bytes > 0;
}

// A damaged tree cannot be dropped, so the others go to a new file.
Result<void> copy_tables(Database& fresh) {
    auto transaction = Transaction::begin(fresh);
    if (!transaction) return std::unexpected(transaction.error());
    for (const char* table : {"people", "rooms", "entries", "seats", "epochs"}) {
        const auto copied = fresh.run(
            fmt::format("DELETE FROM main.{0}; INSERT INTO main.{0} SELECT * FROM old.{0}", table));
        if (!copied) return copied;
    }
    const auto done = fresh.run(
        "UPDATE main.rooms SET indexed = first_kept, bytes = 0;"
        "INSERT OR REPLACE INTO main.meta SELECT * FROM old.meta WHERE key != 'search_text'");
    if (!done) return done;
    return transaction->commit();
}

Result<void> make_copy(const std::string& path, const std::string& fresh_path) {
    auto fresh = Database::open(fresh_path, Database::Access::create);
    if (!fresh) return std::unexpected(fresh.error());
    if (const auto done = fresh->run("PRAGMA synchronous = FULL"); !done) return done;
    // The log's epoch is the old one's.
    if (const auto done = prepare_database(*fresh, 1); !done) return done;
    {
        auto attach = fresh->prepare("ATTACH ?1 AS old");
        if (!attach) return std::unexpected(attach.error());
        if (const auto done = attach->run(path); !done) return done;
    }
    if (!copy_tables(*fresh)) {
        const bool damaged = fresh->last_failure_is_damage();
        return damaged ? std::unexpected(fmt::format(
                             "{}: more than the search index is damaged; `chat-server check` says "
                             "what, and what to do",
                             path))
                       : std::unexpected(fresh->sentence(fresh->last_failure()));
    }
    return fresh->run("PRAGMA main.wal_checkpoint(TRUNCATE)");
}

}  // namespace

Result<void> reindex_database(const std::string& path) {
    {
        auto database = Database::open(path, Database::Access::write);
        if (!database) return std::unexpected(database.error());
        if (const auto done = require_schema(*database); !done) return done;
        if (const auto done = database->run("PRAGMA wal_checkpoint(TRUNCATE)"); !done) return done;
    }
    const std::string fresh = path + ".new";
    const std::string kept = path + ".damaged";
    remove_database(fresh);  // what was broken off
    const auto copied = make_copy(path, fresh);
    if (copied && !has_write_ahead_log(fresh) && !has_write_ahead_log(path)) {
        ::unlink(kept.c_str());
        if (::link(path.c_str(), kept.c_str()) != 0) return write_failure(kept);
        if (::rename(fresh.c_str(), path.c_str()) != 0) return write_failure(path);
        return {};
    }
    remove_database(fresh);
    if (!copied) return copied;
    return std::unexpected(fmt::format("{}: another program uses this database", path));
}

}  // namespace chat::server
