// SPDX-License-Identifier: MIT
// Reads what a server needs to know when it starts. The cost is one short look per room, and does
// not grow with the number of entries: no statement here walks through them.
#pragma once

#include "chat-server/core/log.h"
#include "chat-server/store/room_states.h"
#include "chat-server/store/tables.h"

namespace chat::server {

Result<Stored> load_state(Database& database, Tables& tables, WallTime now, RoomStates& states);

}  // namespace chat::server
