// SPDX-License-Identifier: MIT
#include "chat-server/store/indexing.h"

#include <algorithm>
#include <utility>

#include "chat-server/store/entry_bytes.h"

namespace chat::server {

Result<std::vector<RoomId>> index_slice(Database& database, Tables& tables, RoomStates& states,
                                        const std::set<RoomId>& rooms) {
    tables.search.taken_back();  // if the last one failed
    std::vector<std::pair<RoomId, RoomState>> done;
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    std::size_t entries_left = slice_entries_max;
    std::size_t bytes_left = slice_bytes_max;
    for (const RoomId id : rooms) {
        if (entries_left == 0 || bytes_left == 0) break;
        RoomState state = states.get(id);
        const auto entries =
            tables.entries.read(id, state.indexed, state.head, entries_left, bytes_left);
        if (!entries) return std::unexpected(entries.error());
        // A hole is for `check` to find; here it must not hold up the rest for good.
        state.indexed = entries->empty() ? state.head : entries->back().seq + 1;
        for (const auto& [seq, entry] : *entries) {
            const auto inserted = tables.search.insert(id, seq, entry);
            if (!inserted) return std::unexpected(inserted.error());
            const std::size_t bytes = bytes_of(entry);
            state.bytes += bytes;
            --entries_left;
            bytes_left -= std::min(bytes_left, bytes);
        }
        const auto noted = tables.rooms.set_indexed(id, state.indexed, state.bytes);
        if (!noted) return std::unexpected(noted.error());
        done.emplace_back(id, state);
    }
    if (const auto ended = tables.search.end_slice(); !ended) return std::unexpected(ended.error());
    if (const auto committed = transaction->commit(); !committed)
        return std::unexpected(committed.error());
    tables.search.committed();
    std::vector<RoomId> worked_on;
    for (const auto& [id, state] : done) {
        states.set(id, state);
        worked_on.push_back(id);
    }
    return worked_on;
}

}  // namespace chat::server
