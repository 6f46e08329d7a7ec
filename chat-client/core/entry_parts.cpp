// SPDX-License-Identifier: MIT
#include "chat-client/core/entry_parts.h"

#include <algorithm>

namespace chat::client {

EntryParts::Added EntryParts::add(const frame::EventPart& part) {
    Added added;
    const Id id{part.room, part.seq};
    auto entry = std::ranges::find(entries_, id, &Entry::id);
    if (entry == entries_.end()) {
        if (entries_.size() == entries_max) {
            const auto oldest = std::ranges::min_element(entries_, {}, &Entry::touched);
            added.given_up = oldest->id;
            entries_.erase(oldest);
        }
        entry = entries_.insert(entries_.end(), Entry{});
        entry->id = id;
    }
    entry->touched = ++added_;
    entry->parts.add(part.part, part.parts, part.bytes);
    added.have = entry->parts.have();
    if (entry->parts.complete()) added.complete = entry->parts.bytes();
    return added;
}

void EntryParts::forget(const Id& id) {
    std::erase_if(entries_, [&id](const Entry& entry) { return entry.id == id; });
}

}  // namespace chat::client
