// SPDX-License-Identifier: MIT
// Frames to bytes.
#include <algorithm>
#include <array>
#include <cassert>

#include "proto/wire/frame.h"
#include "proto/wire/frame_rules.h"

namespace chat::frame {

namespace {

// Writes type and length if the whole frame fits.
template <typename F>
bool begin(Writer& writer, Type type, [[maybe_unused]] const F& frame, std::size_t body_bytes) {
    assert(is_valid(frame));
    if (!writer.ok() || writer.remaining() < header_bytes + body_bytes) return false;
    writer.u8(static_cast<std::uint8_t>(type));
    writer.u16(static_cast<std::uint16_t>(body_bytes));
    return true;
}

// A name or a text of at most 255 bytes.
void write_short(Writer& writer, std::string_view text) {
    writer.u8(static_cast<std::uint8_t>(text.size()));
    writer.text(text);
}

}  // namespace

bool pad(Writer& writer, std::size_t bytes_min) {
    const std::size_t used = std::max({writer.size(), bytes_min, std::size_t{1}});
    const std::size_t whole =
        (used + datagram::padding_bytes - 1) / datagram::padding_bytes * datagram::padding_bytes;
    if (!writer.ok() || whole - writer.size() > writer.remaining()) return false;
    static constexpr std::array<std::byte, datagram::plaintext_bytes_max> zeros{};
    while (writer.size() < whole)
        writer.bytes(std::span(zeros).first(std::min(zeros.size(), whole - writer.size())));
    return true;
}

bool write(Writer& writer, const Ping& frame) {
    return begin(writer, Type::ping, frame, 0);
}

bool write(Writer& writer, const PktAck& frame) {
    if (!begin(writer, Type::pkt_ack, frame, 20)) return false;
    writer.u64(frame.largest);
    writer.u16(frame.echo_ts);
    writer.u16(frame.delay_32us);
    writer.u32(frame.count);
    writer.u32(frame.bytes);
    return true;
}

bool write(Writer& writer, const Msg& frame) {
    if (!begin(writer, Type::msg, frame, 15 + frame.text.size())) return false;
    writer.u32(frame.room);
    writer.u64(frame.msg_id);
    writer.u8(static_cast<std::uint8_t>(frame.kind));
    writer.u8(frame.part);
    writer.u8(frame.parts);
    writer.text(frame.text);
    return true;
}

bool write(Writer& writer, const MsgAck& frame) {
    if (!begin(writer, Type::msg_ack, frame, 10 + std::size_t{21} * frame.count)) return false;
    writer.u64(frame.next_msg_id);
    writer.u8(frame.have);
    writer.u8(frame.count);
    for (const auto& result : std::span(frame.results).first(frame.count)) {
        writer.u64(result.msg_id);
        writer.u32(result.room);
        writer.u64(result.seq);
        writer.u8(static_cast<std::uint8_t>(result.status));
    }
    return true;
}

bool write(Writer& writer, const MsgFrom& frame) {
    if (!begin(writer, Type::msg_from, frame, 8)) return false;
    writer.u64(frame.first_id);
    return true;
}

bool write(Writer& writer, const Events& frame) {
    if (!begin(writer, Type::events, frame, 13 + frame.entries.size())) return false;
    writer.u32(frame.room);
    writer.u64(frame.first_seq);
    writer.u8(frame.count);
    writer.bytes(frame.entries);
    return true;
}

bool write(Writer& writer, const EventPart& frame) {
    if (!begin(writer, Type::event_part, frame, 14 + frame.bytes.size())) return false;
    writer.u32(frame.room);
    writer.u64(frame.seq);
    writer.u8(frame.part);
    writer.u8(frame.parts);
    writer.bytes(frame.bytes);
    return true;
}

bool write(Writer& writer, const RoomAck& frame) {
    if (!begin(writer, Type::room_ack, frame, 15 + std::size_t{5} * frame.count)) return false;
    writer.u32(frame.room);
    writer.u64(frame.next_seq);
    writer.u16(frame.credit);
    writer.u8(frame.count);
    for (const auto& gap : std::span(frame.gaps).first(frame.count)) {
        writer.u16(gap.offset);
        writer.u16(gap.count);
        writer.u8(gap.have);
    }
    return true;
}

bool write(Writer& writer, const Head& frame) {
    if (!begin(writer, Type::head, frame, 20)) return false;
    writer.u32(frame.room);
    writer.u64(frame.head);
    writer.u64(frame.tail);
    return true;
}

bool write(Writer& writer, const Gone& frame) {
    if (!begin(writer, Type::gone, frame, 20)) return false;
    writer.u32(frame.room);
    writer.u64(frame.from);
    writer.u64(frame.to);
    return true;
}

bool write(Writer& writer, const EntriesWanted& frame) {
    if (!begin(writer, Type::entries_wanted, frame, 15)) return false;
    writer.u32(frame.room);
    writer.u64(frame.from);
    writer.u16(frame.count);
    writer.u8(frame.have);
    return true;
}

bool write(Writer& writer, const Join& frame) {
    if (!begin(writer, Type::join, frame, 2 + frame.name.size())) return false;
    writer.u8(static_cast<std::uint8_t>(frame.kind));
    write_short(writer, frame.name);
    return true;
}

bool write(Writer& writer, const Room& frame) {
    const std::size_t bytes = 40 + frame.topic.size() + frame.name.size();
    if (!begin(writer, Type::room, frame, bytes)) return false;
    writer.u32(frame.room);
    writer.u8(static_cast<std::uint8_t>(frame.kind));
    writer.u8(frame.flags);
    writer.u64(frame.next_seq);
    writer.u64(frame.head);
    writer.u64(frame.tail);
    writer.u64(frame.pinned);
    write_short(writer, frame.topic);
    write_short(writer, frame.name);
    return true;
}

bool write(Writer& writer, const NoRoom& frame) {
    if (!begin(writer, Type::no_room, frame, 3 + frame.name.size())) return false;
    writer.u8(static_cast<std::uint8_t>(frame.kind));
    writer.u8(static_cast<std::uint8_t>(frame.code));
    write_short(writer, frame.name);
    return true;
}

bool write(Writer& writer, const Part& frame) {
    if (!begin(writer, Type::part, frame, 4)) return false;
    writer.u32(frame.room);
    return true;
}

bool write(Writer& writer, const Parted& frame) {
    if (!begin(writer, Type::parted, frame, 4)) return false;
    writer.u32(frame.room);
    return true;
}

bool write(Writer& writer, const MembersWanted& frame) {
    if (!begin(writer, Type::members_wanted, frame, 5 + frame.after.size())) return false;
    writer.u32(frame.room);
    write_short(writer, frame.after);
    return true;
}

bool write(Writer& writer, const Members& frame) {
    const std::size_t bytes = 15 + frame.after.size() + frame.names.size();
    if (!begin(writer, Type::members, frame, bytes)) return false;
    writer.u32(frame.room);
    writer.u64(frame.as_of);
    writer.u8(frame.last ? 1 : 0);
    write_short(writer, frame.after);
    writer.u8(frame.count);
    writer.bytes(frame.names);
    return true;
}

bool write(Writer& writer, const RoomsWanted& frame) {
    if (!begin(writer, Type::rooms_wanted, frame, 1 + frame.after.size())) return false;
    write_short(writer, frame.after);
    return true;
}

bool write(Writer& writer, const Rooms& frame) {
    const std::size_t bytes = 3 + frame.after.size() + frame.rooms.size();
    if (!begin(writer, Type::rooms, frame, bytes)) return false;
    writer.u8(frame.last ? 1 : 0);
    write_short(writer, frame.after);
    writer.u8(frame.count);
    writer.bytes(frame.rooms);
    return true;
}

bool write(Writer& writer, const Search& frame) {
    if (!begin(writer, Type::search, frame, 17 + frame.words.size())) return false;
    writer.u32(frame.id);
    writer.u32(frame.room);
    writer.u64(frame.before);
    write_short(writer, frame.words);
    return true;
}

bool write(Writer& writer, const Found& frame) {
    if (!begin(writer, Type::found, frame, 6 + std::size_t{12} * frame.count)) return false;
    writer.u32(frame.id);
    writer.u8(static_cast<std::uint8_t>((frame.more ? found_more : 0) |
                                        (frame.incomplete ? found_incomplete : 0)));
    writer.u8(frame.count);
    for (const auto& place : std::span(frame.places).first(frame.count)) {
        writer.u32(place.room);
        writer.u64(place.seq);
    }
    return true;
}

bool write(Writer& writer, const Seen& frame) {
    if (!begin(writer, Type::seen, frame, 5 + std::size_t{16} * frame.count)) return false;
    writer.u32(frame.room);
    writer.u8(frame.count);
    for (const auto& message : std::span(frame.messages).first(frame.count)) {
        writer.u64(message.seq);
        writer.u32(message.seen);
        writer.u32(message.of);
    }
    return true;
}

bool write(Writer& writer, const PathChallenge& frame) {
    if (!begin(writer, Type::path_challenge, frame, frame.data.size())) return false;
    writer.bytes(frame.data);
    return true;
}

bool write(Writer& writer, const PathResponse& frame) {
    if (!begin(writer, Type::path_response, frame, frame.data.size())) return false;
    writer.bytes(frame.data);
    return true;
}

bool write(Writer& writer, const Welcome& frame) {
    if (!begin(writer, Type::welcome, frame, 30 + frame.name.size())) return false;
    writer.u64(frame.next_msg_id);
    writer.u8(frame.flags);
    writer.bytes(frame.reset_token);
    writer.u32(frame.room);
    write_short(writer, frame.name);
    return true;
}

bool write(Writer& writer, const Close& frame) {
    if (!begin(writer, Type::close, frame, 5)) return false;
    writer.u8(static_cast<std::uint8_t>(frame.code));
    writer.u32(frame.wait_ms);
    return true;
}

bool write(Writer& writer, const Notice& frame) {
    if (!begin(writer, Type::notice, frame, 1)) return false;
    writer.u8(static_cast<std::uint8_t>(frame.code));
    return true;
}

}  // namespace chat::frame
