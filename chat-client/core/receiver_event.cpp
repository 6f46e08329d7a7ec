// SPDX-License-Identifier: MIT
#include "chat-client/core/receiver_event.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <type_traits>
#include <utility>

#include "proto/session/cipher.h"
#include "proto/wire/reader.h"
#include "proto/wire/writer.h"

namespace chat::client {
namespace {

enum class Kind : std::uint8_t {
    handshake = 1,
    packet,
    entry,
    parts,
    unreachable,
    frame,  // a plaintext of DATA with one frame
};
enum class OrderKind : std::uint8_t { install = 1, forget };

constexpr std::size_t event_header_bytes = 5;
constexpr std::size_t body_bytes_max = 12 + frame::entry_bytes_max;

void write_body(Writer& writer, const HandshakeDatagram& event) {
    writer.bytes(event.bytes);
}
void write_body(Writer& writer, const PacketReceived& event) {
    writer.u32(event.sid);
    writer.u64(event.counter);
    writer.u16(event.ts);
    writer.u16(event.bytes);
    writer.u8(event.ack_eliciting ? 1 : 0);
    writer.u64(static_cast<std::uint64_t>(event.at.us));
}
void write_body(Writer& writer, const EntryReceived& event) {
    writer.u32(event.room);
    writer.u64(event.seq);
    std::vector<std::byte> entry;
    frame::append_entry(event.entry, entry);
    writer.bytes(entry);
}
void write_body(Writer& writer, const EntryInParts& event) {
    writer.u32(event.room);
    writer.u64(event.seq);
    writer.u8(event.have);
}
void write_body(Writer&, const PortUnreachable&) {}
template <class Frame>
void write_body(Writer& writer, const Frame& frame) {
    const bool written = frame::write(writer, frame) && frame::pad(writer);
    assert(written);
    static_cast<void>(written);
}

template <class Event>
constexpr Kind kind_of() {
    if constexpr (std::is_same_v<Event, HandshakeDatagram>) {
        return Kind::handshake;
    } else if constexpr (std::is_same_v<Event, PacketReceived>) {
        return Kind::packet;
    } else if constexpr (std::is_same_v<Event, EntryReceived>) {
        return Kind::entry;
    } else if constexpr (std::is_same_v<Event, EntryInParts>) {
        return Kind::parts;
    } else if constexpr (std::is_same_v<Event, PortUnreachable>) {
        return Kind::unreachable;
    } else {
        return Kind::frame;
    }
}

// Whether an event of this type is one of the server's frames that are handed on.
template <class Frame>
constexpr bool is_handed_on = std::is_constructible_v<ReceiverEvent, std::in_place_type_t<Frame>>;

std::optional<ReceiverEvent> decode_handshake(std::span<const std::byte> body) {
    using enum datagram::Type;
    const auto type = datagram::type_of(body);
    if (type != retry && type != resp && type != reset && type != refuse) return std::nullopt;
    return HandshakeDatagram{body};
}

std::optional<ReceiverEvent> decode_packet(std::span<const std::byte> body) {
    Reader reader(body);
    PacketReceived event;
    event.sid = reader.u32();
    event.counter = reader.u64();
    event.ts = reader.u16();
    event.bytes = reader.u16();
    const auto ack_eliciting = reader.u8();
    event.ack_eliciting = ack_eliciting == 1;
    event.at.us = static_cast<std::int64_t>(reader.u64());
    if (!reader.complete() || ack_eliciting > 1) return std::nullopt;
    return event;
}

std::optional<ReceiverEvent> decode_entry(std::span<const std::byte> body) {
    Reader reader(body);
    EntryReceived event;
    event.room = reader.u32();
    event.seq = reader.u64();
    if (!reader.ok()) return std::nullopt;
    const auto entry = frame::read_entry(reader.bytes(reader.remaining()));
    if (!entry) return std::nullopt;
    event.entry = *entry;
    return event;
}

std::optional<ReceiverEvent> decode_parts(std::span<const std::byte> body) {
    Reader reader(body);
    EntryInParts event;
    event.room = reader.u32();
    event.seq = reader.u64();
    event.have = reader.u8();
    if (!reader.complete()) return std::nullopt;
    return event;
}

std::optional<ReceiverEvent> decode_frame(std::span<const std::byte> body) {
    // One frame and its filling, which is as short as it can be.
    Reader header(body);
    header.u8();
    const std::size_t bytes = header.u16() + frame::header_bytes;
    if (padded_size(bytes) != body.size()) return std::nullopt;
    // Of another frame in the filling, of a type unknown here, read_frames would say nothing.
    const auto filling = body.subspan(std::min(bytes, body.size()));
    if (!std::ranges::all_of(filling, [](std::byte b) { return b == std::byte{0}; })) {
        return std::nullopt;
    }
    std::vector<frame::Frame> frames;
    if (!frame::read_frames(frame::Sender::server, body, frames)) return std::nullopt;
    if (frames.size() != 1) return std::nullopt;
    return std::visit(
        [](const auto& only) -> std::optional<ReceiverEvent> {
            if constexpr (is_handed_on<std::decay_t<decltype(only)>>) return only;
            return std::nullopt;
        },
        frames.front());
}

std::optional<ReceiverEvent> decode_event(Kind kind, std::span<const std::byte> body) {
    switch (kind) {
        case Kind::handshake:
            return decode_handshake(body);
        case Kind::packet:
            return decode_packet(body);
        case Kind::entry:
            return decode_entry(body);
        case Kind::parts:
            return decode_parts(body);
        case Kind::unreachable:
            if (!body.empty()) return std::nullopt;
            return PortUnreachable{};
        case Kind::frame:
            return decode_frame(body);
    }
    return std::nullopt;
}

}  // namespace

void ReceiverFrames::add(const ReceiverEvent& event) {
    std::array<std::byte, event_header_bytes + body_bytes_max> buffer;
    const std::span<std::byte> whole_buffer(buffer);
    Writer body(whole_buffer.subspan(event_header_bytes));
    Writer header(whole_buffer.first(event_header_bytes));
    std::visit(
        [&](const auto& e) {
            write_body(body, e);
            header.u8(static_cast<std::uint8_t>(kind_of<std::decay_t<decltype(e)>>()));
        },
        event);
    assert(body.ok());
    header.u32(static_cast<std::uint32_t>(body.size()));
    const auto whole = whole_buffer.first(event_header_bytes + body.size());
    if (packets_.empty() || packets_.back().size() + whole.size() > packet_bytes_max) {
        packets_.emplace_back();
    }
    packets_.back().insert(packets_.back().end(), whole.begin(), whole.end());
}

std::vector<std::vector<std::byte>> ReceiverFrames::take() {
    return std::exchange(packets_, {});
}

std::optional<std::vector<ReceiverEvent>> decode_receiver_packet(
    std::span<const std::byte> packet) {
    std::vector<ReceiverEvent> events;
    if (packet.empty() || packet.size() > ReceiverFrames::packet_bytes_max) return std::nullopt;
    Reader reader(packet);
    while (reader.remaining() > 0) {
        const auto kind = static_cast<Kind>(reader.u8());
        const auto size = reader.u32();
        const auto body = reader.bytes(size);
        if (!reader.ok()) return std::nullopt;
        auto event = decode_event(kind, body);
        if (!event) return std::nullopt;
        events.push_back(*event);
    }
    return events;
}

std::vector<std::byte> encode(const ReceiverOrder& order) {
    // Its final size at once: a buffer that grew would leave a copy of the key behind.
    const auto* install = std::get_if<InstallKey>(&order);
    std::vector<std::byte> packet(1 + 4 + (install ? install->key.size() + 1 : 0));
    Writer writer(packet);
    if (install) {
        writer.u8(static_cast<std::uint8_t>(OrderKind::install));
        writer.u32(install->sid);
        writer.bytes(install->key);
        writer.u8(install->new_log ? 1 : 0);
    } else {
        writer.u8(static_cast<std::uint8_t>(OrderKind::forget));
        writer.u32(std::get<ForgetKey>(order).sid);
    }
    return packet;
}

std::optional<ReceiverOrder> decode_receiver_order(std::span<const std::byte> packet) {
    Reader reader(packet);
    switch (static_cast<OrderKind>(reader.u8())) {
        case OrderKind::install: {
            // In its place at once: a local key would stay behind on the stack.
            std::optional<ReceiverOrder> order(std::in_place, InstallKey{});
            auto& install = std::get<InstallKey>(*order);
            install.sid = reader.u32();
            const auto key = reader.bytes(install.key.size());
            const std::uint8_t new_log = reader.u8();
            if (!reader.complete() || new_log > 1) return std::nullopt;
            install.new_log = new_log == 1;
            std::ranges::copy(key, install.key.begin());
            return order;
        }
        case OrderKind::forget: {
            const ForgetKey order{reader.u32()};
            if (!reader.complete()) return std::nullopt;
            return order;
        }
    }
    return std::nullopt;
}

}  // namespace chat::client
