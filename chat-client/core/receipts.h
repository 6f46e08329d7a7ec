// SPDX-License-Identifier: MIT
// How many have seen our last messages in one room (docs/PROTOCOL.md, section 5, "Who has seen
// it"), told only when a figure has changed and never before the message itself was accepted. Knows
// the 32 newest of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "chat-client/core/event.h"
#include "proto/wire/frame.h"

namespace chat::client {

class Receipts {
  public:
    static constexpr std::size_t messages_max = 32;

    void on_seen(const frame::Seen& seen);
    // Tells what is new of the messages before `end`.
    void tell(const std::string& room, std::uint64_t end, std::vector<Event>& events);
    void clear() { figures_.clear(); }

  private:
    struct Figure {
        std::uint32_t seen = 0;
        std::uint32_t of = 0;
        bool told = false;
    };
    std::map<std::uint64_t, Figure> figures_;
};

}  // namespace chat::client
