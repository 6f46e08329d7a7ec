// SPDX-License-Identifier: MIT
// Brings the search index up to date, a slice at a time: storing a message must not wait for it.
// What a room's limit of size counts is counted here too, because each entry passes here once.
#pragma once

#include <set>
#include <vector>

#include "chat-server/store/room_states.h"
#include "chat-server/store/tables.h"

namespace chat::server {

// A slice: some milliseconds.
inline constexpr std::size_t slice_entries_max = 512;
inline constexpr std::size_t slice_bytes_max = 128 * 1024;

// Indexes one slice of the entries of these rooms, in this order, and returns those it worked on.
Result<std::vector<RoomId>> index_slice(Database& database, Tables& tables, RoomStates& states,
                                        const std::set<RoomId>& rooms);

}  // namespace chat::server
