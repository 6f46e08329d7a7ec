// SPDX-License-Identifier: MIT
// What happens in a room, as its log keeps it. The log's number alone decides the order; the
// time is for reading.
#pragma once

#include <cstdint>
#include <string>

#include "proto/session/keys.h"
#include "proto/wire/time.h"

namespace chat::server {

// The place of an entry in its room's log. The first is 1, the last below 2^36.
using Seq = std::uint64_t;
// Given by the server in the order in which rooms are made, from 1 (the lobby), below 2^27.
using RoomId = std::uint32_t;
// A name that a key owns, in the order in which they were first used, from 1; 0: nobody (the
// administrator, and whoever came by the classic protocol).
using PersonId = std::uint32_t;
// One visit of one person. Never used twice while the server runs; 0 is the administrator, and
// whoever wrote an entry that was read back from the log.
using MemberId = std::uint64_t;

enum class EntryKind : std::uint8_t {
    message = 1,
    join = 2,
    leave = 3,
    announcement = 4,
    topic = 5,   // of the room; empty: none any more
    pinned = 6,  // an announcement that stays in sight; empty: none any more
};

// Whose program sent it, and as which of its messages: what makes a message count once however
// often it is sent. All zero for a classic author and for the administrator.
struct Origin {
    PersonId person = 0;
    PublicKey key;
    std::uint64_t client_epoch = 0;
    std::uint64_t msg_id = 0;  // of a message or topic, else 0
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
