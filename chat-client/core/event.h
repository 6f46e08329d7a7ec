// SPDX-License-Identifier: MIT
// What happens in a chat as its user is told of it: by the screen, by lines, or by JSON. Texts are
// clean of nothing yet; each front end makes them safe for its own medium.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proto/wire/time.h"

namespace chat::client {

struct Welcome {
    std::string name;
    std::string room;
    std::uint64_t next = 1;  // the number the next new entry will have
    std::string server_key;  // its fingerprint; empty with the plain-text protocol
};
// Who is here; comes once after each Welcome, and again when the list was fetched anew.
struct Members {
    std::string room;
    std::vector<std::string> names;
};
struct Message {
    std::uint64_t seq = 0;
    std::string from;
    std::string text;
    WallTime time;
    bool own = false;
    bool unverified = false;  // its author came by the plain-text protocol and proved nothing
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
// A message of ours is in the server's log.
struct Accepted {
    std::string id;  // as given with the message
    std::string room;
    std::uint64_t seq = 0;
};
// Entries that can no longer be had, `to` included.
struct Gap {
    std::string room;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
};
// A server is met for the first time: is this its key? Session::decide_trust is waited for.
struct TrustQuestion {
    std::string fingerprint;
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
    name_owned,      // it belongs to another key
    too_many_names,  // of this key
    room_full,
    unreachable,
    ended_by_server,
    replaced,  // the same identity came in from elsewhere
    wrong_password,
    password_wanted,
    key_changed,        // another key than the remembered one answers
    key_not_accepted,   // not the one of --accept-key
    key_unknown,        // first contact, and nobody to ask
    key_declined,       // the user said no
    handshake_altered,  // a server answers, but the handshake never completes
    history_restarted,  // the server has a new log
    uncertain,          // a message that may or may not have been stored
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

using Event = std::variant<Welcome, Members, Message, Joined, Left, Announcement, Accepted, Gap,
                           TrustQuestion, Remark, StateChange, Error>;

// Stable words for programs.
std::string_view code_word(ErrorCode code);
std::string_view state_word(Connection state);

}  // namespace chat::client
