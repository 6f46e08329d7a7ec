// SPDX-License-Identifier: MIT
#include "chat-server/core/wanted_entries.h"

#include <cassert>

#include "chat-server/core/limits.h"

namespace chat::server {
namespace {

// Of two that overlap or touch. What is there of the first entry the later question knows best.
Repair joined(const Repair& earlier, const Repair& later) {
    return {std::min(earlier.from, later.from), std::max(earlier.to, later.to),
            earlier.from < later.from ? earlier.have : later.have};
}

}  // namespace

bool WantedEntries::add(RoomId room, const Repair& wanted) {
    assert(wanted.from < wanted.to);
    auto place = ranges_.end();
    for (auto range = ranges_.begin(); range != ranges_.end();) {
        const bool touches = range->room == room && range->entries.from <= wanted.to &&
                             wanted.from <= range->entries.to;
        if (!touches) {
            ++range;
        } else if (place == ranges_.end()) {
            range->entries = joined(range->entries, wanted);
            place = range++;
        } else {
            place->entries = joined(range->entries, place->entries);
            range = ranges_.erase(range);
        }
    }
    if (place != ranges_.end()) return true;
    if (ranges_.size() >= wanted_ranges_max) return false;
    ranges_.push_back({room, wanted});
    return true;
}

void WantedEntries::forget(RoomId room) {
    std::erase_if(ranges_, [room](const Range& range) { return range.room == room; });
}

void WantedEntries::drop_served() {
    std::erase_if(ranges_,
                  [](const Range& range) { return range.entries.from >= range.entries.to; });
}

}  // namespace chat::server
