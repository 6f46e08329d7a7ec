// SPDX-License-Identifier: MIT
// A log that keeps the newest entries of each room in memory and forgets the oldest beyond a limit
// of entries or of bytes (of names and texts). It survives nothing: load() knows the lobby only,
// and people, seats and epochs are nobody's business here, because the brain keeps them itself
// while it runs. Nothing fails.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "chat-server/core/limits.h"
#include "chat-server/core/log.h"
#include "chat-server/store/search_text.h"

namespace chat::server {

class MemoryLog final : public Log {
  public:
    // `log_epoch` is random: numbers begin at 1 with each start.
    explicit MemoryLog(std::uint64_t log_epoch, std::size_t entries_max = memory_log_entries_max,
                       std::size_t bytes_max = memory_log_bytes_max)
        : log_epoch_(log_epoch), entries_max_(entries_max), bytes_max_(bytes_max) {}

    std::expected<Stored, std::string> load(WallTime now) override;
    std::expected<std::vector<Seq>, std::string> commit(const Changes& changes) override;
    std::expected<Page, std::string> read(const ReadRequest& request) override;
    std::expected<std::optional<SearchAnswer>, std::string> search(
        const SearchRequest& request) override;
    std::expected<bool, std::string> tend(WallTime now) override;
    std::vector<Trimmed> take_trimmed() override;

  private:
    struct Kept {
        Entry entry;
        std::string folded;  // search_text of it, made when somebody searches the room
    };
    struct RoomLog {
        Seq first_kept = 1;
        Seq folded_until = 1;  // everything before it has its `folded`
        std::deque<Kept> entries;
        std::size_t bytes = 0;

        Seq head() const { return first_kept + entries.size(); }
    };

    Seq append(RoomLog& room, RoomId id, const Entry& entry);
    void fold_slice();

    std::uint64_t log_epoch_;
    std::size_t entries_max_;
    std::size_t bytes_max_;
    std::map<RoomId, RoomLog> rooms_;
    std::set<RoomId> trimmed_;
    std::set<RoomId> to_fold_;  // somebody waits to search them
};

}  // namespace chat::server
