// SPDX-License-Identifier: MIT
#include "chat-server/store/sqlite.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace chat::server {
namespace {

// Others only read, so nobody holds the lock for long; the loop must not stand still.
constexpr int busy_ms_max = 50;

int flags_of(Database::Access access) {
    // SQLITE_OPEN_NOFOLLOW is not for us: the operator may keep his data behind a link.
    const int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    switch (access) {
        case Database::Access::read:
            return common | SQLITE_OPEN_READONLY;
        case Database::Access::write:
            return common | SQLITE_OPEN_READWRITE;
        case Database::Access::create:
            break;
    }
    return common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
}

// SQLite would give it to everybody to read. Its other files get the same mode as this one.
void make_private_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) ::close(fd);
}

}  // namespace

std::unexpected<std::string> write_failure(const std::string& path) {
    return std::unexpected(fmt::format("{}: cannot be written ({})", path, std::strerror(errno)));
}

Result<Database> Database::open(const std::string& path, Access access) {
    // What a statement may have to take back is kept in memory, so that no file is opened later.
    // One thread needs no locks, and nobody reads the statistics. Only the first calls count, and
    // only before anything else; then it is set already.
    sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (access == Access::create) make_private_file(path);
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags_of(access), nullptr);
    Database database(handle, path);
    if (code != SQLITE_OK) return database.failure(code);
    sqlite3_busy_timeout(handle, busy_ms_max);
    // The file may come from anywhere: a backup, another machine.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    return database;
}

Result<void> Database::run(const std::string& sql) {
    const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failure();
    return {};
}

Result<Prepared> Database::compile(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return failure();
    return Prepared(statement);
}

Result<void> Database::run(Prepared& statement, std::string_view sql) {
    if (statement == nullptr) {
        auto compiled = compile(sql);
        if (!compiled) return std::unexpected(compiled.error());
        statement = std::move(*compiled);
    }
    Result<void> done;
    const int code = sqlite3_step(statement.get());
    if (code != SQLITE_DONE) done = failure(code);
    sqlite3_reset(statement.get());
    return done;
}

Result<void> Database::begin(bool immediate) {
    return immediate ? run(begin_immediate_, "BEGIN IMMEDIATE") : run(begin_, "BEGIN");
}

Result<void> Database::commit() {
    return run(commit_, "COMMIT");
}

Result<Statement> Database::prepare(std::string_view sql) {
    auto compiled = compile(sql);
    if (!compiled) return std::unexpected(compiled.error());
    return Statement(std::move(*compiled), this);
}

Result<void> Database::prepare(std::initializer_list<Text> texts) {
    for (const auto& [statement, sql] : texts) {
        auto prepared = prepare(sql);
        if (!prepared) return std::unexpected(prepared.error());
        statement = std::move(*prepared);
    }
    return {};
}

Result<std::int64_t> Database::number(std::string_view sql) {
    auto statement = prepare(sql);
    if (!statement) return std::unexpected(statement.error());
    auto rows = statement->start();
    const auto row = rows.next();
    if (!row) return std::unexpected(row.error());
    return *row ? rows.signed_number(0) : 0;
}

void Database::roll_back() {
    // After some errors SQLite has done it by itself.
    if (in_transaction()) sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

std::string Database::sentence(int code) const {
    const int cause = sqlite3_system_errno(handle_.get());
    const char* const system = cause != 0 ? std::strerror(cause) : "no reason given";
    switch (code & 0xff) {
        case SQLITE_FULL:
            return fmt::format("{}: the disk is full", path_);
        case SQLITE_IOERR:
            return fmt::format("{}: the disk cannot be read or written ({})", path_, system);
        case SQLITE_CANTOPEN:
            return fmt::format("{}: cannot be opened ({})", path_, system);
        case SQLITE_PERM:
        case SQLITE_READONLY:
            return fmt::format(
                "{}: cannot be written; look at its owner and mode, and its folder's", path_);
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return fmt::format("{}: another program is writing to it", path_);
        case SQLITE_CORRUPT:
            return fmt::format(
                "{}: the file is damaged. `chat-server check` says what of it, and what to do. Put "
                "a backup in its place, or move it away: then a new log begins, and people are "
                "told so",
                path_);
        case SQLITE_NOTADB:
            return fmt::format(
                "{}: this is no database, or its beginning is damaged. Put a backup in its place, "
                "or move it away: then a new log begins, and people are told so",
                path_);
        case SQLITE_NOMEM:
            return fmt::format("{}: there is not enough memory", path_);
        default:
            return fmt::format("{}: {}", path_, sqlite3_errmsg(handle_.get()));
    }
}

Result<bool> Rows::next() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return database_->failure(code);
}

std::string_view Rows::text(int column) const {
    const auto* const text = sqlite3_column_text(statement_, column);
    if (text == nullptr) return {};
    return {reinterpret_cast<const char*>(text),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::span<const std::byte> Rows::blob(int column) const {
    const void* const blob = sqlite3_column_blob(statement_, column);
    return {static_cast<const std::byte*>(blob),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

// Binding fails only for want of memory or for a wrong position; the step then says so.
void Statement::bind(int position, std::int64_t number, sqlite3_destructor_type) {
    sqlite3_bind_int64(statement_.get(), position, number);
}

void Statement::bind(int position, std::nullopt_t, sqlite3_destructor_type) {
    sqlite3_bind_null(statement_.get(), position);
}

void Statement::bind(int position, std::string_view text, sqlite3_destructor_type lifetime) {
    // A null pointer would be stored as NULL.
    sqlite3_bind_text(statement_.get(), position, text.empty() ? "" : text.data(),
                      static_cast<int>(text.size()), lifetime);
}

void Statement::bind(int position, std::span<const std::byte> blob,
                     sqlite3_destructor_type lifetime) {
    if (blob.empty()) {
        sqlite3_bind_zeroblob(statement_.get(), position, 0);
    } else {
        sqlite3_bind_blob(statement_.get(), position, blob.data(), static_cast<int>(blob.size()),
                          lifetime);
    }
}

Result<void> Statement::finish() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_DONE || code == SQLITE_ROW) {
        sqlite3_reset(statement_.get());
        return {};
    }
    auto failure = database_->failure(code);
    sqlite3_reset(statement_.get());
    return failure;
}

Result<Transaction> Transaction::begin(Database& database, bool immediate) {
    database.roll_back();  // of an earlier failure whose end failed too
    const auto begun = database.begin(immediate);
    if (!begun) return std::unexpected(begun.error());
    return Transaction(database);
}

Result<void> Transaction::commit() {
    const auto done = database_->commit();
    if (!done) return done;  // and it is taken back when this dies
    database_ = nullptr;
    return {};
}

}  // namespace chat::server
