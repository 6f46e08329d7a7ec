// SPDX-License-Identifier: MIT
// What the receiver process tells the terminal process: events decoded from datagrams, several to
// a frame. Fields, little-endian:
//
//   frame  event*        event  kind u8 | name length u8 | text length u16 | name | text
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "proto/wire/classic.h"

namespace chat::client {

struct ServerEvent {
    enum class Kind : std::uint8_t {
        joined = 1,
        said,
        left,
        logged_in,
        name_taken,
        name_unusable,
        room_full,
        ended,
        remark,
        refused,  // nobody listens at the server's address (ICMP)
    };
    Kind kind = Kind::remark;
    std::string_view name;
    std::string_view text;
};

// The datagram's meaning; views point into it.
ServerEvent to_server_event(const classic::Notice& notice);

// Collects events until a frame is full.
class EventFrame {
  public:
    static constexpr std::size_t bytes_max = 32 * 1024;

    // False: the frame has no room for it; send it and begin the next. A name or text longer than
    // its length field is cut at a character.
    bool add(const ServerEvent& event);
    bool empty() const { return bytes_.empty(); }
    std::span<const std::byte> bytes() const { return bytes_; }
    void clear() { bytes_.clear(); }

  private:
    std::vector<std::byte> bytes_;
};

// All events of a frame, or nothing if it is not exactly a frame. Views point into it.
std::optional<std::vector<ServerEvent>> decode_event_frame(std::span<const std::byte> frame);

}  // namespace chat::client
