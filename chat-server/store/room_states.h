// SPDX-License-Identifier: MIT
// What is kept in memory of each room of a database: a few numbers, so that an append needs no
// look into it. Changed only after the transaction that changed the tables was committed.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "chat-server/core/log.h"

namespace chat::server {

struct RoomState {
    Seq first_kept = 1;
    Seq head = 1;     // the number the next entry gets
    Seq indexed = 1;  // as RoomRow::indexed; at least first_kept, at most head
    std::uint64_t bytes = 0;
};

class RoomStates {
  public:
    const std::map<RoomId, RoomState>& all() const { return rooms_; }
    // A room that was never made is one without entries.
    RoomState get(RoomId id) const {
        const auto found = rooms_.find(id);
        return found == rooms_.end() ? RoomState{} : found->second;
    }
    void set(RoomId id, const RoomState& room) {
        RoomState& old = rooms_[id];
        lag_ -= old.head - old.indexed;
        lag_ += room.head - room.indexed;
        old = room;
        note_lag(id, room);
    }

    // Rooms with entries that are not indexed, and how many such entries there are.
    const std::set<RoomId>& lagging() const { return lagging_; }
    std::uint64_t lag() const { return lag_; }

  private:
    void note_lag(RoomId id, const RoomState& room) {
        if (room.indexed < room.head) {
            lagging_.insert(id);
        } else {
            lagging_.erase(id);
        }
    }

    std::map<RoomId, RoomState> rooms_;
    std::set<RoomId> lagging_;
    std::uint64_t lag_ = 0;
};

}  // namespace chat::server
