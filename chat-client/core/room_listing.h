// SPDX-License-Identifier: MIT
// Fetches which rooms there are, page by page (docs/PROTOCOL.md, section 6, "Rooms"), for one
// answer when all are there. When the question is repeated is for the session to say, by its
// probes. At most 10,000 rooms; a server has more than anybody reads.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "chat-client/core/event.h"
#include "proto/wire/frame.h"

namespace chat::client {

class RoomListing {
  public:
    static constexpr std::size_t rooms_max = 10'000;

    // From the start, unless it is being fetched already.
    void fetch();
    void stop() { fetching_ = false; }
    bool fetching() const { return fetching_; }
    bool wants_to_ask() const { return fetching_ && !asked_; }
    // Valid until the next call.
    frame::RoomsWanted question() const { return {after_}; }
    void on_asked() { asked_ = true; }
    void ask_again() { asked_ = false; }

    // The list, with its last page.
    std::optional<RoomList> on_rooms(const frame::Rooms& page);

  private:
    bool fetching_ = false;
    bool asked_ = false;
    std::string after_;
    RoomList list_;
};

}  // namespace chat::client
