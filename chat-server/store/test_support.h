// SPDX-License-Identifier: MIT
// What the tests of this folder share: a folder that vanishes, entries and people in few words, a
// log opened and loaded. For tests only.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "chat-server/store/sqlite_log.h"
#include "chat-server/store/store_tools.h"
#include "tests/support/catch.h"

namespace chat::server::test {

class TempFolder {
  public:
    TempFolder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "store-test-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
    std::string database() const { return *this / "chat.db"; }

  private:
    std::string path_;
};

inline constexpr std::uint64_t some_log_epoch = 0xf00d'f00d'f00d'f00d;
// As good a time as any.
inline constexpr WallTime noon{1'767'268'800'000};

inline NewPerson person(PersonId id) {
    NewPerson made{id, "person" + std::to_string(id), {}};
    made.key.bytes[0] = static_cast<std::byte>(id);
    made.key.bytes[31] = std::byte{0x5a};
    return made;
}

// What somebody by the classic protocol says.
inline Append said(RoomId room, std::string text, WallTime at = noon) {
    return {room, {EntryKind::message, 1, at, "bob", std::move(text), {}}};
}
inline Append said_by(const NewPerson& author, std::uint64_t epoch, std::uint64_t msg_id,
                      std::string text, RoomId room = 1, WallTime at = noon) {
    return {room,
            {EntryKind::message,
             7,
             at,
             author.name,
             std::move(text),
             {author.id, author.key, epoch, msg_id, true}}};
}
inline Append announced(EntryKind kind, std::string text, RoomId room = 1) {
    return {room, {kind, 0, noon, kind == EntryKind::topic ? "bob" : "", std::move(text), {}}};
}

inline SqliteLogConfig config() {
    SqliteLogConfig config;
    config.new_log_epoch = some_log_epoch;
    return config;
}

struct Opened {
    std::unique_ptr<SqliteLog> log;
    Stored stored;
};
inline Opened open(const std::string& path, const SqliteLogConfig& with = config()) {
    auto log = SqliteLog::open(path, with);
    if (!log) FAIL(log.error());
    auto stored = (*log)->load(noon);
    if (!stored) FAIL(stored.error());
    return {std::move(*log), std::move(*stored)};
}

inline std::vector<Seq> commit(Log& log, const Changes& changes) {
    auto seqs = log.commit(changes);
    if (!seqs) FAIL(seqs.error());
    return *seqs;
}
inline std::vector<Seq> commit(Log& log, std::vector<Append> appends) {
    Changes changes;
    changes.appends = std::move(appends);
    return commit(log, changes);
}

inline void tend_all(Log& log, WallTime now = noon) {
    for (;;) {
        const auto more = log.tend(now);
        if (!more) FAIL(more.error());
        if (!*more) return;
    }
}

inline SearchAnswer search(Log& log, const std::string& words,
                           const std::vector<RoomId>& rooms = {1}, Seq before = 0,
                           std::size_t hits_max = 64) {
    for (;;) {
        const auto answer = log.search({9, rooms, before, words, hits_max});
        if (!answer) FAIL(answer.error());
        if (*answer) return **answer;
        const auto more = log.tend(noon);
        if (!more) FAIL(more.error());
    }
}

inline std::vector<std::string> findings(const std::string& database) {
    std::vector<std::string> found;
    const auto report = check_database(
        database, [](std::string_view) {},
        [&found](std::string_view sentence) { found.emplace_back(sentence); });
    if (!report) {
        found.push_back(report.error());
    } else {
        CHECK(report->findings == found.size());
    }
    return found;
}

inline bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace chat::server::test
