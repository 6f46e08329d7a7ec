// SPDX-License-Identifier: MIT
#include "chat-server/core/control_frame.h"

#include "proto/wire/reader.h"
#include "proto/wire/text.h"
#include "proto/wire/writer.h"

namespace chat::server {
namespace {

constexpr std::size_t request_head_bytes = 5;
constexpr std::size_t reply_head_bytes = 6;

}  // namespace

std::vector<std::byte> encode(const ControlRequest& request) {
    const auto text = prefix_within(request.text, control_text_bytes_max);
    std::vector<std::byte> frame(request_head_bytes + text.size());
    Writer writer(frame);
    writer.u8(static_cast<std::uint8_t>(request.kind));
    writer.u32(request.id);
    writer.text(text);
    return frame;
}

std::vector<std::byte> encode(const ControlReply& reply) {
    const auto text = prefix_within(reply.text, control_text_bytes_max);
    std::vector<std::byte> frame(reply_head_bytes + text.size());
    Writer writer(frame);
    writer.u8(reply.ok ? 1 : 0);
    writer.u8(reply.last ? 1 : 0);
    writer.u32(reply.id);
    writer.text(text);
    return frame;
}

std::optional<ControlRequest> decode_control_request(std::span<const std::byte> frame) {
    Reader reader(frame);
    const auto kind = reader.u8();
    ControlRequest request;
    request.id = reader.u32();
    if (!reader.ok() || reader.remaining() > control_text_bytes_max) return std::nullopt;
    if (kind != static_cast<std::uint8_t>(ControlRequest::Kind::announce) &&
        kind != static_cast<std::uint8_t>(ControlRequest::Kind::command)) {
        return std::nullopt;
    }
    request.kind = static_cast<ControlRequest::Kind>(kind);
    request.text = reader.text(reader.remaining());
    return request;
}

std::optional<ControlReply> decode_control_reply(std::span<const std::byte> frame) {
    Reader reader(frame);
    const auto ok = reader.u8();
    const auto last = reader.u8();
    ControlReply reply{ok == 1, last == 1, reader.u32(), {}};
    if (!reader.ok() || ok > 1 || last > 1 || reader.remaining() > control_text_bytes_max) {
        return std::nullopt;
    }
    reply.text = reader.text(reader.remaining());
    return reply;
}

}  // namespace chat::server
