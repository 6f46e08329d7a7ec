// SPDX-License-Identifier: MIT
// Where in a room a returning reader's news begin: before the first entry that came while no
// program of his was there, if older ones have been shown. His own going and coming is no news.
#pragma once

#include <cstdint>
#include <string>

#include "chat-client/core/event.h"

namespace chat::client {

class MissedMarker {
  public:
    // Counts once; after that he was here all the time, whatever the connection did.
    void on_welcome(const Welcome& welcome);
    // True once: the line belongs before this entry of the room.
    bool before(const Event& entry);

  private:
    std::string own_name_;
    std::uint64_t head_ = 0;  // what is below it and no history was missed
    bool welcomed_ = false;
    bool older_shown_ = false;
    bool done_ = false;
};

}  // namespace chat::client
