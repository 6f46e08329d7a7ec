// SPDX-License-Identifier: MIT
// What a front end of lines has to know of the rooms: where typed text goes, which answers were
// asked for, where what was missed begins.
#pragma once

#include <map>
#include <string>

#include "chat-client/core/event.h"
#include "chat-client/core/missed.h"
#include "chat-client/core/user_input.h"

namespace chat::client {

class LineRooms {
  public:
    struct Shown {
        bool marker = false;  // what was missed begins before this event
        bool whole = false;   // all the names, since somebody has asked
        bool news = true;     // false: nobody has asked for it
    };

    explicit LineRooms(std::string landing) : landing_(std::move(landing)), here_(landing_) {}

    // Says which room is meant where the user did not. Joining a room is going there: what comes
    // after it is meant for it, so it is said nowhere else if that fails.
    void address(UserInput& input);
    Shown show(const Event& event);

    const std::string& landing() const { return landing_; }
    std::string topic_sentence(const std::string& room) const;

  private:
    struct Room {
        std::string topic;
        MissedMarker missed;
        bool joined = false;
        bool topic_asked = false;  // one is under way
        bool names_asked = false;
        bool history_asked = false;
    };

    std::string landing_;
    std::string here_;
    std::string before_;                 // where one was before the last join
    std::map<std::string, Room> rooms_;  // by key
};

}  // namespace chat::client
