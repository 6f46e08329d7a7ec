// SPDX-License-Identifier: MIT
// What happens in a chat as its user is told of it: by the screen, by lines, or by JSON. Texts are
// clean of nothing yet; each front end makes them safe for its own medium.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "proto/wire/time.h"

namespace chat::client {

struct Welcome {
    std::string name;
    std::string room;
    std::uint64_t next = 1;  // the number the next new entry will have
};
struct Message {
    std::uint64_t seq = 0;
    std::string from;
    std::string text;
    WallTime time;
    bool own = false;
};
struct Joined {
    std::uint64_t seq = 0;
    std::string name;
    WallTime time;
};
struct Left {
    std::uint64_t seq = 0;
    std::string name;
    WallTime time;
};
struct Announcement {
    std::uint64_t seq = 0;
    std::string text;
    WallTime time;
};
// A sentence of the server that is no entry of the room.
struct Remark {
    std::string text;
};

enum class Connection : std::uint8_t { connecting, online, reconnecting, offline };
struct StateChange {
    Connection state = Connection::connecting;
    std::string reason;
};

enum class ErrorCode : std::uint8_t {
    name_taken,
    name_unusable,
    room_full,
    unreachable,
    ended_by_server,
    receiver_died,
    not_supported,
    unknown_command,
    bad_input,
    queue_full,
};
struct Error {
    ErrorCode code = ErrorCode::bad_input;
    std::string text;  // what happened, then what to do
};

using Event =
    std::variant<Welcome, Message, Joined, Left, Announcement, Remark, StateChange, Error>;

// Stable words for programs.
std::string_view code_word(ErrorCode code);
std::string_view state_word(Connection state);

}  // namespace chat::client
