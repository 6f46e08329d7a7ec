// SPDX-License-Identifier: MIT
// A client of the secure protocol that does what it is told: the real handshake and ciphers, and
// whatever frames a test wants to send. It notes all it hears, room by room; that a number means
// one entry is checked as it comes.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat-server/core/entry.h"
#include "proto/session/cipher.h"
#include "proto/session/initiator.h"
#include "proto/session/key_schedule.h"
#include "proto/session/test_support.h"
#include "proto/wire/datagram.h"
#include "proto/wire/frame.h"
#include "tests/support/catch.h"

namespace chat::server {

using Bytes = std::vector<std::byte>;
using Lines = std::vector<std::string>;

inline Path at(std::uint16_t port, IpAddress ip = IpAddress::v4(192, 0, 2, 1)) {
    return {{ip, port, 0}, {}};
}

inline frame::Msg message(RoomId room, std::uint64_t msg_id, std::uint8_t part, std::uint8_t parts,
                          std::string_view text) {
    return {room, msg_id, frame::MsgKind::message, part, parts, text};
}

// One plaintext, written frame by frame.
class Plaintext {
  public:
    template <class Frame>
    Plaintext& operator<<(const Frame& frame) {
        REQUIRE(frame::write(writer_, frame));
        return *this;
    }
    Plaintext& raw(std::string_view bytes) {
        writer_.text(bytes);
        return *this;
    }
    std::span<const std::byte> padded() {
        REQUIRE(frame::pad(writer_));
        return writer_.written();
    }

  private:
    std::array<std::byte, datagram::plaintext_bytes_max> buffer_{};
    Writer writer_{buffer_};
};

// What a client has heard of one room.
struct HeardRoom {
    std::optional<frame::Room> room;  // without its texts
    std::string name;
    std::string topic;
    std::size_t told = 0;                // how often ROOM came
    std::map<Seq, std::string> entries;  // complete ones
    std::vector<Seq> came;               // every entry or part, in the order of coming
    Seq highest = 0;                     // entry
    Seq next_seq = 1;                    // everything before it is there, or said to be gone
    Seq known_end = 1;
    std::map<Seq, std::map<std::uint8_t, Bytes>> parts;
    std::set<Seq> gone;
    std::map<Seq, frame::SeenCount> seen;

    Lines lines() const {
        Lines all;
        for (const auto& [seq, text] : entries)
            all.push_back(text);
        return all;
    }
    void put(Seq seq, const frame::Entry& entry) {
        came.push_back(seq);
        highest = std::max(highest, seq);
        known_end = std::max(known_end, seq + 1);
        const std::string who = (entry.flags != 0 ? "~" : "") + std::string(entry.name);
        std::string text;
        switch (entry.kind) {
            case frame::EntryKind::message:
                text = who + ": " + std::string(entry.text);
                break;
            case frame::EntryKind::join:
                text = "+" + who;
                break;
            case frame::EntryKind::leave:
                text = "-" + who;
                break;
            case frame::EntryKind::announcement:
                text = "! " + std::string(entry.text);
                break;
            case frame::EntryKind::topic:
                text = who + "# " + std::string(entry.text);
                break;
            case frame::EntryKind::pinned:
                text = "^ " + std::string(entry.text);
                break;
        }
        const auto [place, fresh] = entries.emplace(seq, text);
        REQUIRE((fresh || place->second == text));  // a number means one entry
    }
    void go_on() {
        while (entries.contains(next_seq) || gone.contains(next_seq))
            ++next_seq;
    }
};

class TestClient {
  public:
    TestClient(std::string own_name, const Path& own_path, std::uint64_t seed)
        : name(std::move(own_name)),
          path(own_path),
          epoch(seed * 1000),
          random_(seed),
          identity(KeyPair::generate(random_)) {}

    std::string name;
    Path path;
    std::uint64_t epoch;
    bool deaf = false;   // what is sent to it gets lost
    bool states = true;  // answers ROOM with ROOM_ACK

  private:
    session_test::SeededRandom random_;

  public:
    KeyPair identity;
    datagram::FiniPayload request;  // but for names and epoch
    std::string landing;
    Key32 password_key{};

    // --- what it heard
    std::optional<frame::Welcome> welcome;
    std::string welcome_name;
    std::size_t welcomes = 0;
    std::vector<frame::Close> closes;
    std::map<RoomId, HeardRoom> rooms;
    HeardRoom& lobby = rooms[1];
    std::map<Seq, std::string>& entries = lobby.entries;
    std::vector<Seq>& came = lobby.came;
    Seq& highest = lobby.highest;
    Seq& next_seq = lobby.next_seq;
    std::vector<frame::MsgAck> msg_acks;
    std::vector<frame::Head> heads;
    std::vector<frame::Gone> gones;
    std::vector<frame::PktAck> pkt_acks;
    std::vector<std::pair<frame::Members, Lines>> members;
    std::vector<std::pair<frame::Rooms, Lines>> room_lists;  // "+" his, name, members, topic
    std::vector<frame::Found> found;
    std::vector<std::pair<frame::NoRoomCode, std::string>> no_rooms;
    std::vector<RoomId> parted;
    std::vector<frame::PathData> challenges;
    std::vector<datagram::Reset> resets;
    std::vector<RoomId> to_state;  // rooms that came and were not answered
    std::size_t notices = 0;
    std::size_t seens = 0;
    std::size_t pings = 0;
    std::size_t datagrams = 0;
    std::size_t bytes = 0;
    std::vector<std::size_t> sizes;

    bool online() const { return sealer_.has_value() && welcome.has_value(); }
    std::uint32_t server_sid() const { return server_sid_; }
    const datagram::RespPayload& offer() const { return offer_; }

    // --- the handshake
    void start(const Now& now) {
        handshake_.reset();
        memory_ = std::make_unique<std::pmr::unsynchronized_pool_resource>();
        handshake_.emplace(now, identity, random_, *memory_);
    }
    Initiator& handshake() { return *handshake_; }
    bool in_handshake() const { return handshake_.has_value(); }
    void trust(const Now& now) {
        offer_ = handshake_->offer();
        datagram::FiniPayload full = request;
        full.client_epoch = epoch;
        full.name_bytes = static_cast<std::uint8_t>(name.size());
        std::ranges::copy(name, full.name.begin());
        full.room_bytes = static_cast<std::uint8_t>(landing.size());
        std::ranges::copy(landing, full.room.begin());
        handshake_->trust(now, password_key, full);
    }
    // The keys of the finished handshake; those before still open.
    void take_keys() {
        previous_opener_ = std::move(opener_);
        previous_sealer_ = std::move(sealer_);
        opener_.emplace(handshake_->receive_key());
        sealer_.emplace(handshake_->send_key(), handshake_->server_sid());
        client_sid_ = handshake_->client_sid();
        server_sid_ = handshake_->server_sid();
        received_ = received_bytes_ = 0;
    }

    // --- sending
    Bytes seal(Plaintext& plaintext, bool with_previous_key = false) {
        const auto padded = plaintext.padded();
        Bytes datagram(datagram::data_header_bytes + padded.size() + datagram::tag_bytes);
        std::ranges::copy(padded, datagram.begin() + datagram::data_header_bytes);
        Sealer& sealer = with_previous_key ? *previous_sealer_ : *sealer_;
        REQUIRE(sealer.seal(ts, datagram));
        return datagram;
    }
    std::uint16_t ts = 7;

    frame::PktAck pkt_ack() const {
        return {highest_counter_, last_ts_, 0, static_cast<std::uint32_t>(received_),
                static_cast<std::uint32_t>(received_bytes_)};
    }
    frame::RoomAck room_ack(std::uint16_t credit = 1000, RoomId room = 1) {
        const HeardRoom& heard = rooms[room];
        frame::RoomAck ack;
        ack.room = room;
        ack.next_seq = heard.next_seq;
        ack.credit = credit;
        for (Seq seq = heard.next_seq; seq < heard.known_end && ack.count < frame::gaps_max;
             ++seq) {
            if (heard.entries.contains(seq)) continue;
            const auto parts = heard.parts.find(seq);
            frame::Gap gap{static_cast<std::uint16_t>(seq - heard.next_seq), 1, 0};
            if (parts != heard.parts.end()) {
                for (const auto& [part, text] : parts->second)
                    gap.have = static_cast<std::uint8_t>(gap.have | 1U << part);
            }
            ack.gaps[ack.count++] = gap;
        }
        return ack;
    }

    // --- receiving
    void hear(const Now& now, std::span<const std::byte> datagram) {
        ++datagrams;
        bytes += datagram.size();
        sizes.push_back(datagram.size());
        const auto type = datagram::type_of(datagram);
        REQUIRE(type);
        if (type == datagram::Type::reset) {
            resets.push_back(*datagram::decode_reset(datagram));
        } else if (type == datagram::Type::data) {
            hear_data(datagram);
        } else if (handshake_) {
            handshake_->on_datagram(now, datagram);
        }
    }

    Lines lines() const { return lobby.lines(); }
    void forget() {
        closes.clear();
        for (auto& [room, heard] : rooms)
            heard.came.clear();
        msg_acks.clear();
        heads.clear();
        gones.clear();
        pkt_acks.clear();
        members.clear();
        room_lists.clear();
        found.clear();
        no_rooms.clear();
        parted.clear();
        challenges.clear();
        resets.clear();
        sizes.clear();
        pings = datagrams = bytes = welcomes = notices = seens = 0;
    }

  private:
    void hear_data(std::span<const std::byte> datagram) {
        Bytes copy(datagram.begin(), datagram.end());
        bool current = true;
        std::optional<Opened> opened;
        if (opener_) {
            if (auto result = opener_->open(copy)) opened = *result;
        }
        if (!opened && previous_opener_) {
            copy.assign(datagram.begin(), datagram.end());
            current = false;
            if (auto result = previous_opener_->open(copy)) opened = *result;
        }
        REQUIRE(opened);  // the server never seals for somebody else, nor twice
        if (current) {
            ++received_;
            received_bytes_ += datagram.size();
            if (opened->counter >= highest_counter_ || received_ == 1) {
                highest_counter_ = opened->counter;
                last_ts_ = opened->ts;
            }
        }
        std::vector<frame::Frame> frames;
        REQUIRE(frame::read_frames(frame::Sender::server, opened->plaintext, frames));
        for (const auto& one : frames)
            std::visit([this](const auto& f) { take(f); }, one);
        for (auto& [room, heard] : rooms)
            heard.go_on();
    }

    void take(const frame::Welcome& f) {
        welcome = f;
        welcome_name = f.name;
        ++welcomes;
    }
    void take(const frame::Room& f) {
        HeardRoom& heard = rooms[f.room];
        heard.room = f;
        heard.name = f.name;
        heard.topic = f.topic;
        ++heard.told;
        heard.next_seq = std::max(heard.next_seq, f.next_seq);
        heard.known_end = std::max(heard.known_end, f.head);
        to_state.push_back(f.room);
    }
    void take(const frame::NoRoom& f) { no_rooms.emplace_back(f.code, f.name); }
    void take(const frame::Parted& f) { parted.push_back(f.room); }
    void take(const frame::Notice&) { ++notices; }
    void take(const frame::Found& f) { found.push_back(f); }
    void take(const frame::Seen& f) {
        ++seens;
        for (const auto& count : std::span(f.messages).first(f.count))
            rooms[f.room].seen[count.seq] = count;
    }
    void take(const frame::Rooms& f) {
        auto rest = f.rooms;
        Lines lines;
        while (const auto one = frame::take_listed_room(rest)) {
            lines.push_back((one->flags != 0 ? "+" : "") + std::string(one->name) + " " +
                            std::to_string(one->members) + " " + std::string(one->topic));
        }
        room_lists.emplace_back(f, std::move(lines));
    }
    void take(const frame::Close& f) { closes.push_back(f); }
    void take(const frame::MsgAck& f) { msg_acks.push_back(f); }
    void take(const frame::PktAck& f) { pkt_acks.push_back(f); }
    void take(const frame::Head& f) {
        heads.push_back(f);
        HeardRoom& heard = rooms[f.room];
        heard.known_end = std::max(heard.known_end, f.head);
    }
    void take(const frame::Gone& f) {
        gones.push_back(f);
        HeardRoom& heard = rooms[f.room];
        for (Seq seq = f.from; seq <= f.to; ++seq)
            heard.gone.insert(seq);
        heard.known_end = std::max(heard.known_end, f.to + 1);
    }
    void take(const frame::Ping&) { ++pings; }
    void take(const frame::PathChallenge& f) { challenges.push_back(f.data); }
    void take(const frame::Members& f) {
        auto rest = f.names;
        Lines names;
        while (const auto one = frame::take_member_name(rest))
            names.push_back((one->flags != 0 ? "~" : "") + std::string(one->name));
        members.emplace_back(f, std::move(names));
    }
    void take(const frame::Events& f) {
        auto rest = f.entries;
        for (Seq seq = f.first_seq; seq < f.first_seq + f.count; ++seq) {
            const auto entry = frame::take_entry(rest);
            REQUIRE(entry);
            rooms[f.room].put(seq, *entry);
        }
    }
    void take(const frame::EventPart& f) {
        HeardRoom& heard = rooms[f.room];
        heard.came.push_back(f.seq);
        heard.known_end = std::max(heard.known_end, f.seq + 1);
        auto& parts = heard.parts[f.seq];
        parts[f.part] = Bytes(f.bytes.begin(), f.bytes.end());
        if (parts.size() < f.parts) return;
        Bytes whole;
        for (const auto& [part, some] : parts)
            whole.insert(whole.end(), some.begin(), some.end());
        const auto entry = frame::read_entry(whole);
        REQUIRE(entry);
        heard.put(f.seq, *entry);
        heard.came.pop_back();
    }
    template <class Other>
    void take(const Other&) {
        FAIL("a frame that only clients send");
    }

    std::unique_ptr<std::pmr::unsynchronized_pool_resource> memory_;
    std::optional<Initiator> handshake_;
    std::optional<Sealer> sealer_, previous_sealer_;
    std::optional<ClientOpener> opener_, previous_opener_;
    datagram::RespPayload offer_;
    std::uint32_t client_sid_ = 0;
    std::uint32_t server_sid_ = 0;
    std::uint64_t highest_counter_ = 0;
    std::uint16_t last_ts_ = 0;
    std::uint64_t received_ = 0;
    std::uint64_t received_bytes_ = 0;
};

using Codes = std::vector<frame::CloseCode>;

inline Codes codes(const TestClient& client) {
    Codes all;
    for (const auto& close : client.closes)
        all.push_back(close.code);
    return all;
}

inline PublicKey public_key(unsigned char byte) {
    return {session_test::key_of(byte)};
}

}  // namespace chat::server
