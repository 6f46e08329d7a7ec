// SPDX-License-Identifier: MIT
// What makes a frame one that the protocol allows, beyond its layout: for the reader, which ignores
// a datagram with any other, and for the writer, which must never make one. Internal to
// frame_reader.cpp and frame_writer.cpp. Source: docs/PROTOCOL.md, sections 4 to 6.
#pragma once

#include "proto/wire/frame.h"

namespace chat::frame {

// The type bytes. 0 is no frame but the filling behind the last one.
enum class Type : std::uint8_t {
    ping = 0x01,
    pkt_ack = 0x02,
    msg = 0x10,
    msg_ack = 0x11,
    msg_from = 0x12,
    events = 0x20,
    event_part = 0x21,
    room_ack = 0x22,
    head = 0x23,
    gone = 0x24,
    entries_wanted = 0x25,
    join = 0x26,
    room = 0x27,
    no_room = 0x28,
    part = 0x29,
    parted = 0x2a,
    members_wanted = 0x30,
    members = 0x31,
    rooms_wanted = 0x32,
    rooms = 0x33,
    search = 0x34,
    found = 0x35,
    seen = 0x36,
    path_challenge = 0x40,
    path_response = 0x41,
    welcome = 0x50,
    close = 0x51,
    notice = 0x52,
};

// Everything but what stands inside Events::entries, Members::names and Rooms::rooms.
bool is_valid(const Ping& frame);
bool is_valid(const PktAck& frame);
bool is_valid(const Msg& frame);
bool is_valid(const MsgAck& frame);
bool is_valid(const MsgFrom& frame);
bool is_valid(const Events& frame);
bool is_valid(const EventPart& frame);
bool is_valid(const RoomAck& frame);
bool is_valid(const Head& frame);
bool is_valid(const Gone& frame);
bool is_valid(const EntriesWanted& frame);
bool is_valid(const Join& frame);
bool is_valid(const Room& frame);
bool is_valid(const NoRoom& frame);
bool is_valid(const Part& frame);
bool is_valid(const Parted& frame);
bool is_valid(const MembersWanted& frame);
bool is_valid(const Members& frame);
bool is_valid(const RoomsWanted& frame);
bool is_valid(const Rooms& frame);
bool is_valid(const Search& frame);
bool is_valid(const Found& frame);
bool is_valid(const Seen& frame);
bool is_valid(const PathChallenge& frame);
bool is_valid(const PathResponse& frame);
bool is_valid(const Welcome& frame);
bool is_valid(const Close& frame);
bool is_valid(const Notice& frame);

// Exactly `count` entries, names or rooms as they must be, and nothing behind them.
bool has_valid_items(const Events& frame);
bool has_valid_items(const Members& frame);
bool has_valid_items(const Rooms& frame);

}  // namespace chat::frame
