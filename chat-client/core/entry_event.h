// SPDX-License-Identifier: MIT
// An entry of a room's log as it is kept until its turn, and how it is told: one event per entry,
// with the room's name and whether it is one's own. Knows nothing of turns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "chat-client/core/event.h"
#include "proto/wire/frame.h"
#include "proto/wire/time.h"

namespace chat::client {

struct StoredEntry {
    frame::EntryKind kind = frame::EntryKind::message;
    std::uint8_t flags = 0;
    WallTime time;
    std::string name;
    std::string text;

    StoredEntry() = default;
    explicit StoredEntry(const frame::Entry& entry);
    std::size_t bytes() const { return sizeof(StoredEntry) + name.size() + text.size(); }
};

class EntryTeller {
  public:
    explicit EntryTeller(std::string room) : room_(std::move(room)) {}

    // Whose messages are `own`.
    void set_own_name(std::string_view name);
    const std::string& room() const { return room_; }
    Event tell(std::uint64_t seq, StoredEntry entry, bool history) const;

  private:
    std::string room_;
    std::string own_key_;  // folded name
};

}  // namespace chat::client
