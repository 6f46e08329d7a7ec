// SPDX-License-Identifier: MIT
// A room's entries where the file may be damaged: all that can be read, in order, and the numbers
// of those that cannot. Costs one look for each number that is lost. An entry that no client could
// have said (no known kind, a text that is not clean) counts as lost: the damage is in its text.
#pragma once

#include <functional>

#include "chat-server/store/entries_table.h"
#include "chat-server/store/rooms_table.h"

namespace chat::server {

struct EntryVisitor {
    // False ends the reading.
    std::function<bool(const StoredEntry&)> entry;
    std::function<bool(Seq from, Seq to)> missing;  // `to` included
};

// Behind the newest entry; where that cannot be read, as far as it is known otherwise.
Seq end_of_room(const RoomRow& room, EntriesTable& entries, RoomsTable& rooms);

// From `from` to before `end`. False: the visitor has ended it.
bool visit_readable_entries(EntriesTable& entries, RoomId room, Seq from, Seq end,
                            const EntryVisitor& visitor);

}  // namespace chat::server
