// SPDX-License-Identifier: MIT
// What happens in a chat as its user is told of it: by the screen, by lines, or by JSON. Texts are
// clean of nothing yet; each front end makes them safe for its own medium.
//
// A room is called by its name; a conversation with bob is called "@bob" (no room's name begins
// with that). Entries of a room come out once each and ascending; `history` ones are older, were
// asked for, and come ascending too, followed by HistoryEnd.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proto/wire/time.h"

namespace chat::client {

// We are in this room, or again, or in a new log of it.
struct Welcome {
    std::string name;
    std::string room;
    std::uint64_t next = 1;       // the number of the next entry to come out
    std::string server_key = {};  // its fingerprint; empty with the plain-text protocol
    bool landing = true;          // the room of --room
    bool first_time = false;      // nobody of this name was ever in it
    std::uint64_t head = 1;       // what is before it and not before `next` was missed
    std::string topic = {};
};
// Who is here; comes once after each Welcome, and again when the list was fetched anew.
struct Members {
    std::string room;
    std::vector<std::string> names;
};
struct Message {
    std::string room;
    std::uint64_t seq = 0;
    std::string from;
    std::string text;
    WallTime time;
    bool own = false;
    bool unverified = false;  // its author came by the plain-text protocol and proved nothing
    bool history = false;
};
struct Joined {
    std::string room;
    std::uint64_t seq = 0;
    std::string name;
    WallTime time;
    bool history = false;
};
struct Left {
    std::string room;
    std::uint64_t seq = 0;
    std::string name;
    WallTime time;
    bool history = false;
};
struct Announcement {
    std::string room;
    std::uint64_t seq = 0;
    std::string text;
    WallTime time;
    bool history = false;
    bool pinned = false;  // it stays in sight; with an empty text: nothing is pinned any more
};
struct Topic {
    std::string room;
    std::uint64_t seq = 0;
    std::string name;
    std::string text;  // empty: none any more
    WallTime time;
    bool history = false;
};
// What is pinned in a room that we have just come into; its entry may be long ago.
struct PinnedNow {
    std::string room;
    std::uint64_t seq = 0;
    std::string text;
    WallTime time;
};
// How many of the others have got a message of ours.
struct Receipt {
    std::string room;
    std::uint64_t seq = 0;
    std::uint32_t seen = 0;
    std::uint32_t of = 0;
};
// All of what was asked for is out; `at_start`: there is nothing older. If the log does not begin
// with number 1 any more, a Gap has come before what is out.
struct HistoryEnd {
    std::string room;
    std::uint64_t first = 0;  // the oldest number that is known now
    bool at_start = false;
};
// We are not in it any more.
struct RoomLeft {
    std::string room;
};
struct RoomList {
    struct Room {
        std::string name;
        std::string topic;
        std::uint32_t present = 0;
        bool joined = false;
    };
    std::vector<Room> rooms;
};
// What was found, newest first; `more`: there is more of it, older.
struct SearchResult {
    struct Hit {
        std::string room;
        std::uint64_t seq = 0;
        std::string from;  // empty: an announcement
        std::string text;
        WallTime time;
    };
    std::string words;
    std::vector<Hit> hits;
    bool more = false;
    bool incomplete = false;  // the newest messages could not be searched
};
// A message of ours is in the server's log.
struct Accepted {
    std::string id;  // as given with the message
    std::string room;
    std::uint64_t seq = 0;
};
// Entries that can no longer be had, `to` included. It comes where they would have come: in
// history before the oldest that there is, too.
struct Gap {
    std::string room;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    bool history = false;
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
    room_unusable,   // no name for a room
    nobody,          // nobody owns that name
    too_many_rooms,  // of ours
    not_now,         // new rooms too fast; it may be asked for again
    not_in_room,
    cannot_store,  // the server's disk; what we said waits here
};
struct Error {
    ErrorCode code = ErrorCode::bad_input;
    std::string text;       // what happened, then what to do
    std::string room = {};  // empty: of none
    std::string id = {};    // of the message of ours that it is about; it will not be accepted
};

using Event = std::variant<Welcome, Members, Message, Joined, Left, Announcement, Topic, PinnedNow,
                           Accepted, Receipt, Gap, HistoryEnd, RoomLeft, RoomList, SearchResult,
                           TrustQuestion, Remark, StateChange, Error>;

// The room that it is about; empty: none in particular.
std::string_view room_of(const Event& event);
// When it was stored, of an entry.
std::optional<WallTime> time_of(const Event& event);
inline bool is_conversation(std::string_view room) {
    return room.starts_with('@');
}
// What the names of rooms and conversations are compared by. Any text is fine.
std::string room_key(std::string_view room);

// Stable words for programs.
std::string_view code_word(ErrorCode code);
std::string_view state_word(Connection state);

}  // namespace chat::client
