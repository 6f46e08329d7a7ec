// SPDX-License-Identifier: MIT
#include "chat-server/store/write_ahead_log.h"

#include <fmt/format.h>

namespace chat::server {
namespace {

// A file that has been long is cut to this when it begins anew.
constexpr int file_bytes_kept = 64 * 1024 * 1024;

}  // namespace

WriteAheadLog::WriteAheadLog(Database& database, const Limits& limits)
    : database_(database), limits_(limits) {
    sqlite3_wal_hook(database_.handle(), on_commit, this);  // in the place of SQLite's own
    (void)database_.run(fmt::format("PRAGMA journal_size_limit = {}", file_bytes_kept));
}

int WriteAheadLog::on_commit(void* self, sqlite3*, const char*, int pages) {
    auto& log = *static_cast<WriteAheadLog*>(self);
    if (pages < log.pages_) log.tried_at_ = 0;  // it has begun anew
    log.pages_ = pages;
    return SQLITE_OK;
}

Result<void> WriteAheadLog::carry_over(int mode) {
    int pages = 0;
    int carried = 0;
    tried_at_ = pages_;
    const int code = sqlite3_wal_checkpoint_v2(database_.handle(), nullptr, mode, &pages, &carried);
    if (code == SQLITE_OK && pages == carried) pages_ = tried_at_ = 0;
    // Busy: somebody reads what would be overwritten.
    if (code != SQLITE_OK && code != SQLITE_BUSY) return database_.failure(code);
    return {};
}

Result<void> WriteAheadLog::before_commit() {
    int moved = 0;
    sqlite3_file_control(database_.handle(), nullptr, SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved != 0) {
        return std::unexpected(fmt::format(
            "{}: the file was moved or deleted while the server runs. Put it back, or start the "
            "server again",
            database_.path()));
    }
    if (pages_ < limits_.longest) return {};
    if (const auto done = carry_over(SQLITE_CHECKPOINT_RESTART); !done) return done;
    if (pages_ < limits_.longest) return {};
    return std::unexpected(fmt::format(
        "{}: its write-ahead log has become too long, because another program reads the database "
        "without a pause. End that program",
        database_.path()));
}

void WriteAheadLog::after_commit() {
    // What was committed stays so if this fails; tend() will say why.
    if (pages_ >= limits_.longest_wished && pages_ - tried_at_ >= limits_.tended)
        (void)carry_over(SQLITE_CHECKPOINT_PASSIVE);
}

Result<void> WriteAheadLog::tend() {
    if (pages_ < limits_.tended || pages_ - tried_at_ < limits_.tended) return {};
    return carry_over(SQLITE_CHECKPOINT_PASSIVE);
}

}  // namespace chat::server
