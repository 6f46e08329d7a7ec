// SPDX-License-Identifier: MIT
// The door between the server's brain and whatever keeps the rooms' logs. The brain never calls
// a log: it offers appends and reads (Server::take_appends, take_reads), the process carries them
// to a Log and brings the answers back, in the same turn or later. So a log on disk, or one
// shared by several servers, fits without a change of the brain.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "chat-server/core/entry.h"

namespace chat::server {

struct Append {
    RoomId room = 0;
    Entry entry;
};

struct ReadRequest {
    RoomId room = 0;
    Seq from = 0;
    std::size_t entries_max = 0;
    std::size_t bytes_max = 0;  // of names and text; one entry is returned even if it has more
};

struct Page {
    RoomId room = 0;
    Seq first_kept = 1;  // older entries of this room are no longer to be had
    // Ascending without a hole, beginning with the larger of `from` and first_kept.
    std::vector<StoredEntry> entries;
};

class Log {
  public:
    virtual ~Log() = default;

    // Stores the appends, all or none, and returns the number of each, in the order given.
    virtual std::vector<Seq> append(std::span<const Append> appends) = 0;
    virtual Page read(const ReadRequest& request) = 0;
};

}  // namespace chat::server
