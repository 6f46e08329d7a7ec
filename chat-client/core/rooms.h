// SPDX-License-Identifier: MIT
// The rooms that this member is in, as far as the server has told of them, by number and by name.
// A conversation with bob is called "@bob", which no other room is. At most 256, whatever a server
// says. What happens in one is its Membership's; what is to be said of them the session knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "chat-client/core/entry_fetch.h"
#include "chat-client/core/history.h"
#include "chat-client/core/receipts.h"
#include "chat-client/core/room.h"
#include "proto/wire/frame.h"
#include "proto/wire/time.h"

namespace chat::client {

struct Membership {
    Membership(std::uint32_t number, const std::string& name, frame::RoomKind what,
               std::uint64_t next)
        : room(number, name, next), kind(what) {}

    Room room;
    frame::RoomKind kind;
    History history;
    Receipts receipts;
    std::string topic;
    // The user knows of it. A conversation in which nothing was said yet, or that he has put away,
    // comes to be with the next entry.
    bool visible = false;
    bool first_time = false;
    // ROOM has come in this session, or anything else from there; until then ROOM_ACK is repeated.
    bool stated = false;
    std::optional<std::uint64_t> acked_in;  // the datagram that carried one since
    bool leaving = false;                   // PART, until PARTED
    bool part_asked = false;
    bool rejoin = false;  // he wants to be in it again after that
    // Of the datagrams that told of it last; what is older is late.
    std::uint64_t room_order = 0;
    std::uint64_t seen_order = 0;
    std::uint64_t shown_at_request = 0;  // when FINI was made
    std::uint64_t accepted_end = 0;      // behind the last message of ours that was accepted
    std::optional<Instant> held_until;   // its first entries wait for the history before them
    // What is pinned there and did not come out by itself.
    std::uint64_t pinned = 0;
    EntryFetch pinned_fetch;

    bool wants_older(std::uint64_t seq) const {
        return history.wants(seq) || pinned_fetch.wants(seq);
    }
};

class Rooms {
  public:
    static constexpr std::size_t rooms_max = 256;

    // Nothing: there is none, or it is not ours.
    Membership* find(std::uint32_t number);
    const Membership* find(std::uint32_t number) const;
    Membership* find(std::string_view name);
    // Nothing: too many, or there is one of that number or that name.
    Membership* add(std::uint32_t number, const std::string& name, frame::RoomKind kind,
                    std::uint64_t next);
    void erase(std::uint32_t number);
    void clear();
    bool empty() const { return by_number_.empty(); }
    std::size_t size() const { return by_number_.size(); }

    auto begin() { return by_number_.begin(); }
    auto end() { return by_number_.end(); }
    auto begin() const { return by_number_.begin(); }
    auto end() const { return by_number_.end(); }
    // The first one from this number on, or the end.
    auto from(std::uint32_t number) { return by_number_.lower_bound(number); }

  private:
    std::map<std::uint32_t, Membership> by_number_;
    std::map<std::string, std::uint32_t, std::less<>> by_key_;
};

}  // namespace chat::client
