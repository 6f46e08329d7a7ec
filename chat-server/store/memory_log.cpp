// SPDX-License-Identifier: MIT
#include "chat-server/store/memory_log.h"

#include <algorithm>

namespace chat::server {
namespace {

std::size_t bytes_of(const Entry& entry) {
    return entry.name.size() + entry.text.size();
}

}  // namespace

std::vector<Seq> MemoryLog::append(std::span<const Append> appends) {
    std::vector<Seq> seqs;
    seqs.reserve(appends.size());
    for (const auto& append : appends) {
        auto& room = rooms_[append.room];
        room.entries.push_back(append.entry);
        room.bytes += bytes_of(append.entry);
        seqs.push_back(room.first_kept + room.entries.size() - 1);
        // The newest entry stays whatever its size, or nobody could ever be served it.
        while (room.entries.size() > 1 &&
               (room.entries.size() > entries_max_ || room.bytes > bytes_max_)) {
            room.bytes -= bytes_of(room.entries.front());
            room.entries.pop_front();
            ++room.first_kept;
        }
    }
    return seqs;
}

Page MemoryLog::read(const ReadRequest& request) {
    Page page{request.room, 1, {}};
    const auto found = rooms_.find(request.room);
    if (found == rooms_.end()) return page;
    const auto& room = found->second;
    page.first_kept = room.first_kept;
    const Seq from = std::max(request.from, room.first_kept);
    std::size_t bytes = 0;
    for (std::size_t i = static_cast<std::size_t>(from - room.first_kept);
         i < room.entries.size() && page.entries.size() < request.entries_max; ++i) {
        bytes += bytes_of(room.entries[i]);
        if (bytes > request.bytes_max && !page.entries.empty()) break;
        page.entries.push_back({room.first_kept + i, room.entries[i]});
    }
    return page;
}

}  // namespace chat::server
