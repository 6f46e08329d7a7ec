// SPDX-License-Identifier: MIT
#include "chat-server/store/readable_entries.h"

#include <algorithm>
#include <vector>

#include "chat-server/store/entry_id.h"
#include "chat-server/store/entry_json.h"

namespace chat::server {
namespace {

// By pages and not in one go: whoever takes the entries may be slow, and a reader holds up the
// server's write-ahead log.
constexpr std::size_t entries_per_read = 1000;
constexpr std::size_t bytes_per_read = 1024 * 1024;

}  // namespace

Seq end_of_room(const RoomRow& room, EntriesTable& entries, RoomsTable& rooms) {
    const auto newest = entries.newest(room.room.id);
    if (newest) return *newest ? (*newest)->seq + 1 : room.first_kept;
    Seq end = std::max(room.indexed, room.first_kept);
    if (const auto seats = rooms.seats()) {
        for (const SeatChange& seat : *seats) {
            if (seat.room == room.room.id) end = std::max(end, seat.next);
        }
    }
    return std::min(end, seq_end - 1);
}

bool visit_readable_entries(EntriesTable& entries, RoomId room, Seq from, Seq end,
                            const EntryVisitor& visitor) {
    Seq told = from;     // everything before it was
    Seq one_by_one = 0;  // up to there, because a page of them could not be read
    const auto lose_until = [&](Seq seq) { return told == seq || visitor.missing(told, seq - 1); };
    for (Seq next = from; next < end;) {
        const bool single = next < one_by_one;
        const auto page = single ? entries.read(room, next, next + 1, 1, 0)
                                 : entries.read(room, next, end, entries_per_read, bytes_per_read);
        if (!page && !single) {
            one_by_one = std::min<Seq>(next + entries_per_read, end);
            continue;
        }
        if (!page || page->empty()) {
            next = single ? next + 1 : end;
            continue;
        }
        for (const StoredEntry& stored : *page) {
            // What a damaged page says of itself need not be so.
            if (stored.seq < next || stored.seq >= end) continue;
            next = stored.seq + 1;
            if (!is_exportable(stored.entry)) continue;
            if (!lose_until(stored.seq) || !visitor.entry(stored)) return false;
            told = next;
        }
    }
    return lose_until(end);
}

}  // namespace chat::server
