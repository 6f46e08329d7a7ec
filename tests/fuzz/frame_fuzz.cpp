// SPDX-License-Identifier: MIT
// What arrives after decryption: plaintexts of DATA from a member who means harm, or from such a
// server, sealed with the real keys; and the packets between the client's two processes. Whatever
// is read, written again, is what it was.
#include "tests/fuzz/frame_fuzz.h"

#include <array>
#include <variant>

#include "chat-client/core/receiver_event.h"
#include "proto/wire/frame.h"
#include "proto/wire/reader.h"

namespace chat::fuzz {
namespace {

bool is_known(std::uint8_t type) {
    static constexpr std::uint8_t known[] = {
        0x01, 0x02, 0x10, 0x11, 0x12, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28,
        0x29, 0x2a, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x40, 0x41, 0x50, 0x51, 0x52};
    static_assert(std::size(known) == std::variant_size_v<frame::Frame>);
    return std::ranges::find(known, type) != std::end(known);
}

// The plaintext without frames of unknown types, and without its filling.
Bytes known_frames(std::span<const std::byte> plaintext) {
    Bytes known;
    Reader reader(plaintext);
    while (reader.remaining() >= frame::header_bytes) {
        const auto at = plaintext.size() - reader.remaining();
        const std::uint8_t type = reader.u8();
        if (type == 0) break;
        const std::size_t size = reader.u16();
        reader.bytes(size);
        const auto whole = plaintext.subspan(at, frame::header_bytes + size);
        if (is_known(type)) known.insert(known.end(), whole.begin(), whole.end());
    }
    return known;
}

void check_inside(const frame::Events& events) {
    auto rest = events.entries;
    Bytes again;
    for (int i = 0; i < events.count; ++i) {
        const auto before = rest;
        const auto entry = frame::take_entry(rest);
        require(entry.has_value(), "all entries are there");
        const auto taken = before.first(before.size() - rest.size());
        require(frame::encoded_entry_bytes(*entry) == taken.size(), "an entry knows its size");
        require(frame::read_entry(taken).has_value(), "an entry is one by itself");
        frame::append_entry(*entry, again);
    }
    require(rest.empty() && std::ranges::equal(again, events.entries), "entries go round");
}
void check_inside(const frame::Members& members) {
    auto rest = members.names;
    Bytes again;
    for (int i = 0; i < members.count; ++i) {
        const auto name = frame::take_member_name(rest);
        require(name.has_value(), "all names are there");
        frame::append_member_name(*name, again);
    }
    require(rest.empty() && std::ranges::equal(again, members.names), "names go round");
}
void check_inside(const frame::Rooms& rooms) {
    auto rest = rooms.rooms;
    Bytes again;
    for (int i = 0; i < rooms.count; ++i) {
        const auto room = frame::take_listed_room(rest);
        require(room.has_value(), "all rooms are there");
        frame::append_listed_room(*room, again);
    }
    require(rest.empty() && std::ranges::equal(again, rooms.rooms), "rooms go round");
}
template <class Other>
void check_inside(const Other&) {}

void check_round_trip(frame::Sender sender, std::span<const std::byte> plaintext) {
    std::vector<frame::Frame> frames;
    if (!frame::read_frames(sender, plaintext, frames)) {
        require(frames.empty(), "nobody acts on half of a datagram");
        return;
    }
    std::array<std::byte, datagram::plaintext_bytes_max> buffer;
    Writer writer(buffer);
    for (const auto& one : frames) {
        std::visit([](const auto& f) { check_inside(f); }, one);
        require(std::visit([&](const auto& f) { return write(writer, f); }, one),
                "what was read fits again");
    }
    require(std::ranges::equal(writer.written(), known_frames(plaintext)), "frames go round");
    require(frame::pad(writer), "there is room for the filling");
    std::vector<frame::Frame> again;
    require(frame::read_frames(sender, writer.written(), again) && again.size() == frames.size(),
            "what was written is read");
}

void check_receiver_packets(std::span<const std::byte> bytes) {
    if (const auto order = client::decode_receiver_order(bytes)) {
        require(std::ranges::equal(client::encode(*order), bytes), "an order goes round");
    }
    const auto events = client::decode_receiver_packet(bytes);
    if (!events) return;
    client::ReceiverFrames frames;
    for (const auto& event : *events)
        frames.add(event);
    const auto packets = frames.take();
    require(packets.size() == 1 && std::ranges::equal(packets.front(), bytes),
            "a packet of events goes round");
}

}  // namespace
}  // namespace chat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chat::fuzz;
    Script script(data, size);
    const std::uint8_t what = script.byte();
    switch (what % 4) {
        case 0: {
            const auto sender =
                what < 128 ? chat::frame::Sender::client : chat::frame::Sender::server;
            check_round_trip(sender, script.rest());
            Bytes filled(script.rest().begin(), script.rest().end());
            filled.resize(chat::padded_size(filled.size()));
            check_round_trip(sender, filled);
            break;
        }
        case 1:
            check_receiver_packets(script.rest());
            break;
        case 2:
            play_frames_from_client(script);
            break;
        default:
            play_frames_from_server(script);
    }
    return 0;
}
