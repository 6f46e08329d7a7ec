// SPDX-License-Identifier: MIT
// Composes the picture: title bar, what is pinned, messages, status bar and the line being typed,
// from their plain data. Works at every size from 1x1 up: the input line first, then messages, the
// status bar from three rows on, the title from four, what is pinned from eight. Knows nothing of
// keys, the network or the terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chat-client/terminal/editor.h"
#include "chat-client/terminal/frame.h"
#include "chat-client/terminal/scrollback.h"
#include "chat-client/terminal/words.h"

namespace chat::terminal {

// What is typed is the answer to this, and no message.
enum class Question : std::uint8_t { none, name, trust };

// A room in the list of them.
struct RoomMark {
    std::size_t number = 0;  // what goes to it
    std::string name;
    std::size_t unread = 0;
    bool called = false;  // somebody speaks to the reader himself
    bool shown = false;   // it is the one on the screen
};

// Any bytes; they are made printable.
struct Status {
    std::string server;      // "127.0.0.1:8888"
    std::string room;        // "lobby"
    std::string name;        // one's own; empty until there is one
    std::string connection;  // "online", "reconnecting: no answer for 10 s"
    bool alert = false;      // `connection` must not be overlooked
    Question question = Question::none;
    std::optional<int> lag_ms;
    std::size_t waiting = 0;  // messages typed, but not sent or not accepted
    std::size_t present = 0;  // people in the room; 0: not known
    std::string topic = {};
    std::string pinned = {};           // stands below the title while the screen is tall enough
    std::vector<RoomMark> rooms = {};  // all, if there is more than one
    std::vector<Line> pending = {};    // own messages that are under way, the newest at the end
    bool loading = false;              // older lines are on their way
};

// `scrollback` is given the pane's size, and keeps it for scrolling.
Frame compose(Size size, const Status& status, Scrollback& scrollback, const Editor& editor,
              const Words& words = english);

}  // namespace chat::terminal
