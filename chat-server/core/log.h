// SPDX-License-Identifier: MIT
// The door between the server's brain and whatever keeps what must outlive it: the rooms' logs, who
// owns which name, who is in which room and how far each has come. The brain never calls a log: it
// offers changes, reads and searches (Server::take_changes, take_reads, take_searches), the process
// carries them to a Log and brings the answers back, in the same turn or later. So a log on disk,
// or one shared by several servers, fits without a change of the brain.
//
// An error is a sentence for the operator: what failed, and why.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "chat-server/core/entry.h"

namespace chat::server {

enum class RoomKind : std::uint8_t { named = 1, conversation = 2 };

struct NewRoom {
    RoomId id = 0;
    RoomKind kind = RoomKind::named;
    std::string name;                // of a named one, as it was first written
    PersonId first = 0, second = 0;  // of a conversation, the smaller id first
};
struct NewPerson {
    PersonId id = 0;
    std::string name;  // as its owner wrote it first
    PublicKey key;
};
// A member's place in a room as it is from now on.
struct SeatChange {
    RoomId room = 0;
    PersonId person = 0;
    bool member = true;    // false: he has parted, the place is gone
    bool present = false;  // the log has his join and not his leave; always false in conversations
    Seq next = 1;          // everything before it has arrived at one of his programs
};
// The start of a program of somebody's: known from now on, though it has said nothing yet.
struct NewEpoch {
    PublicKey key;
    std::uint64_t client_epoch = 0;
    WallTime used;
};
struct Append {
    RoomId room = 0;
    Entry entry;
};

// What is to be stored together: all or nothing. In this order a log may take them one by one.
struct Changes {
    std::vector<NewPerson> people;
    std::vector<NewRoom> rooms;
    std::vector<NewEpoch> epochs;
    std::vector<Append> appends;
    std::vector<SeatChange> seats;  // of one seat at most one

    bool empty() const {
        return people.empty() && rooms.empty() && epochs.empty() && appends.empty() &&
               seats.empty();
    }
};

struct ReadRequest {
    RoomId room = 0;
    Seq from = 0;
    std::size_t entries_max = 0;
    std::size_t bytes_max = 0;  // of names and text; one entry is returned even if it has more
};
struct Page {
    RoomId room = 0;
    Seq first_kept = 1;  // older entries of this room are no longer to be had
    // Ascending without a hole, beginning with the larger of `from` and first_kept.
    std::vector<StoredEntry> entries;
};

struct SearchRequest {
    std::uint64_t ticket = 0;   // comes back with the answer
    std::vector<RoomId> rooms;  // to look into
    Seq before = 0;             // with one room: only below this number; 0: everywhere
    std::string words;          // clean text; all of them must be there
    std::size_t hits_max = 0;
};
struct Hit {
    RoomId room = 0;
    Seq seq = 0;
};
struct SearchAnswer {
    std::uint64_t ticket = 0;
    std::vector<Hit> hits;  // the newest first
    bool more = false;
    bool incomplete = false;  // the newest entries could not be looked at
};

// What was stored in earlier runs, for Server::restore.
struct StoredRoom {
    NewRoom room;
    Seq first_kept = 1;
    Seq head = 1;  // the number the next entry gets
    std::string topic;
    Seq pinned = 0;  // the newest pinned announcement that is not empty and not followed by an
                     // empty one; 0: none
    // Messages of people, ascending: the last few, for who has seen them.
    struct Spoken {
        Seq seq = 0;
        PersonId author = 0;
    };
    std::vector<Spoken> spoken;  // at most spoken_max (limits.h)
};
struct StoredEpoch {
    PublicKey key;
    std::uint64_t client_epoch = 0;
    std::uint64_t next_msg_id = 1;
    // The last results, ascending by number, at most frame::results_max; what is missing among
    // them was refused.
    struct Result {
        std::uint64_t msg_id = 0;
        RoomId room = 0;
        Seq seq = 0;
    };
    std::vector<Result> results;
    WallTime used;
};
struct Stored {
    std::uint64_t log_epoch = 0;  // random, new with each new log
    std::vector<NewPerson> people;
    std::vector<StoredRoom> rooms;  // by id; the lobby is always there
    std::vector<SeatChange> seats;
    std::vector<StoredEpoch> epochs;  // used within the last 24 h
};

class Log {
  public:
    virtual ~Log() = default;

    // Once, before anything else.
    virtual std::expected<Stored, std::string> load(WallTime now) = 0;
    // Stores all of it or nothing, and returns the number of each append, in the order given. After
    // an error the same changes are given again, later.
    virtual std::expected<std::vector<Seq>, std::string> commit(const Changes& changes) = 0;
    virtual std::expected<Page, std::string> read(const ReadRequest& request) = 0;
    // Nothing yet: the index is being brought up to date; tend() and ask again. If it cannot be
    // (the disk is full), what was indexed before is looked through, and the answer says so.
    virtual std::expected<std::optional<SearchAnswer>, std::string> search(
        const SearchRequest& request) = 0;

    // Work that can wait, a slice of at most some milliseconds: indexing, forgetting what is too
    // old or too much. True: there is more of it.
    virtual std::expected<bool, std::string> tend(WallTime now) = 0;
    // Rooms whose oldest entry is another one since the last call.
    struct Trimmed {
        RoomId room = 0;
        Seq first_kept = 1;
    };
    virtual std::vector<Trimmed> take_trimmed() = 0;
};

}  // namespace chat::server
