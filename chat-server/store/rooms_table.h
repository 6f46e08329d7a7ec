// SPDX-License-Identifier: MIT
// The tables of rooms and of the seats in them. The numbers of a room's newest entries are not
// here: they are the entries'. Transactions are the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat-server/core/log.h"
#include "chat-server/store/sqlite.h"

namespace chat::server {

struct RoomRow {
    NewRoom room;
    Seq first_kept = 1;
    std::string topic;
    Seq pinned = 0;
    // Entries before it are in the search index, and counted in `bytes` while they are kept.
    Seq indexed = 1;
    std::uint64_t bytes = 0;
    Seq imported = 1;  // entries before it came from another log
};

class RoomsTable {
  public:
    static Result<RoomsTable> prepare(Database& database);

    Result<void> insert(const NewRoom& room);
    Result<std::vector<RoomRow>> all();
    // By any spelling of the name.
    Result<std::optional<RoomRow>> find(std::string_view name);
    Result<std::optional<RoomRow>> find_conversation(PersonId one, PersonId other);
    // The id for the next one.
    Result<RoomId> next_id();

    // What an entry changes of its room: a topic, a pinned announcement; nothing for the rest.
    Result<void> apply(RoomId room, Seq seq, const Entry& entry);
    Result<void> set_indexed(RoomId room, Seq indexed, std::uint64_t bytes);
    // What was pinned is no longer there when it is forgotten.
    Result<void> set_first_kept(RoomId room, Seq first_kept);
    Result<void> set_imported(RoomId room, Seq imported);

    Result<void> set_seat(const SeatChange& seat);
    Result<std::vector<SeatChange>> seats();

  private:
    Statement insert_;
    Statement all_;
    Statement by_name_;
    Statement by_pair_;
    Statement last_id_;
    Statement set_topic_;
    Statement set_pinned_;
    Statement set_indexed_;
    Statement set_first_kept_;
    Statement set_imported_;
    Statement set_seat_;
    Statement erase_seat_;
    Statement seats_;
};

}  // namespace chat::server
