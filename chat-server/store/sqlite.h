// SPDX-License-Identifier: MIT
// A thin layer over SQLite's C interface: what is open is closed, what is begun ends, and errors
// are sentences for the operator that name the file, the cause and what to do. No knowledge of our
// tables. Texts and blobs that a row hands out live until the next step. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <sqlite3.h>
#include <string>
#include <string_view>
#include <utility>

namespace chat::server {

template <typename T>
using Result = std::expected<T, std::string>;

// Whole numbers of 64 bits are stored by their bits: SQLite knows only signed ones.
constexpr std::int64_t as_stored(std::uint64_t number) {
    return static_cast<std::int64_t>(number);
}

// A file beside a database could not be made or renamed, for the reason in errno.
std::unexpected<std::string> write_failure(const std::string& path);

// A statement, compiled. It finds its database by itself, wherever that is moved.
struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Prepared = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

class Statement;

class Database {
  public:
    enum class Access { read, write, create };

    static Result<Database> open(const std::string& path, Access access);

    const std::string& path() const { return path_; }
    sqlite3* handle() const { return handle_.get(); }

    // One or several statements without results.
    Result<void> run(const std::string& sql);
    Result<Statement> prepare(std::string_view sql);
    struct Text {
        Statement& statement;
        const char* sql;
    };
    Result<void> prepare(std::initializer_list<Text> texts);
    // The single number that a pragma or query answers.
    Result<std::int64_t> number(std::string_view sql);

    // Transaction's. Each is prepared when it is first run.
    Result<void> begin(bool immediate);
    Result<void> commit();
    // Outside of a transaction; what one left behind is taken back first.
    bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
    void roll_back();

    // What `code` means for this file, as a sentence.
    std::string sentence(int code) const;
    std::unexpected<std::string> failure(int code) const {
        last_failure_ = code;
        return std::unexpected(sentence(code));
    }
    std::unexpected<std::string> failure() const { return failure(last_code()); }
    int last_code() const { return sqlite3_extended_errcode(handle_.get()); }
    // Of the last call here that failed, however long ago.
    int last_failure() const { return last_failure_; }
    bool last_failure_is_damage() const { return (last_failure_ & 0xff) == SQLITE_CORRUPT; }

  private:
    struct Close {
        void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
    };

    Database(sqlite3* handle, const std::string& path) : handle_(handle), path_(path) {}
    Result<Prepared> compile(std::string_view sql);
    Result<void> run(Prepared& statement, std::string_view sql);

    std::unique_ptr<sqlite3, Close> handle_;
    // No Statement: that one must not outlive a move of the database.
    Prepared begin_;
    Prepared begin_immediate_;
    Prepared commit_;
    std::string path_;
    mutable int last_failure_ = SQLITE_OK;
};

// One run of a statement; when it dies the statement is as new, and holds no lock.
class Rows {
  public:
    Rows(Rows&& other) noexcept : statement_(other.statement_), database_(other.database_) {
        other.statement_ = nullptr;
    }
    Rows& operator=(Rows&&) = delete;
    ~Rows() {
        if (statement_ != nullptr) sqlite3_reset(statement_);
    }

    // False: there are no more.
    Result<bool> next();

    bool is_null(int column) const {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }
    std::int64_t signed_number(int column) const {
        return sqlite3_column_int64(statement_, column);
    }
    std::uint64_t number(int column) const {
        return static_cast<std::uint64_t>(signed_number(column));
    }
    std::string_view text(int column) const;
    std::span<const std::byte> blob(int column) const;

  private:
    friend class Statement;
    Rows(sqlite3_stmt* statement, const Database* database)
        : statement_(statement), database_(database) {}

    sqlite3_stmt* statement_;
    const Database* database_;
};

// Prepared once, run often. The database must stay where it is and outlive it.
class Statement {
  public:
    Statement() = default;

    // Binds the values in order and begins; they are copied.
    template <typename... Values>
    Rows start(const Values&... values) {
        int position = 0;
        (bind(++position, values, SQLITE_TRANSIENT), ...);
        return {statement_.get(), database_};
    }
    // Binds and runs to the end.
    template <typename... Values>
    Result<void> run(const Values&... values) {
        int position = 0;
        (bind(++position, values, SQLITE_STATIC), ...);
        return finish();
    }
    // For many values, row by row: binds these from `position` on and returns the next position.
    // They must live until run_bound().
    template <typename... Values>
    int bind_from(int position, const Values&... values) {
        (bind(position++, values, SQLITE_STATIC), ...);
        return position;
    }
    Result<void> run_bound() { return finish(); }

  private:
    friend class Database;
    Statement(Prepared statement, const Database* database)
        : statement_(std::move(statement)), database_(database) {}

    void bind(int position, std::int64_t number, sqlite3_destructor_type);
    void bind(int position, std::uint64_t number, sqlite3_destructor_type lifetime) {
        bind(position, as_stored(number), lifetime);
    }
    void bind(int position, std::uint32_t number, sqlite3_destructor_type lifetime) {
        bind(position, std::int64_t{number}, lifetime);
    }
    void bind(int position, int number, sqlite3_destructor_type lifetime) {
        bind(position, std::int64_t{number}, lifetime);
    }
    void bind(int position, bool yes, sqlite3_destructor_type lifetime) {
        bind(position, std::int64_t{yes}, lifetime);
    }
    void bind(int position, std::nullopt_t, sqlite3_destructor_type);
    void bind(int position, std::string_view text, sqlite3_destructor_type lifetime);
    void bind(int position, const std::string& text, sqlite3_destructor_type lifetime) {
        bind(position, std::string_view(text), lifetime);
    }
    void bind(int position, std::span<const std::byte> blob, sqlite3_destructor_type lifetime);
    template <typename Value>
    void bind(int position, const std::optional<Value>& value, sqlite3_destructor_type lifetime) {
        if (value) {
            bind(position, *value, lifetime);
        } else {
            bind(position, std::nullopt, lifetime);
        }
    }
    Result<void> finish();

    Prepared statement_;
    const Database* database_ = nullptr;
};

// All or nothing: what is not committed when it dies is taken back.
class Transaction {
  public:
    // `immediate`: to write; else to read, and see one state of the database throughout.
    static Result<Transaction> begin(Database& database, bool immediate = true);
    Transaction(Transaction&& other) noexcept : database_(other.database_) {
        other.database_ = nullptr;
    }
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction() {
        if (database_ != nullptr) database_->roll_back();
    }

    Result<void> commit();

  private:
    explicit Transaction(Database& database) : database_(&database) {}

    Database* database_;
};

}  // namespace chat::server
