// SPDX-License-Identifier: MIT
// What happens in a room, as its log keeps it. The log's number alone decides the order; the
// time is for reading.
#pragma once

#include <cstdint>
#include <string>

#include "proto/session/keys.h"
#include "proto/wire/time.h"

namespace chat::server {

// The place of an entry in its room's log. The first is 1.
using Seq = std::uint64_t;
using RoomId = std::uint32_t;
// One log-in of one person. Never used twice while the server runs; 0 is the administrator.
using MemberId = std::uint64_t;

enum class EntryKind : std::uint8_t { message, join, leave, announcement };

// Whose program sent it, and as which of its messages: from this a log that outlives the server
// gives back who owns which name and what has been stored already. All zero for a classic author
// and for the administrator.
struct Origin {
    PublicKey key;
    std::uint64_t client_epoch = 0;
    std::uint64_t msg_id = 0;  // of a message, else 0
    bool verified = false;     // the author proved that he has the key
};

struct Entry {
    EntryKind kind = EntryKind::message;
    MemberId author = 0;
    WallTime time;
    std::string name;  // the author's; empty for an announcement
    // Clean (proto/wire/text.h), but that a message of the secure protocol keeps its line feeds;
    // empty for join and leave.
    std::string text;
    Origin origin = {};
};

struct StoredEntry {
    Seq seq = 0;
    Entry entry;
};

}  // namespace chat::server
