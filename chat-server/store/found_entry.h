// SPDX-License-Identifier: MIT
// What a search finds, until the hits of several rooms are one list.
#pragma once

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <vector>

#include "chat-server/core/log.h"

namespace chat::server {

struct FoundEntry {
    WallTime time;
    Hit hit;
};

// The newest first. In one room they come so already: there the number decides, whatever the clock
// said.
inline void merge_by_time(std::size_t rooms, std::vector<FoundEntry>& found) {
    if (rooms < 2) return;
    std::ranges::sort(found, std::ranges::greater{}, [](const FoundEntry& one) {
        return std::tuple(one.time, one.hit.room, one.hit.seq);
    });
}

}  // namespace chat::server
