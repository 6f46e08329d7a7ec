// SPDX-License-Identifier: MIT
// The older entries that one program has asked for and was not sent yet (docs/PROTOCOL.md,
// section 5, "Older entries"): ranges in its rooms, in the order in which they were asked for.
// Ranges of one room that overlap or touch are one. At most wanted_ranges_max of them, 32 bytes
// each: what finds no place is refused, since what waits is served first, and then the program asks
// again. No memory while nothing waits.
#pragma once

#include <algorithm>
#include <vector>

#include "chat-server/core/entry.h"
#include "chat-server/core/subscription.h"

namespace chat::server {

class WantedEntries {
  public:
    struct Range {
        RoomId room = 0;
        Repair entries;
    };

    // False: there is no place for it. `wanted` is not empty.
    bool add(RoomId room, const Repair& wanted);
    // He is not in it any more.
    void forget(RoomId room);
    // To be called after a range was served to its end.
    void drop_served();
    bool empty() const { return ranges_.empty(); }

    // The first one of a room of which `is_ready` is true; nullptr: there is none.
    template <class IsReady>
    Range* find_first(IsReady is_ready) {
        const auto found = std::ranges::find_if(ranges_, is_ready, &Range::room);
        return found == ranges_.end() ? nullptr : &*found;
    }
    template <class IsReady>
    bool has_ready(IsReady is_ready) const {
        return std::ranges::any_of(ranges_, is_ready, &Range::room);
    }

  private:
    std::vector<Range> ranges_;
};

}  // namespace chat::server
