// SPDX-License-Identifier: MIT
// A log that keeps the newest entries of each room in memory and forgets the oldest beyond a
// limit. It survives nothing; numbers begin at 1 with each start.
#pragma once

#include <deque>
#include <unordered_map>

#include "chat-server/core/limits.h"
#include "chat-server/core/log.h"

namespace chat::server {

class MemoryLog final : public Log {
  public:
    explicit MemoryLog(std::size_t entries_max = memory_log_entries_max,
                       std::size_t bytes_max = memory_log_bytes_max)
        : entries_max_(entries_max), bytes_max_(bytes_max) {}

    std::vector<Seq> append(std::span<const Append> appends) override;
    Page read(const ReadRequest& request) override;

  private:
    struct RoomLog {
        Seq first_kept = 1;
        std::deque<Entry> entries;
        std::size_t bytes = 0;
    };

    std::size_t entries_max_;
    std::size_t bytes_max_;
    std::unordered_map<RoomId, RoomLog> rooms_;
};

}  // namespace chat::server
