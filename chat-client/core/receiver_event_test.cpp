// SPDX-License-Identifier: MIT
#include "chat-client/core/receiver_event.h"

#include <random>

#include "chat-client/core/test_support.h"
#include "proto/session/test_support.h"

using namespace chat;
using namespace chat::client;

namespace {

using Packet = std::vector<std::byte>;

// One of each kind, with bytes that live as long as the program.
std::vector<ReceiverEvent> one_of_each() {
    static const auto reset = datagram::encode(datagram::Reset{5, {}});
    static const auto names = [] {
        std::vector<std::byte> list;
        frame::append_member_name({1, "al"}, list);
        frame::append_member_name({0, "Bob"}, list);
        return list;
    }();
    static const std::vector<std::byte> rooms = [] {
        std::vector<std::byte> list;
        frame::append_listed_room({1, 12, "dev", "tea"}, list);
        return list;
    }();
    frame::Found found{3, true, 1, {}};
    found.places[0] = {7, 5};
    frame::Seen seen{7, 1, {}};
    seen.messages[0] = {5, 1, 2};
    frame::MsgAck ack{9, 3, 1, {}};
    ack.results[0] = {8, 1, 77, frame::MsgStatus::stored};
    return {
        HandshakeDatagram{reset},
        PacketReceived{1, 2, 3, 1200, true, Instant{-5}},
        EntryReceived{1, 7, {frame::EntryKind::message, 1, {42}, "al", "two\nlines"}},
        EntryReceived{1, 8, {frame::EntryKind::leave, 0, {43}, "al", ""}},
        EntryInParts{1, 9, 5},
        PortUnreachable{},
        frame::PktAck{1, 2, 3, 4, 5},
        ack,
        frame::Head{1, 12, 3},
        frame::Gone{1, 2, 3},
        frame::Members{1, 12, true, "aa", 2, names},
        frame::PathChallenge{{std::byte{9}}},
        frame::Welcome{2, 1, {std::byte{8}}, 5, "bob"},
        frame::Close{frame::CloseCode::kicked, 250},
        frame::Room{7, frame::RoomKind::named, 1, 3, 9, 2, 4, "tea", "dev"},
        frame::NoRoom{frame::RoomKind::conversation, frame::NoRoomCode::nobody, "eve"},
        frame::Parted{7},
        frame::Rooms{true, "aa", 1, rooms},
        found,
        seen,
        frame::Notice{},
    };
}

Packet packet_of(const std::vector<ReceiverEvent>& events) {
    ReceiverFrames frames;
    for (const auto& event : events)
        frames.add(event);
    auto packets = frames.take();
    REQUIRE(packets.size() == 1);
    return packets.front();
}

}  // namespace

TEST_CASE("every event comes out as it went in") {
    const auto events = one_of_each();
    const Packet packet = packet_of(events);
    const auto decoded = decode_receiver_packet(packet);
    REQUIRE(decoded.has_value());
    REQUIRE(decoded->size() == events.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
        CAPTURE(i);
        CHECK(decoded->at(i).index() == events[i].index());
        CHECK(packet_of({decoded->at(i)}) == packet_of({events[i]}));
    }
    CHECK(std::get<HandshakeDatagram>(decoded->at(0)).bytes.size() == datagram::reset_bytes);
    const auto& packet_received = std::get<PacketReceived>(decoded->at(1));
    CHECK(packet_received.counter == 2);
    CHECK(packet_received.at == Instant{-5});
    CHECK(packet_received.ack_eliciting);
    const auto& entry = std::get<EntryReceived>(decoded->at(2));
    CHECK(entry.seq == 7);
    CHECK(entry.entry.text == "two\nlines");
    CHECK(entry.entry.flags == 1);
    CHECK(std::get<frame::MsgAck>(decoded->at(7)).results[0].seq == 77);
    CHECK(std::get<frame::Members>(decoded->at(10)).after == "aa");
    CHECK(std::get<frame::Welcome>(decoded->at(12)).name == "bob");
    CHECK(std::get<frame::Room>(decoded->at(14)).topic == "tea");
    CHECK(std::get<frame::Found>(decoded->at(18)).places[0].seq == 5);
    CHECK(std::get<frame::Seen>(decoded->at(19)).messages[0].of == 2);
}

TEST_CASE("a packet that is not exactly its events is dropped whole") {
    CHECK_FALSE(decode_receiver_packet({}).has_value());
    for (const auto& event : one_of_each()) {
        const Packet packet = packet_of({event});
        CAPTURE(std::to_integer<int>(packet[0]));
        CAPTURE(packet.size());
        Packet longer = packet;
        longer.push_back(std::byte{0});
        CHECK_FALSE(decode_receiver_packet(longer).has_value());
        for (std::size_t bytes = 1; bytes < packet.size(); ++bytes)
            CHECK_FALSE(decode_receiver_packet(std::span(packet).first(bytes)).has_value());
        // One byte more or less in the body than there is.
        for (const int by : {-1, 1, 16}) {
            Packet other = packet;
            const auto length = std::to_integer<int>(packet[1]) + by;
            if (length < 0 || length > 255) continue;
            other[1] = static_cast<std::byte>(length);
            if (by > 0) other.resize(other.size() + static_cast<std::size_t>(by));
            if (by < 0) other.pop_back();
            const bool text_grows = std::holds_alternative<EntryReceived>(event);
            if (!text_grows) CHECK_FALSE(decode_receiver_packet(other).has_value());
        }
        for (const int kind : {0, 7, 255}) {
            Packet other = packet;
            other[0] = static_cast<std::byte>(kind);
            CHECK_FALSE(decode_receiver_packet(other).has_value());
        }
    }
    Packet two_flags = packet_of({PacketReceived{}});
    two_flags[5 + 16] = std::byte{2};
    CHECK_FALSE(decode_receiver_packet(two_flags).has_value());
    // What only a client sends, and DATA, are no events.
    const auto init = datagram::encode(datagram::Init{1, 2, {}, {}});
    Packet handshake = packet_of({HandshakeDatagram{init}});
    CHECK_FALSE(decode_receiver_packet(handshake).has_value());
    Packet ping = packet_of({frame::Head{1, 1, 1}});
    ping.resize(5 + 16);
    std::fill(ping.begin() + 5, ping.end(), std::byte{0});
    ping[1] = std::byte{16};
    CHECK_FALSE(decode_receiver_packet(ping).has_value());
    ping[5] = std::byte{1};
    CHECK_FALSE(decode_receiver_packet(ping).has_value());
    ping[5] = std::byte{0x7f};
    CHECK_FALSE(decode_receiver_packet(ping).has_value());
}

TEST_CASE("packets stay below their limit, and keep their order") {
    const std::string text(8192, 'x');
    ReceiverFrames frames;
    CHECK(frames.empty());
    for (std::uint64_t seq = 1; seq <= 20; ++seq)
        frames.add(EntryReceived{1, seq, {frame::EntryKind::message, 0, {}, "al", text}});
    CHECK_FALSE(frames.empty());
    std::uint64_t next = 1;
    const auto packets = frames.take();
    CHECK(packets.size() == 7);
    for (const auto& packet : packets) {
        CHECK(packet.size() <= ReceiverFrames::packet_bytes_max);
        const auto events = decode_receiver_packet(packet);
        REQUIRE(events.has_value());
        for (const auto& event : *events)
            CHECK(std::get<EntryReceived>(event).seq == next++);
    }
    CHECK(next == 21);
    CHECK(frames.empty());
    CHECK(frames.take().empty());
}

TEST_CASE("random packets never get through as something they are not") {
    std::mt19937_64 dice(3);
    const Packet good = packet_of(one_of_each());
    int accepted = 0;
    for (int i = 0; i < 50'000; ++i) {
        Packet packet = good;
        for (std::uint64_t n = 1 + dice() % 3; n > 0; --n)
            packet[dice() % packet.size()] = static_cast<std::byte>(dice() & 0xff);
        if (dice() % 4 == 0) packet.resize(dice() % packet.size());
        const auto events = decode_receiver_packet(packet);
        if (!events) continue;
        ++accepted;
        // Whatever is accepted has one form only.
        const bool same = packet_of(*events) == packet;
        CHECK(same);
    }
    CHECK(accepted > 100);
}

TEST_CASE("orders come out as they went in, and nothing else does") {
    const Key32 key = session_test::key_of(9);
    const auto install = encode(InstallKey{0x01020304, key});
    const auto decoded = decode_receiver_order(install);
    REQUIRE(decoded.has_value());
    CHECK(std::get<InstallKey>(*decoded).sid == 0x01020304);
    CHECK(std::get<InstallKey>(*decoded).key == key);
    CHECK_FALSE(std::get<InstallKey>(*decoded).new_log);
    const auto decoded_new = decode_receiver_order(encode(InstallKey{1, key, true}));
    REQUIRE(decoded_new.has_value());
    CHECK(std::get<InstallKey>(*decoded_new).new_log);
    const auto forget = encode(ForgetKey{7});
    const auto decoded_forget = decode_receiver_order(forget);
    REQUIRE(decoded_forget.has_value());
    CHECK(std::get<ForgetKey>(*decoded_forget).sid == 7);
    for (const auto& order : {install, forget}) {
        for (std::size_t bytes = 0; bytes < order.size(); ++bytes)
            CHECK_FALSE(decode_receiver_order(std::span(order).first(bytes)).has_value());
        auto longer = order;
        longer.push_back(std::byte{0});
        CHECK_FALSE(decode_receiver_order(longer).has_value());
        auto other = order;
        other[0] = std::byte{3};
        CHECK_FALSE(decode_receiver_order(other).has_value());
    }
}
