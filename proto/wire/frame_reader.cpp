// SPDX-License-Identifier: MIT
// Bytes to frames. Each read() follows the layout only; what the fields may hold stands in
// frame_rules.cpp.
#include <algorithm>
#include <type_traits>

#include "proto/wire/frame.h"
#include "proto/wire/frame_rules.h"
#include "proto/wire/reader.h"

namespace chat::frame {

namespace {

template <std::size_t N>
void read_array(Reader& reader, std::array<std::byte, N>& to) {
    std::ranges::copy(reader.bytes(N), to.begin());
}

// A name or a text of at most 255 bytes.
std::string_view read_short(Reader& reader) {
    const std::size_t bytes = reader.u8();
    return reader.text(bytes);
}

void read(Reader&, Ping&) {}

void read(Reader& reader, PktAck& frame) {
    frame.largest = reader.u64();
    frame.echo_ts = reader.u16();
    frame.delay_32us = reader.u16();
    frame.count = reader.u32();
    frame.bytes = reader.u32();
}

void read(Reader& reader, Msg& frame) {
    frame.room = reader.u32();
    frame.msg_id = reader.u64();
    frame.kind = static_cast<MsgKind>(reader.u8());
    frame.part = reader.u8();
    frame.parts = reader.u8();
    frame.text = reader.text(reader.remaining());
}

void read(Reader& reader, MsgAck& frame) {
    frame.next_msg_id = reader.u64();
    frame.have = reader.u8();
    frame.count = reader.u8();
    const auto count = std::min<std::size_t>(frame.count, results_max);
    for (auto& result : std::span(frame.results).first(count)) {
        result.msg_id = reader.u64();
        result.room = reader.u32();
        result.seq = reader.u64();
        result.status = static_cast<MsgStatus>(reader.u8());
    }
}

void read(Reader& reader, MsgFrom& frame) {
    frame.first_id = reader.u64();
}

void read(Reader& reader, Events& frame) {
    frame.room = reader.u32();
    frame.first_seq = reader.u64();
    frame.count = reader.u8();
    frame.entries = reader.bytes(reader.remaining());
}

void read(Reader& reader, EventPart& frame) {
    frame.room = reader.u32();
    frame.seq = reader.u64();
    frame.part = reader.u8();
    frame.parts = reader.u8();
    frame.bytes = reader.bytes(reader.remaining());
}

void read(Reader& reader, RoomAck& frame) {
    frame.room = reader.u32();
    frame.next_seq = reader.u64();
    frame.credit = reader.u16();
    frame.count = reader.u8();
    const auto count = std::min<std::size_t>(frame.count, gaps_max);
    for (auto& gap : std::span(frame.gaps).first(count)) {
        gap.offset = reader.u16();
        gap.count = reader.u16();
        gap.have = reader.u8();
    }
}

void read(Reader& reader, Head& frame) {
    frame.room = reader.u32();
    frame.head = reader.u64();
    frame.tail = reader.u64();
}

void read(Reader& reader, Gone& frame) {
    frame.room = reader.u32();
    frame.from = reader.u64();
    frame.to = reader.u64();
}

void read(Reader& reader, EntriesWanted& frame) {
    frame.room = reader.u32();
    frame.from = reader.u64();
    frame.count = reader.u16();
    frame.have = reader.u8();
}

void read(Reader& reader, Join& frame) {
    frame.kind = static_cast<RoomKind>(reader.u8());
    frame.name = read_short(reader);
}

void read(Reader& reader, Room& frame) {
    frame.room = reader.u32();
    frame.kind = static_cast<RoomKind>(reader.u8());
    frame.flags = reader.u8();
    frame.next_seq = reader.u64();
    frame.head = reader.u64();
    frame.tail = reader.u64();
    frame.pinned = reader.u64();
    frame.topic = read_short(reader);
    frame.name = read_short(reader);
}

void read(Reader& reader, NoRoom& frame) {
    frame.kind = static_cast<RoomKind>(reader.u8());
    frame.code = static_cast<NoRoomCode>(reader.u8());
    frame.name = read_short(reader);
}

void read(Reader& reader, Part& frame) {
    frame.room = reader.u32();
}

void read(Reader& reader, Parted& frame) {
    frame.room = reader.u32();
}

void read(Reader& reader, MembersWanted& frame) {
    frame.room = reader.u32();
    frame.after = read_short(reader);
}

// False: neither of the two bytes that say yes and no.
bool read_bool(Reader& reader, bool& flag) {
    const auto value = reader.u8();
    flag = value == 1;
    return value <= 1;
}

bool read(Reader& reader, Members& frame) {
    frame.room = reader.u32();
    frame.as_of = reader.u64();
    const bool is_bool = read_bool(reader, frame.last);
    frame.after = read_short(reader);
    frame.count = reader.u8();
    frame.names = reader.bytes(reader.remaining());
    return is_bool;
}

void read(Reader& reader, RoomsWanted& frame) {
    frame.after = read_short(reader);
}

bool read(Reader& reader, Rooms& frame) {
    const bool is_bool = read_bool(reader, frame.last);
    frame.after = read_short(reader);
    frame.count = reader.u8();
    frame.rooms = reader.bytes(reader.remaining());
    return is_bool;
}

void read(Reader& reader, Search& frame) {
    frame.id = reader.u32();
    frame.room = reader.u32();
    frame.before = reader.u64();
    frame.words = read_short(reader);
}

bool read(Reader& reader, Found& frame) {
    frame.id = reader.u32();
    const std::uint8_t flags = reader.u8();
    frame.more = (flags & found_more) != 0;
    frame.incomplete = (flags & found_incomplete) != 0;
    frame.count = reader.u8();
    const auto count = std::min<std::size_t>(frame.count, found_max);
    for (auto& place : std::span(frame.places).first(count)) {
        place.room = reader.u32();
        place.seq = reader.u64();
    }
    return flags <= (found_more | found_incomplete);
}

void read(Reader& reader, Seen& frame) {
    frame.room = reader.u32();
    frame.count = reader.u8();
    const auto count = std::min<std::size_t>(frame.count, seen_max);
    for (auto& message : std::span(frame.messages).first(count)) {
        message.seq = reader.u64();
        message.seen = reader.u32();
        message.of = reader.u32();
    }
}

void read(Reader& reader, PathChallenge& frame) {
    read_array(reader, frame.data);
}

void read(Reader& reader, PathResponse& frame) {
    read_array(reader, frame.data);
}

void read(Reader& reader, Welcome& frame) {
    frame.next_msg_id = reader.u64();
    frame.flags = reader.u8();
    read_array(reader, frame.reset_token);
    frame.room = reader.u32();
    frame.name = read_short(reader);
}

void read(Reader& reader, Close& frame) {
    frame.code = static_cast<CloseCode>(reader.u8());
    frame.wait_ms = reader.u32();
}

void read(Reader& reader, Notice& frame) {
    frame.code = static_cast<NoticeCode>(reader.u8());
}

// What has fields that not every byte fits says so itself.
template <typename F>
bool follows_layout(Reader& reader, F& frame) {
    if constexpr (std::is_void_v<decltype(read(reader, frame))>) {
        read(reader, frame);
        return reader.complete();
    } else {
        return read(reader, frame) && reader.complete();
    }
}

template <typename F>
bool read_one(std::span<const std::byte> body, std::vector<Frame>& out) {
    Reader reader(body);
    F& frame = std::get<F>(out.emplace_back(std::in_place_type<F>));
    return follows_layout(reader, frame) && is_valid(frame);
}

// A frame with a list in it.
template <typename F>
bool read_list(std::span<const std::byte> body, std::vector<Frame>& out) {
    return read_one<F>(body, out) && has_valid_items(std::get<F>(out.back()));
}

bool read_close(Sender sender, std::span<const std::byte> body, std::vector<Frame>& out) {
    return read_one<Close>(body, out) &&
           (sender == Sender::server || std::get<Close>(out.back()).code == CloseCode::quit);
}

bool read_body(Sender sender, Type type, std::span<const std::byte> body, std::vector<Frame>& out) {
    const bool server = sender == Sender::server;
    switch (type) {
        case Type::ping:
            return read_one<Ping>(body, out);
        case Type::pkt_ack:
            return read_one<PktAck>(body, out);
        case Type::msg:
            return !server && read_one<Msg>(body, out);
        case Type::msg_ack:
            return server && read_one<MsgAck>(body, out);
        case Type::msg_from:
            return !server && read_one<MsgFrom>(body, out);
        case Type::events:
            return server && read_list<Events>(body, out);
        case Type::event_part:
            return server && read_one<EventPart>(body, out);
        case Type::room_ack:
            return !server && read_one<RoomAck>(body, out);
        case Type::head:
            return server && read_one<Head>(body, out);
        case Type::gone:
            return server && read_one<Gone>(body, out);
        case Type::entries_wanted:
            return !server && read_one<EntriesWanted>(body, out);
        case Type::join:
            return !server && read_one<Join>(body, out);
        case Type::room:
            return server && read_one<Room>(body, out);
        case Type::no_room:
            return server && read_one<NoRoom>(body, out);
        case Type::part:
            return !server && read_one<Part>(body, out);
        case Type::parted:
            return server && read_one<Parted>(body, out);
        case Type::members_wanted:
            return !server && read_one<MembersWanted>(body, out);
        case Type::members:
            return server && read_list<Members>(body, out);
        case Type::rooms_wanted:
            return !server && read_one<RoomsWanted>(body, out);
        case Type::rooms:
            return server && read_list<Rooms>(body, out);
        case Type::search:
            return !server && read_one<Search>(body, out);
        case Type::found:
            return server && read_one<Found>(body, out);
        case Type::seen:
            return server && read_one<Seen>(body, out);
        case Type::path_challenge:
            return server && read_one<PathChallenge>(body, out);
        case Type::path_response:
            return !server && read_one<PathResponse>(body, out);
        case Type::welcome:
            return server && read_one<Welcome>(body, out);
        case Type::close:
            return read_close(sender, body, out);
        case Type::notice:
            return server && read_one<Notice>(body, out);
    }
    return true;  // a type of a later version
}

bool is_padded(std::span<const std::byte> plaintext) {
    return !plaintext.empty() && plaintext.size() <= datagram::plaintext_bytes_max &&
           plaintext.size() % datagram::padding_bytes == 0;
}

bool are_zeros(std::span<const std::byte> bytes) {
    return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

bool read_all(Sender sender, std::span<const std::byte> plaintext, std::vector<Frame>& out) {
    Reader reader(plaintext);
    while (reader.remaining() > 0) {
        const auto type = reader.u8();
        if (type == 0) return are_zeros(reader.bytes(reader.remaining()));
        const std::size_t bytes = reader.u16();
        const auto body = reader.bytes(bytes);
        if (!reader.ok() || !read_body(sender, static_cast<Type>(type), body, out)) return false;
    }
    return true;
}

}  // namespace

bool read_frames(Sender sender, std::span<const std::byte> plaintext, std::vector<Frame>& out) {
    out.clear();
    if (is_padded(plaintext) && read_all(sender, plaintext, out)) return true;
    out.clear();
    return false;
}

}  // namespace chat::frame
