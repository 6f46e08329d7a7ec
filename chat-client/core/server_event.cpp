// SPDX-License-Identifier: MIT
#include "chat-client/core/server_event.h"

#include <type_traits>

#include "proto/wire/reader.h"
#include "proto/wire/text.h"
#include "proto/wire/writer.h"

namespace chat::client {
namespace {

constexpr std::size_t head_bytes = 4;

}  // namespace

ServerEvent to_server_event(const classic::Notice& notice) {
    using Kind = ServerEvent::Kind;
    return std::visit(
        [](const auto& n) -> ServerEvent {
            using T = std::decay_t<decltype(n)>;
            if constexpr (std::is_same_v<T, classic::Joined>) return {Kind::joined, n.name, {}};
            if constexpr (std::is_same_v<T, classic::Said>) return {Kind::said, n.name, n.text};
            if constexpr (std::is_same_v<T, classic::Left>) return {Kind::left, n.name, {}};
            if constexpr (std::is_same_v<T, classic::LoggedIn>) return {Kind::logged_in, {}, {}};
            if constexpr (std::is_same_v<T, classic::NameTaken>) return {Kind::name_taken, {}, {}};
            if constexpr (std::is_same_v<T, classic::NameUnusable>) {
                return {Kind::name_unusable, {}, {}};
            }
            if constexpr (std::is_same_v<T, classic::RoomFull>) return {Kind::room_full, {}, {}};
            if constexpr (std::is_same_v<T, classic::Ended>) return {Kind::ended, {}, {}};
            if constexpr (std::is_same_v<T, classic::Remark>) return {Kind::remark, {}, n.text};
        },
        notice);
}

bool EventFrame::add(const ServerEvent& event) {
    const auto name = prefix_within(event.name, UINT8_MAX);
    const auto text = prefix_within(event.text, bytes_max / 2);
    const std::size_t before = bytes_.size();
    const std::size_t size = head_bytes + name.size() + text.size();
    if (before + size > bytes_max) return false;
    bytes_.resize(before + size);
    Writer writer(std::span<std::byte>(bytes_).subspan(before));
    writer.u8(static_cast<std::uint8_t>(event.kind));
    writer.u8(static_cast<std::uint8_t>(name.size()));
    writer.u16(static_cast<std::uint16_t>(text.size()));
    writer.text(name);
    writer.text(text);
    return true;
}

std::optional<std::vector<ServerEvent>> decode_event_frame(std::span<const std::byte> frame) {
    std::vector<ServerEvent> events;
    Reader reader(frame);
    while (reader.remaining() > 0) {
        const auto kind = reader.u8();
        const std::size_t name_bytes = reader.u8();
        const std::size_t text_bytes = reader.u16();
        ServerEvent event;
        event.name = reader.text(name_bytes);
        event.text = reader.text(text_bytes);
        if (!reader.ok() || kind < static_cast<std::uint8_t>(ServerEvent::Kind::joined) ||
            kind > static_cast<std::uint8_t>(ServerEvent::Kind::refused)) {
            return std::nullopt;
        }
        event.kind = static_cast<ServerEvent::Kind>(kind);
        events.push_back(event);
    }
    if (!reader.ok()) return std::nullopt;
    return events;
}

}  // namespace chat::client
