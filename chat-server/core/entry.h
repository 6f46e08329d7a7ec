// SPDX-License-Identifier: MIT
// What happens in a room, as its log keeps it. The log's number alone decides the order; the
// time is for reading.
#pragma once

#include <cstdint>
#include <string>

#include "proto/wire/time.h"

namespace chat::server {

// The place of an entry in its room's log. The first is 1.
using Seq = std::uint64_t;
using RoomId = std::uint32_t;
// One log-in of one person. Never used twice while the server runs; 0 is the administrator.
using MemberId = std::uint64_t;

enum class EntryKind : std::uint8_t { message, join, leave, announcement };

struct Entry {
    EntryKind kind = EntryKind::message;
    MemberId author = 0;
    WallTime time;
    std::string name;  // the author's; empty for an announcement
    std::string text;  // clean (proto/wire/text.h); empty for join and leave
};

struct StoredEntry {
    Seq seq = 0;
    Entry entry;
};

}  // namespace chat::server
