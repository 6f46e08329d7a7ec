// SPDX-License-Identifier: MIT
// What rooms forget of their own accord: their oldest entries, beyond an age or a size. Never the
// newest one, so a room's numbers go on where they were. Conversations forget as rooms do. A slice
// at a time; the limits are kept to within a minute, and within the few entries that are not
// counted yet (indexing.h).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "chat-server/core/log.h"
#include "chat-server/store/room_states.h"
#include "chat-server/store/tables.h"

namespace chat::server {

struct Retention {
    std::optional<Duration> age_max;
    std::optional<std::uint64_t> bytes_max;  // per room, of names and texts
};

class Trimmer {
  public:
    explicit Trimmer(const Retention& retention) : retention_(retention) {}

    // This room has grown.
    void look_at(RoomId room, const RoomState& state);
    // One slice. True: there is more to do.
    Result<bool> slice(Database& database, Tables& tables, RoomStates& states, WallTime now);
    std::vector<Log::Trimmed> take_trimmed(const RoomStates& states);

  private:
    Result<void> sweep(Tables& tables, const RoomStates& states, WallTime now);
    Result<void> trim(Database& database, Tables& tables, RoomStates& states, RoomId room,
                      WallTime now);
    bool is_too_old(WallTime written, WallTime now) const;
    bool is_too_large(const RoomState& state) const;

    Retention retention_;
    std::set<RoomId> due_;
    std::set<RoomId> trimmed_;
    // All rooms are looked at in turn, once a minute.
    std::optional<WallTime> swept_at_;
    std::optional<RoomId> sweeping_;  // the next one to look at
};

}  // namespace chat::server
