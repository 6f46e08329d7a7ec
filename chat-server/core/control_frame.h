// SPDX-License-Identifier: MIT
// What the admin process and the network process say to each other, and `chat-server ctl` to the
// admin process: one frame of a SOCK_SEQPACKET channel each. A frame that is not exactly one of
// these is a bug or an intruder and is dropped.
//
//   request  kind u8 | id u32 | text          kind: 1 announce, 2 command
//   reply    ok u8   | last u8 | id u32 | text
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace chat::server {

// Text of one frame. A longer reply is sent as several, the last one marked.
inline constexpr std::size_t control_text_bytes_max = 16 * 1024;

struct ControlRequest {
    enum class Kind : std::uint8_t { announce = 1, command = 2 };
    Kind kind = Kind::announce;
    std::uint32_t id = 0;  // comes back in the reply; chosen by whoever asks
    std::string text;      // to announce; or a command with its argument, without the slash
};

struct ControlReply {
    bool ok = true;  // false: the text says why it was not done
    bool last = true;
    std::uint32_t id = 0;
    std::string text;  // lines, without a line end at the end
};

std::vector<std::byte> encode(const ControlRequest& request);
std::vector<std::byte> encode(const ControlReply& reply);
std::optional<ControlRequest> decode_control_request(std::span<const std::byte> frame);
std::optional<ControlReply> decode_control_reply(std::span<const std::byte> frame);

}  // namespace chat::server
