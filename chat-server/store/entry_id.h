// SPDX-License-Identifier: MIT
// The place of an entry as one number, ascending within a room and from room to room.
#pragma once

#include <cassert>
#include <cstdint>

#include "chat-server/core/entry.h"

namespace chat::server {

using EntryId = std::int64_t;

inline constexpr int seq_bits = 36;
inline constexpr Seq seq_end = Seq{1} << seq_bits;
inline constexpr RoomId room_end = RoomId{1} << 27;

constexpr EntryId entry_id(RoomId room, Seq seq) {
    assert(room < room_end && seq < seq_end);
    return static_cast<EntryId>(std::uint64_t{room} << seq_bits | seq);
}
constexpr RoomId room_of(EntryId id) {
    return static_cast<RoomId>(static_cast<std::uint64_t>(id) >> seq_bits);
}
constexpr Seq seq_of(EntryId id) {
    return static_cast<std::uint64_t>(id) & (seq_end - 1);
}

// The last place of a room.
constexpr EntryId last_entry_id(RoomId room) {
    return entry_id(room, seq_end - 1);
}

}  // namespace chat::server
