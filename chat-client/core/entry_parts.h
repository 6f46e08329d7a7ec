// SPDX-License-Identifier: MIT
// Puts long entries together from EVENT_PARTs, in whatever order they come. At most 32 entries at
// once, some 290 KiB; one more takes the place of the one that was longest without a new part, and
// its owner must be told, or he would never ask for those parts again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "proto/link/reassembly.h"
#include "proto/wire/frame.h"

namespace chat::client {

class EntryParts {
  public:
    static constexpr std::size_t entries_max = 32;

    struct Id {
        std::uint32_t room = 0;
        std::uint64_t seq = 0;
        friend bool operator==(const Id&, const Id&) = default;
    };
    struct Added {
        std::uint8_t have = 0;                // of this entry
        std::optional<Id> given_up;           // another one's parts were thrown away
        std::span<const std::byte> complete;  // the whole entry, until forget(), or empty
    };
    Added add(const frame::EventPart& part);
    // It is complete and was read, or it came whole.
    void forget(const Id& id);

  private:
    struct Entry {
        Id id;
        std::uint64_t touched = 0;
        Reassembly parts;
    };

    std::vector<Entry> entries_;
    std::uint64_t added_ = 0;
};

}  // namespace chat::client
