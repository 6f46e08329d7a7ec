// SPDX-License-Identifier: MIT
// One program in one room: how far it has come on the room's log, and what it is owed there. The
// act of delivery is to move these along the log. About a hundred bytes; a peer has one for each of
// its member's rooms, in no order.
#pragma once

#include <cstdint>
#include <optional>

#include "chat-server/core/entry.h"
#include "proto/wire/time.h"

namespace chat::server {

// Entries that wait for a page of the log, or for window and pace, before they can be sent (again):
// [from, to).
struct Repair {
    Seq from = 0;
    Seq to = 0;
    std::uint8_t have = 0;  // parts that need not be repeated; only for one entry
};

struct Subscription {
    RoomId room = 0;
    std::uint32_t place = 0;  // in the room's listeners
    std::uint32_t seat = 0;   // of its person in the room, if that has not moved since
    // ROOM is owed until a ROOM_ACK for this room has come under this session; until then
    // `acked` is only what the server believes.
    bool room_owed = true;
    bool stated = false;
    bool head_owed = false;
    bool waits_for_page = false;
    bool parting = false;  // the end of his seat is on its way into the log
    std::uint8_t room_flags = 0;
    std::uint8_t sent_have = 0;   // parts of entry `sent` that went, if it goes in parts
    std::uint8_t probe_part = 0;  // which part a probe repeats next

    // Everything before acked has arrived, everything before sent was sent once, nothing from
    // credit_end on may be.
    Seq acked = 1;
    Seq sent = 1;
    Seq credit_end = 1;
    // Entries from mark_seq on were sent at mark_at or later; moved about once per RTT. What is
    // surely still under way need not be sent again.
    Seq mark_seq = 1;
    Instant mark_at{INT64_MIN / 2};
    std::optional<Repair> repair;  // lost ones

    // It goes on from here, whatever was sent.
    void go_to(Seq next) {
        acked = sent = mark_seq = next;
        sent_have = 0;
        repair.reset();
    }
};

}  // namespace chat::server
