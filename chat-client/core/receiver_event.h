// SPDX-License-Identifier: MIT
// What the receiver process and the terminal process say to each other about a secure session,
// little-endian, one or more events to a packet of their channel:
//
//   event   kind u8 | length u32 | body          body: fixed fields, then text
//   order   kind u8 | body      install: sid u32 | key 32 | new_log u8; forget: sid u32
//
// Both sides check everything again: a packet that is not exactly this is dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "proto/session/keys.h"
#include "proto/wire/frame.h"
#include "proto/wire/time.h"

namespace chat::client {

// A handshake answer as it came: RETRY, RESP, RESET or REFUSE, of the right length and type.
struct HandshakeDatagram {
    std::span<const std::byte> bytes;
};
// An authentic datagram came; what it held follows in events of its own.
struct PacketReceived {
    std::uint32_t sid = 0;  // the key it came under
    std::uint64_t counter = 0;
    std::uint16_t ts = 0;
    std::uint16_t bytes = 0;
    bool ack_eliciting = false;
    Instant at;
};
struct EntryReceived {
    std::uint32_t room = 0;
    std::uint64_t seq = 0;
    frame::Entry entry;
};
// Parts of an entry are there, but not all.
struct EntryInParts {
    std::uint32_t room = 0;
    std::uint64_t seq = 0;
    std::uint8_t have = 0;
};
// Nobody listens at the server's address (ICMP).
struct PortUnreachable {};

using ReceiverEvent =
    std::variant<HandshakeDatagram, PacketReceived, EntryReceived, EntryInParts, PortUnreachable,
                 frame::PktAck, frame::MsgAck, frame::Head, frame::Gone, frame::Room, frame::NoRoom,
                 frame::Parted, frame::Members, frame::Rooms, frame::Found, frame::Seen,
                 frame::PathChallenge, frame::Welcome, frame::Close, frame::Notice>;

// Collects events into packets of at most `packet_bytes_max`.
class ReceiverFrames {
  public:
    static constexpr std::size_t packet_bytes_max = 32 * 1024;

    void add(const ReceiverEvent& event);
    std::vector<std::vector<std::byte>> take();
    bool empty() const { return packets_.empty(); }

  private:
    std::vector<std::vector<std::byte>> packets_;
};

// All events of a packet, or nothing. Views point into it.
std::optional<std::vector<ReceiverEvent>> decode_receiver_packet(std::span<const std::byte> packet);

struct InstallKey {
    std::uint32_t sid = 0;  // our client_sid, under which the server sends
    Key32 key{};
    // The server has another log than the one before: what was received of that one, and its keys,
    // must not meet entries that have the same numbers now.
    bool new_log = false;
};
struct ForgetKey {
    std::uint32_t sid = 0;
};
using ReceiverOrder = std::variant<InstallKey, ForgetKey>;
std::vector<std::byte> encode(const ReceiverOrder& order);
std::optional<ReceiverOrder> decode_receiver_order(std::span<const std::byte> packet);

}  // namespace chat::client
