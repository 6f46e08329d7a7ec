// SPDX-License-Identifier: MIT
// Bytes to frames. Each read() follows the layout only; what the fields may hold stands in
// frame_rules.cpp.
#include <algorithm>

#include "proto/wire/frame.h"
#include "proto/wire/frame_rules.h"
#include "proto/wire/reader.h"

namespace chat::frame {

namespace {

template <std::size_t N>
void read_array(Reader& reader, std::array<std::byte, N>& to) {
    std::ranges::copy(reader.bytes(N), to.begin());
}

std::string_view read_name(Reader& reader) {
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

void read(Reader& reader, MembersWanted& frame) {
    frame.room = reader.u32();
    frame.after = read_name(reader);
}

bool read_last(Reader& reader, bool& last) {
    const auto value = reader.u8();
    last = value == 1;
    return value <= 1;
}

bool read(Reader& reader, Members& frame) {
    frame.room = reader.u32();
    frame.as_of = reader.u64();
    const bool canonical = read_last(reader, frame.last);
    frame.after = read_name(reader);
    frame.count = reader.u8();
    frame.names = reader.bytes(reader.remaining());
    return canonical;
}

void read(Reader& reader, PathChallenge& frame) {
    read_array(reader, frame.data);
}

void read(Reader& reader, PathResponse& frame) {
    read_array(reader, frame.data);
}

void read(Reader& reader, Welcome& frame) {
    frame.room = reader.u32();
    frame.next_seq = reader.u64();
    frame.head = reader.u64();
    frame.tail = reader.u64();
    frame.next_msg_id = reader.u64();
    frame.flags = reader.u8();
    read_array(reader, frame.reset_token);
    frame.name = read_name(reader);
}

void read(Reader& reader, Close& frame) {
    frame.code = static_cast<CloseCode>(reader.u8());
    frame.wait_ms = reader.u32();
}

template <typename F>
F& append(std::vector<Frame>& out) {
    return std::get<F>(out.emplace_back(std::in_place_type<F>));
}

template <typename F>
bool read_one(std::span<const std::byte> body, std::vector<Frame>& out) {
    Reader reader(body);
    F& frame = append<F>(out);
    read(reader, frame);
    return reader.complete() && is_valid(frame);
}

bool read_events(std::span<const std::byte> body, std::vector<Frame>& out) {
    return read_one<Events>(body, out) && has_valid_entries(std::get<Events>(out.back()));
}

bool read_members(std::span<const std::byte> body, std::vector<Frame>& out) {
    Reader reader(body);
    auto& frame = append<Members>(out);
    return read(reader, frame) && reader.complete() && is_valid(frame) && has_valid_names(frame);
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
            return server && read_events(body, out);
        case Type::event_part:
            return server && read_one<EventPart>(body, out);
        case Type::room_ack:
            return !server && read_one<RoomAck>(body, out);
        case Type::head:
            return server && read_one<Head>(body, out);
        case Type::gone:
            return server && read_one<Gone>(body, out);
        case Type::members_wanted:
            return !server && read_one<MembersWanted>(body, out);
        case Type::members:
            return server && read_members(body, out);
        case Type::path_challenge:
            return server && read_one<PathChallenge>(body, out);
        case Type::path_response:
            return !server && read_one<PathResponse>(body, out);
        case Type::welcome:
            return server && read_one<Welcome>(body, out);
        case Type::close:
            return read_close(sender, body, out);
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
