// SPDX-License-Identifier: MIT
#include "chat-client/core/entry_event.h"

#include "proto/wire/name.h"

namespace chat::client {

StoredEntry::StoredEntry(const frame::Entry& entry)
    : kind(entry.kind), flags(entry.flags), time(entry.time), name(entry.name), text(entry.text) {}

void EntryTeller::set_own_name(std::string_view name) {
    own_key_ = name_key(name);
}

Event EntryTeller::tell(std::uint64_t seq, StoredEntry entry, bool history) const {
    switch (entry.kind) {
        case frame::EntryKind::message:
            break;
        case frame::EntryKind::join:
            return Joined{room_, seq, std::move(entry.name), entry.time, history};
        case frame::EntryKind::leave:
            return Left{room_, seq, std::move(entry.name), entry.time, history};
        case frame::EntryKind::announcement:
            return Announcement{room_, seq, std::move(entry.text), entry.time, history, false};
        case frame::EntryKind::topic:
            return Topic{room_,      seq,    std::move(entry.name), std::move(entry.text),
                         entry.time, history};
        case frame::EntryKind::pinned:
            return Announcement{room_, seq, std::move(entry.text), entry.time, history, true};
    }
    const bool unverified = (entry.flags & frame::flag_unverified) != 0;
    const bool own = !unverified && name_key(entry.name) == own_key_;
    return Message{
        room_,      seq,    std::move(entry.name), std::move(entry.text), entry.time, own,
        unverified, history};
}

}  // namespace chat::client
