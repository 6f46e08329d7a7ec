// SPDX-License-Identifier: MIT
#include "chat-server/core/receipts.h"

#include <array>
#include <string>
#include <variant>
#include <vector>

#include "proto/wire/datagram.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::server;

namespace {

using Lines = std::vector<std::string>;

// What one datagram carries, as "room: seq seen/of ...".
Lines written(Receipts& receipts, std::size_t reserved = 0) {
    std::array<std::byte, datagram::bytes_max> buffer;
    Packet packet(buffer);
    packet.reserved = reserved;
    const bool wrote = receipts.write(packet);
    CHECK(wrote == !packet.empty());
    REQUIRE(frame::pad(packet.writer));
    std::vector<frame::Frame> frames;
    REQUIRE(frame::read_frames(frame::Sender::server, packet.writer.written(), frames));
    Lines lines;
    for (const auto& one : frames) {
        const auto& seen = std::get<frame::Seen>(one);
        std::string line = std::to_string(seen.room) + ":";
        for (const auto& count : std::span(seen.messages).first(seen.count)) {
            line += " " + std::to_string(count.seq) + " " + std::to_string(count.seen) + "/" +
                    std::to_string(count.of);
        }
        lines.push_back(line);
    }
    return lines;
}

// Sends `count` datagrams and hears that all but `lost` of them came.
struct Wire {
    Link link{milliseconds(25), milliseconds(25)};
    std::uint64_t sent = 0;
    std::uint32_t lost = 0;

    std::uint64_t send() {
        link.on_sent({}, sent, 100, true);
        return sent++;
    }
    void ack() {
        const auto came = static_cast<std::uint32_t>(sent) - lost;
        link.on_ack({}, {sent - 1, 0, 0, came, came * 100}, 0);
    }
};

}  // namespace

TEST_CASE("a newer figure takes the place of an older one, room by room and in ascending order") {
    Receipts receipts;
    CHECK(receipts.empty());
    receipts.set(2, {9, 0, 3});
    receipts.set(1, {7, 1, 3});
    receipts.set(2, {4, 2, 3});
    receipts.set(2, {9, 1, 3});
    CHECK(written(receipts) == Lines{"1: 7 1/3", "2: 4 2/3 9 1/3"});
    CHECK_FALSE(receipts.has_unsent());
    CHECK(written(receipts).empty());
    receipts.set(2, {9, 3, 3});
    CHECK(receipts.has_unsent());
    CHECK(receipts.has_sent());
    CHECK(written(receipts) == Lines{"2: 9 3/3"});
    receipts.forget(2);
    receipts.send_again();
    CHECK(written(receipts) == Lines{"1: 7 1/3"});
}

TEST_CASE("of one room the newest sixteen are kept, and what does not fit waits") {
    Receipts receipts;
    for (Seq seq = 1; seq <= 20; ++seq)
        receipts.set(1, {seq, 0, 1});
    const Lines all = written(receipts);
    REQUIRE(all.size() == 1);
    CHECK(all[0].starts_with("1: 5 0/1 "));
    CHECK(all[0].ends_with(" 20 0/1"));
    receipts.send_again();
    // Room for two figures, then for none.
    const std::size_t plaintext = datagram::plaintext_bytes_max;
    CHECK(written(receipts, plaintext - 8 - 40) == Lines{"1: 5 0/1 6 0/1"});
    CHECK(written(receipts, plaintext - 20).empty());
    CHECK(receipts.has_unsent());
    CHECK(written(receipts)[0].starts_with("1: 7 0/1 "));
    CHECK_FALSE(receipts.has_unsent());
}

TEST_CASE("figures are kept until they have arrived, and go again after any loss") {
    Receipts receipts;
    Wire wire;
    receipts.set(1, {7, 1, 3});
    written(receipts);
    receipts.on_sent(wire.send(), wire.link);
    receipts.set(1, {8, 0, 3});  // not sent yet
    wire.ack();
    receipts.on_ack(wire.link);
    CHECK(written(receipts) == Lines{"1: 8 0/3"});
    receipts.on_sent(wire.send(), wire.link);
    wire.lost = 1;
    wire.send();
    wire.ack();
    receipts.on_ack(wire.link);
    CHECK_FALSE(receipts.empty());       // one of the two is missing
    CHECK_FALSE(receipts.has_unsent());  // and may still come
    wire.send();
    wire.ack();
    receipts.on_ack(wire.link);
    CHECK(written(receipts) == Lines{"1: 8 0/3"});
    receipts.on_sent(wire.send(), wire.link);
    wire.ack();
    receipts.on_ack(wire.link);
    CHECK(receipts.empty());
}
