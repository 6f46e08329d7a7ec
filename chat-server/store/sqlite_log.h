// SPDX-License-Identifier: MIT
// The log in a SQLite database: what a commit() has returned survives any death of the process
// (Durability::process), and of the machine too (Durability::power). One connection, one thread;
// other processes may read the file meanwhile (chat-server export, check, backup), none may write.
// Everything is opened in open(): afterwards no file is opened but by its descriptor.
//
// After an error nothing of that call is stored, and the next call works as soon as the cause is
// gone (a disk that is full, a file system that fails). What is kept in memory grows with rooms,
// not with history. Tables: schema.cpp. Search: search_index.h. Forgetting: retention.h.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "chat-server/core/log.h"
#include "chat-server/store/retention.h"

namespace chat::server {

enum class Durability : std::uint8_t { process, power };

struct SqliteLogConfig {
    Durability durability = Durability::process;
    std::uint64_t new_log_epoch = 0;  // random, not 0; used if the database does not exist yet
    Retention retention;
    // In pages of 4 KiB. From the first size on tend() carries the write-ahead log over into the
    // database, from the second on commit() does. Beyond the third, which is only reached while
    // another process reads without an end, nothing is stored any more: 1 GiB.
    int wal_pages_tended = 1024;
    int wal_pages_long = 8192;
    int wal_pages_max = 262'144;
};

class SqliteLog final : public Log {
  public:
    // Makes the database if the file is missing or empty. An error says what is wrong with the
    // file and what the operator can do; the file is then as it was.
    static std::expected<std::unique_ptr<SqliteLog>, std::string> open(
        const std::string& path, const SqliteLogConfig& config);
    ~SqliteLog() override;

    std::expected<Stored, std::string> load(WallTime now) override;
    std::expected<std::vector<Seq>, std::string> commit(const Changes& changes) override;
    std::expected<Page, std::string> read(const ReadRequest& request) override;
    std::expected<std::optional<SearchAnswer>, std::string> search(
        const SearchRequest& request) override;
    std::expected<bool, std::string> tend(WallTime now) override;
    std::vector<Trimmed> take_trimmed() override;

  private:
    struct State;
    explicit SqliteLog(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace chat::server
