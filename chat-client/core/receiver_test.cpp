// SPDX-License-Identifier: MIT
#include "chat-client/core/receiver.h"

#include <array>
#include <memory_resource>
#include <random>

#include "chat-client/core/entry_parts.h"
#include "chat-client/core/test_support.h"
#include "proto/session/cipher.h"
#include "proto/session/nonce_check.h"
#include "proto/session/test_support.h"

using namespace chat;
using namespace chat::client;
using session_test::key_of;

namespace {

using Bytes = std::vector<std::byte>;

std::string word(const ReceiverEvent& event) {
    if (const auto* p = std::get_if<PacketReceived>(&event)) {
        return "packet " + std::to_string(p->sid) + " " + std::to_string(p->counter) +
               (p->ack_eliciting ? " asks" : "");
    }
    if (const auto* e = std::get_if<EntryReceived>(&event)) {
        return "entry " + std::to_string(e->seq) + " " + std::string(e->entry.text.substr(0, 9));
    }
    if (const auto* p = std::get_if<EntryInParts>(&event)) {
        return "parts of " + std::to_string(p->seq) + ": " + std::to_string(p->have);
    }
    if (std::holds_alternative<HandshakeDatagram>(event)) return "handshake";
    return "frame " + std::to_string(event.index());
}

struct ReceiverBench {
    ReceiverBench() {
        forget_nonces();
        arena.fill(std::byte{0xaa});
    }
    template <class... Frames>
    Bytes seal(Sealer& sealer, const Frames&... frames) {
        Bytes datagram(datagram::bytes_max);
        const std::span<std::byte> whole(datagram);
        Writer writer(whole.subspan(datagram::data_header_bytes, datagram::plaintext_bytes_max));
        const bool fits = (frame::write(writer, frames) && ... && frame::pad(writer));
        REQUIRE(fits);
        datagram.resize(writer.size() + data_overhead_bytes);
        REQUIRE(sealer.seal(1, datagram));
        return datagram;
    }
    Bytes seal_plaintext(Sealer& sealer, std::span<const std::byte> plaintext) {
        Bytes datagram(plaintext.size() + data_overhead_bytes);
        std::ranges::copy(plaintext, datagram.begin() + datagram::data_header_bytes);
        REQUIRE(sealer.seal(1, datagram));
        return datagram;
    }
    Lines take(Bytes datagram) {
        ReceiverFrames frames;
        receiver.on_datagram(Instant{5}, datagram, frames);
        Lines words;
        for (const auto& packet : frames.take()) {
            const auto events = decode_receiver_packet(packet);
            REQUIRE(events.has_value());
            for (const auto& event : *events)
                words.push_back(word(event));
        }
        return words;
    }
    void install(std::uint32_t sid, unsigned char key) {
        CHECK(receiver.on_order(encode(InstallKey{sid, key_of(key)})));
    }
    void install_for_new_log(std::uint32_t sid, unsigned char key) {
        CHECK(receiver.on_order(encode(InstallKey{sid, key_of(key), true})));
    }
    void forget(std::uint32_t sid) { CHECK(receiver.on_order(encode(ForgetKey{sid}))); }
    bool holds_key(unsigned char key) { return session_test::holds(arena, key_of(key)); }

    alignas(16) std::array<std::byte, 16 * 1024> arena{};
    std::pmr::monotonic_buffer_resource memory{arena.data(), arena.size(),
                                               std::pmr::null_memory_resource()};
    Receiver receiver{memory};
};

Bytes entry_bytes(const std::string& text) {
    Bytes bytes;
    frame::append_entry({frame::EntryKind::message, 0, {}, "al", text}, bytes);
    return bytes;
}

frame::EventPart part_of(const Bytes& entry, std::uint64_t seq, std::size_t part) {
    const auto parts = (entry.size() + frame::part_bytes - 1) / frame::part_bytes;
    const std::size_t from = part * frame::part_bytes;
    return {1, seq, static_cast<std::uint8_t>(part), static_cast<std::uint8_t>(parts),
            std::span(entry).subspan(from, std::min(frame::part_bytes, entry.size() - from))};
}

}  // namespace

TEST_CASE("what an authentic datagram holds is handed on, once") {
    ReceiverBench b;
    Sealer sealer(key_of(1), 10);
    const Bytes entries = [] {
        Bytes two = entry_bytes("one");
        const Bytes second = entry_bytes("two");
        two.insert(two.end(), second.begin(), second.end());
        return two;
    }();
    const Bytes datagram = b.seal(sealer, frame::PktAck{}, frame::Events{1, 7, 2, entries},
                                  frame::Head{1, 9, 1}, frame::Ping{});
    CHECK(b.take(datagram).empty());
    CHECK(b.receiver.counters().unknown_sid == 1);
    b.install(10, 1);
    CHECK(b.take(datagram) ==
          Lines{"packet 10 0 asks", "frame 5", "entry 7 one", "entry 8 two", "frame 7"});
    CHECK(b.take(datagram).empty());
    CHECK(b.receiver.counters().replayed == 1);
    CHECK(b.take(b.seal(sealer, frame::Head{1, 9, 1})) == Lines{"packet 10 1", "frame 7"});
    CHECK(b.receiver.counters().datagrams == 4);
}

TEST_CASE("forged, cut, empty and foreign datagrams are counted and give nothing") {
    ReceiverBench b;
    b.install(10, 1);
    Sealer sealer(key_of(1), 10);
    Sealer stranger(key_of(2), 10);
    const Bytes good = b.seal(sealer, frame::Head{1, 9, 1});
    CHECK(b.take(b.seal(stranger, frame::Ping{})).empty());
    CHECK(b.receiver.counters().forged == 1);
    std::uint64_t wrong = 0;
    for (std::size_t i = 0; i < good.size(); ++i) {
        Bytes altered = good;
        altered[i] ^= std::byte{4};
        wrong += b.take(altered).empty() ? 1 : 0;
        wrong += b.take(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(i))).empty()
                     ? 1
                     : 0;
    }
    CHECK(wrong == 2 * good.size());
    CHECK(b.take(good).size() == 2);
    const auto& counters = b.receiver.counters();
    CHECK(counters.malformed > good.size());
    CHECK(counters.malformed + counters.forged + counters.unknown_sid + counters.replayed ==
          2 * good.size() + 1);
}

TEST_CASE("an authentic datagram with a wrong frame is acknowledged and otherwise ignored") {
    ReceiverBench b;
    b.install(10, 1);
    Sealer sealer(key_of(1), 10);
    Bytes plaintext(48);
    plaintext[0] = std::byte{0x23};  // HEAD, and then something cut off
    plaintext[1] = std::byte{20};
    plaintext[7] = plaintext[15] = std::byte{1};
    plaintext[23] = std::byte{0x24};
    plaintext[24] = std::byte{99};
    CHECK(b.take(b.seal_plaintext(sealer, plaintext)) == Lines{"packet 10 0"});
    CHECK(b.receiver.counters().bad_frames == 1);
    // What only a client sends.
    CHECK(b.take(b.seal(sealer, frame::Ping{}, frame::PathResponse{})) == Lines{"packet 10 1"});
    CHECK(b.receiver.counters().bad_frames == 2);
}

TEST_CASE("handshake answers are handed on as they are, what a client sends is not") {
    ReceiverBench b;
    const auto give = [&b](const auto& bytes) { return b.take({bytes.begin(), bytes.end()}); };
    CHECK(give(datagram::encode(datagram::Retry{})) == Lines{"handshake"});
    CHECK(give(datagram::encode(datagram::Resp{})) == Lines{"handshake"});
    CHECK(give(datagram::encode(datagram::Reset{})) == Lines{"handshake"});
    CHECK(give(datagram::encode(datagram::Refuse{})) == Lines{"handshake"});
    CHECK(give(datagram::encode(datagram::Init{})).empty());
    CHECK(give(datagram::encode(datagram::Fini{})).empty());
    CHECK(b.take({}).empty());
    auto longer = datagram::encode(datagram::Resp{});
    Bytes with_tail(longer.begin(), longer.end());
    with_tail.push_back(std::byte{0});
    CHECK(give(with_tail).empty());
    CHECK(b.receiver.counters().malformed == 4);
}

TEST_CASE("two keys at most, each wiped when it is forgotten or replaced") {
    ReceiverBench b;
    Sealer first(key_of(1), 10), second(key_of(2), 20), third(key_of(3), 30);
    b.install(10, 1);
    b.install(20, 2);
    CHECK(b.holds_key(1));
    CHECK(b.holds_key(2));
    CHECK(b.take(b.seal(first, frame::Ping{})).size() == 1);
    CHECK(b.take(b.seal(second, frame::Ping{})).size() == 1);
    b.install(30, 3);
    CHECK_FALSE(b.holds_key(1));
    CHECK(b.take(b.seal(first, frame::Ping{})).empty());
    CHECK(b.take(b.seal(second, frame::Ping{})).size() == 1);
    CHECK(b.take(b.seal(third, frame::Ping{})).size() == 1);
    b.forget(30);
    CHECK_FALSE(b.holds_key(3));
    CHECK(b.take(b.seal(third, frame::Ping{})).empty());
    b.forget(30);
    b.forget(99);
    CHECK(b.take(b.seal(second, frame::Ping{})).size() == 1);
    b.install(40, 4);
    CHECK(b.holds_key(2));
    CHECK(b.holds_key(4));
    // The same sid again is another key.
    b.install(40, 5);
    CHECK_FALSE(b.holds_key(4));
    CHECK(b.holds_key(5));
    CHECK(b.holds_key(2));
    CHECK_FALSE(b.receiver.on_order({}));
}

TEST_CASE("parts of a long entry are put together, in any order and with repetitions") {
    ReceiverBench b;
    b.install(10, 1);
    Sealer sealer(key_of(1), 10);
    const Bytes entry = entry_bytes(std::string(3000, 'x'));
    const auto give = [&](std::size_t part) {
        return b.take(b.seal(sealer, part_of(entry, 7, part))).back();
    };
    CHECK(give(2) == "parts of 7: 4");
    CHECK(give(2) == "parts of 7: 4");
    CHECK(give(0) == "parts of 7: 5");
    CHECK(give(1) == "entry 7 xxxxxxxxx");
    CHECK(give(1) == "parts of 7: 2");
    for (std::uint64_t seq = 100; seq < 132; ++seq)
        CHECK(b.take(b.seal(sealer, part_of(entry, seq, 0))).size() == (seq < 131 ? 2 : 3));
    CHECK(b.take(b.seal(sealer, part_of(entry, 132, 0))) ==
          Lines{"packet 10 37 asks", "parts of 100: 0", "parts of 132: 1"});
    // Bytes that are no entry once they are together.
    Bytes rubbish = entry;
    rubbish[0] = std::byte{99};
    for (const std::size_t part : {0U, 1U})
        b.take(b.seal(sealer, part_of(rubbish, 9, part)));
    CHECK(b.take(b.seal(sealer, part_of(rubbish, 9, 2))).back() == "parts of 9: 0");
    CHECK(b.receiver.counters().bad_frames == 1);
}

TEST_CASE("thirty-two entries in parts at once, and who is dropped is told") {
    EntryParts parts;
    const Bytes entry = entry_bytes(std::string(3000, 'x'));
    for (std::uint64_t seq = 1; seq <= 32; ++seq)
        CHECK_FALSE(parts.add(part_of(entry, seq, 0)).given_up);
    CHECK(parts.add(part_of(entry, 1, 1)).have == 3);
    const auto added = parts.add(part_of(entry, 33, 0));
    REQUIRE(added.given_up);
    CHECK(added.given_up->seq == 2);
    const auto complete = parts.add(part_of(entry, 1, 2)).complete;
    CHECK(Bytes(complete.begin(), complete.end()) == entry);
    parts.forget({1, 1});
    CHECK(parts.add(part_of(entry, 1, 2)).have == 4);
}

TEST_CASE("hostile datagrams never stop the receiver") {
    ReceiverBench b;
    b.install(10, 1);
    Sealer sealer(key_of(1), 10);
    std::mt19937_64 dice(11);
    for (int i = 0; i < 20'000; ++i) {
        Bytes bytes(16 * (1 + dice() % 73));
        for (auto& byte : bytes)
            byte = static_cast<std::byte>(dice() & 0xff);
        // Authentic rubbish: small numbers where types and lengths stand.
        if (dice() % 2 == 0) {
            for (std::size_t at = 0; at + 3 < bytes.size(); at += 3 + dice() % 40) {
                bytes[at] = static_cast<std::byte>(dice() % 0x60);
                bytes[at + 1] = static_cast<std::byte>(dice() % 40);
                bytes[at + 2] = std::byte{0};
            }
            const auto words = b.take(b.seal_plaintext(sealer, bytes));
            CHECK(words.at(0).starts_with("packet"));
        } else {
            bytes[0] = static_cast<std::byte>(0xf8 + dice() % 8);
            b.take(bytes);
        }
    }
    CHECK(b.receiver.counters().bad_frames > 5000);
}

TEST_CASE("parts and keys of an older log are forgotten with it") {
    ReceiverBench b;
    b.install(10, 1);
    Sealer old_sealer(key_of(1), 10);
    const Bytes old_entry = entry_bytes(std::string(3000, 'o'));
    const Bytes new_entry = entry_bytes(std::string(2000, 'n'));
    b.take(b.seal(old_sealer, part_of(old_entry, 40, 0)));
    b.install_for_new_log(11, 2);
    Sealer sealer(key_of(2), 11);
    b.take(b.seal(sealer, part_of(new_entry, 40, 1)));
    const auto words = b.take(b.seal(sealer, part_of(new_entry, 40, 0)));
    CHECK(words.back() == "entry 40 nnnnnnnnn");
    // Late datagrams of the old log's server say nothing about the new one.
    CHECK(b.take(b.seal(old_sealer, part_of(old_entry, 41, 0))).empty());
}
