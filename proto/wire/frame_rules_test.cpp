// SPDX-License-Identifier: MIT
#include "proto/wire/frame_rules.h"

#include <array>
#include <string>

#include "proto/wire/frame_test_support.h"

using namespace chat;
using namespace chat::frame;

namespace {

constexpr int client = 1;
constexpr int server = 2;
constexpr int both = client | server;
constexpr int nobody = 0;

// Who may send this frame, behind another one if both fit.
int senders(std::uint8_t type, const Bytes& body) {
    Bytes plaintext = framed(type, body);
    if (plaintext.size() + header_bytes <= datagram::plaintext_bytes_max) {
        const auto ping = framed(0x01, {});
        plaintext.insert(plaintext.begin(), ping.begin(), ping.end());
    }
    return (accepted(Sender::client, padded(plaintext)) ? client : 0) |
           (accepted(Sender::server, padded(plaintext)) ? server : 0);
}

}  // namespace

TEST_CASE("each frame is taken from the side that may send it, and exactly as it must be") {
    struct Row {
        std::uint8_t type;
        std::string body;
        int from;
    };
    const Row table[] = {
        {0x01, "", both},
        {0x01, "00", nobody},
        {0x02, zeros(20), both},
        {0x02, zeros(19), nobody},
        {0x02, zeros(21), nobody},

        {0x10, room + one + "010001" + x(1), client},
        {0x10, room + one + "010001" + x(1150), client},
        {0x10, room + one + "010001 ff1b0a", client},  // parts are raw bytes
        {0x10, room + one + "010001", nobody},
        {0x10, room + no + "010001" + x(1), nobody},
        {0x10, room + one + "010000" + x(1), nobody},
        {0x10, room + one + "010101" + x(1), nobody},
        {0x10, room + one + "010002" + x(1150), client},
        {0x10, room + one + "010002" + x(1149), nobody},
        {0x10, room + one + "010102" + x(1), client},
        {0x10, room + one + "010102", nobody},
        {0x10, room + one + "010708" + x(142), client},
        {0x10, room + one + "010708" + x(143), nobody},  // 8,193 bytes
        {0x10, room + one + "010809" + x(1), nobody},
        {0x10, room + one + "010009" + x(1150), nobody},
        {0x10, room + one + "010001" + x(1151), nobody},
        {0x10, room_0 + one + "010001" + x(1), nobody},
        {0x10, room + one + "000001" + x(1), nobody},
        {0x10, room + one + "020001" + x(1), nobody},
        {0x10, room + one + "060001" + x(1), nobody},
        {0x10, room + one + "050001", client},  // no topic any more
        {0x10, room + one + "050001" + x(255), client},
        {0x10, room + one + "050001 ff1b0a", client},
        {0x10, room + one + "050001" + x(256), nobody},
        {0x10, room + one + "050002" + x(1150), nobody},
        {0x10, room + one + "050102" + x(1), nobody},
        {0x10, room + one + "050000", nobody},
        {0x10, room + one + "050101", nobody},
        {0x10, room_0 + one + "050001", nobody},

        {0x11, one + "0000", server},
        {0x11, no + "0000", nobody},
        {0x11, one + "000000", nobody},
        {0x11, two + "ff01" + one + room + one + "00", server},
        {0x11, two + "ff01" + one + room + no + "01", server},
        {0x11, two + "ff01" + one + room + no + "00", nobody},
        {0x11, two + "ff01" + one + room + one + "01", nobody},
        {0x11, two + "ff01" + one + room + no + "02", server},
        {0x11, two + "ff01" + one + room + one + "02", nobody},
        {0x11, two + "ff01" + one + room + no + "03", nobody},
        {0x11, two + "ff01" + one + room_0 + one + "00", nobody},
        {0x11, two + "ff01" + one + room_0 + no + "02", nobody},
        {0x11, two + "ff01" + two + room + one + "00", nobody},  // not below next_msg_id
        {0x11, two + "ff01" + no + room + one + "00", nobody},
        {0x11, two + "ff01" + one + room + one, nobody},
        {0x11, two + "ff02" + one + room + one + "00" + one + room + one + "00", nobody},
        {0x11, last + "0002" + one + room + one + "00" + two + room + one + "00", server},
        {0x11, last + "0002" + two + room + one + "00" + one + room + one + "00", nobody},

        {0x20, room + one + "01" + join_bob, server},
        {0x20, room + one + "02" + join_bob + join_bob, server},
        {0x20, room + one + "01" + join_bob + join_bob, nobody},
        {0x20, room + one + "02" + join_bob, nobody},
        {0x20, room + one + "01" + join_bob + "00", nobody},
        {0x20, room + one + "00", nobody},
        {0x20, room_0 + one + "01" + join_bob, nobody},
        {0x20, room + no + "01" + join_bob, nobody},
        {0x20, room + nearly_last + "01" + join_bob, server},
        {0x20, room + last + "01" + join_bob, nobody},
        {0x20, room + nearly_last + "02" + join_bob + join_bob, nobody},
        {0x20, room + one + "02" + topic_bob + unpinned, server},
        {0x20, room + one + "01 0700 000000000000 03626f62 0000", nobody},
        {0x20, room + one + "01 0600 000000000000 03626f62 0000", nobody},
        {0x20, room + one + "01 0100 000000000000 03626f62 01000a", nobody},

        {0x21, room + one + "0002" + x(1150), server},
        {0x21, room + one + "0002" + x(1149), nobody},
        {0x21, room + one + "0102" + x(3), server},
        {0x21, room + one + "0102" + x(2), nobody},  // would fit into EVENTS
        {0x21, room + one + "0203" + x(1), server},
        {0x21, room + one + "0203", nobody},
        {0x21, room + one + "0001" + x(1150), nobody},
        {0x21, room + one + "0202" + x(5), nobody},
        {0x21, room + no + "0102" + x(3), nobody},
        {0x21, room + last + "0102" + x(3), nobody},
        {0x21, room + one + "0708" + x(185), server},
        {0x21, room + one + "0708" + x(186), nobody},
        {0x21, room + one + "0009" + x(1150), nobody},
        {0x21, room_0 + one + "0002" + x(1150), nobody},

        {0x22, room + one + "000000", client},
        {0x22, room + no + "000000", nobody},
        {0x22, room_0 + one + "000000", nobody},
        {0x22, room + one + "ffff00", client},
        {0x22, room + one + "000001 0000 0100 ff", client},
        {0x22, room + one + "000001 0000 0000 00", nobody},
        {0x22, room + one + "000001 0000 0200 00", client},
        {0x22, room + one + "000001 0000 0200 01", nobody},
        {0x22, room + one + "000001 0000 0100", nobody},
        {0x22, room + one + "000002 0000 0200 00 0200 0100 00", client},
        {0x22, room + one + "000002 0000 0200 00 0100 0100 00", nobody},
        {0x22, room + one + "000002 0500 0200 00 0100 0100 00", nobody},
        {0x22, room + one + "000002 ffff ffff 00 ffff 0100 00", nobody},
        {0x22, room + nearly_last + "000001 0000 0100 00", client},
        {0x22, room + nearly_last + "000001 0000 0200 00", nobody},
        {0x22, room + nearly_last + "000001 0100 0100 00", nobody},

        {0x23, room + one + one, server},
        {0x23, room + two + one, server},
        {0x23, room + one + two, nobody},
        {0x23, room + one + no, nobody},
        {0x23, room + one, nobody},
        {0x23, room_0 + one + one, nobody},

        {0x24, room + one + one, server},
        {0x24, room + one + nearly_last, server},
        {0x24, room + one + last, nobody},
        {0x24, room + two + one, nobody},
        {0x24, room + no + one, nobody},
        {0x24, room_0 + one + one, nobody},

        {0x25, room + one + "0100 00", client},
        {0x25, room + one + "0100 ff", client},
        {0x25, room + one + "0001 00", client},
        {0x25, room + one + "0101 00", nobody},
        {0x25, room + one + "0000 00", nobody},
        {0x25, room + one + "0200 01", nobody},
        {0x25, room + no + "0100 00", nobody},
        {0x25, room_0 + one + "0100 00", nobody},
        {0x25, room + "feffffffffffff0f 0200 00", client},
        {0x25, room + "ffffffffffffff0f 0200 00", nobody},
        {0x25, room + "0000000000000010 0100 00", nobody},
        {0x25, room + last + "0100 00", nobody},
        {0x25, room + one + "0100", nobody},
        {0x25, room + one + "0100 00 00", nobody},

        {0x26, "01 03626f62", client},
        {0x26, "02 03626f62", client},
        {0x26, "01 03622062", client},  // unusable, and answered
        {0x26, "01 20" + x(32), client},
        {0x26, "01 21" + x(33), nobody},
        {0x26, "01 00", nobody},
        {0x26, "00 03626f62", nobody},
        {0x26, "03 03626f62", nobody},
        {0x26, "01 03621b62", nobody},
        {0x26, "01 02ff62", nobody},
        {0x26, "01 04626f62", nobody},
        {0x26, "01 02626f62", nobody},

        {0x28, "01 01 03622062", server},
        {0x28, "02 02 03626f62", server},
        {0x28, "01 03 20" + x(32), server},
        {0x28, "01 01 21" + x(33), nobody},
        {0x28, "01 01 00", nobody},
        {0x28, "01 01 03621b62", nobody},
        {0x28, "01 00 03626f62", nobody},
        {0x28, "01 04 03626f62", server},
        {0x28, "01 05 03626f62", nobody},
        {0x28, "00 01 03626f62", nobody},
        {0x28, "03 01 03626f62", nobody},
        {0x28, "01 01 03626f6262", nobody},

        {0x29, room, client},
        {0x29, room_0, nobody},
        {0x29, room + "00", nobody},
        {0x29, "010000", nobody},
        {0x2a, room, server},
        {0x2a, room_0, nobody},
        {0x2a, room + "00", nobody},

        {0x30, room + "00", client},
        {0x30, room_0 + "00", nobody},
        {0x30, room + "03 626f62", client},
        {0x30, room + "04 626f62", nobody},
        {0x30, room + "02 626f62", nobody},
        {0x30, room + "03 622062", nobody},

        {0x31, room + one + "01 00 00", server},
        {0x31, room_0 + one + "01 00 00", nobody},
        {0x31, room + one + "00 00 00", nobody},  // more to come, but nothing here
        {0x31, room + no + "01 00 00", nobody},
        {0x31, room + one + "02 00 00", nobody},
        {0x31, room + one + "00 03626f62 01 0003626f62", server},
        {0x31, room + one + "01 03626f62 02 0003626f62 0103626f61", server},
        {0x31, room + one + "01 03626f62 01 0003626f62 0103626f61", nobody},
        {0x31, room + one + "01 03626f62 03 0003626f62 0103626f61", nobody},
        {0x31, room + one + "01 03626f62 01 0203626f62", nobody},
        {0x31, room + one + "01 03622062 01 0003626f62", nobody},
        {0x31, room + one + "01 03626f62 01 0000", nobody},

        {0x32, "00", client},
        {0x32, "03626f62", client},
        {0x32, "03622062", nobody},
        {0x32, "04626f62", nobody},
        {0x32, "02626f62", nobody},

        {0x33, "01 00 00", server},
        {0x33, "00 00 00", nobody},  // more to come, but nothing here
        {0x33, "02 00 00", nobody},
        {0x33, "01 03622062 00", nobody},
        {0x33, "00 03626f62 01" + listed_bob, server},
        {0x33, "01 00 02" + listed_bob + listed_bob, server},
        {0x33, "01 00 01" + listed_bob + listed_bob, nobody},
        {0x33, "01 00 02" + listed_bob, nobody},
        {0x33, "01 00 01" + listed_bob + "00", nobody},
        {0x33, "01 00 01 02 00000000 03626f62 00", nobody},
        {0x33, "01 00 01 00 00000000 00 00", nobody},
        {0x33, "01 00 01 00 00000000 03626f62 50" + x(80), server},
        {0x33, "01 00 01 00 00000000 03626f62 51" + x(81), nobody},
        {0x33, "01 00 01 00 00000000 03626f62 010a", nobody},

        {0x34, room_0 + room + one + "01" + x(1), client},
        {0x34, room + room + no + "ff" + x(255), client},
        {0x34, room + room_0 + no + "01" + x(1), client},
        {0x34, room + room_0 + one + "01" + x(1), nobody},
        {0x34, room + room + one + "00", nobody},
        {0x34, room + room + one + "01 0a", nobody},
        {0x34, room + room + one + "03 610a62", nobody},
        {0x34, room + room + one + "01 ff", nobody},
        {0x34, room + room + one + "02" + x(1), nobody},
        {0x34, room + room + one + "01" + x(2), nobody},

        {0x35, room_0 + "00 00", server},
        {0x35, room + "01 01" + room + one, server},
        {0x35, room + "02 00", server},
        {0x35, room + "03 01" + room + one, server},
        {0x35, room + "04 00", nobody},
        {0x35, room + "00 01" + room_0 + one, nobody},
        {0x35, room + "00 01" + room + no, nobody},
        {0x35, room + "00 02" + room + one + room_0 + one, nobody},
        {0x35, room + "00 02" + room + one, nobody},
        {0x35, room + "00 00" + room + one, nobody},

        {0x36, room + "01" + one + "00000000 00000000", server},
        {0x36, room + "01" + one + "02000000 02000000", server},
        {0x36, room + "01" + one + "03000000 02000000", nobody},
        {0x36, room + "01" + no + "00000000 00000000", nobody},
        {0x36, room_0 + "01" + one + "00000000 00000000", nobody},
        {0x36, room + "00", nobody},
        {0x36, room + "02" + one + zeros(8) + two + zeros(8), server},
        {0x36, room + "02" + one + zeros(8) + one + zeros(8), nobody},
        {0x36, room + "02" + two + zeros(8) + one + zeros(8), nobody},
        {0x36, room + "02" + one + zeros(8), nobody},

        {0x40, zeros(8), server},
        {0x40, zeros(7), nobody},
        {0x40, zeros(9), nobody},
        {0x41, zeros(8), client},
        {0x41, zeros(9), nobody},

        {0x50, one + "03" + zeros(16) + room + "03626f62", server},
        {0x50, last + "00" + zeros(16) + room_0 + "03626f62", server},  // unusable landing room
        {0x50, no + "00" + zeros(16) + room + "03626f62", nobody},
        {0x50, one + "04" + zeros(16) + room + "03626f62", nobody},
        {0x50, one + "00" + zeros(16) + room + "00", nobody},
        {0x50, one + "00" + zeros(16) + room + "03622062", nobody},
        {0x50, one + "00" + zeros(16) + room + "03626f6262", nobody},

        {0x51, "01 00000000", both},
        {0x51, "02 00000000", server},
        {0x51, "03 ffffffff", server},
        {0x51, "0a ffffffff", server},
        {0x51, "00 00000000", nobody},
        {0x51, "0b 00000000", nobody},
        {0x51, "01 000000", nobody},
        {0x51, "01 0000000000", nobody},

        {0x52, "01", server},
        {0x52, "00", nobody},
        {0x52, "02", nobody},
        {0x52, "0100", nobody},
        {0x52, "", nobody},

        {0x03, "ffff", both},  // of a later version
        {0xff, "", both},
    };
    for (const auto& row : table) {
        CAPTURE(static_cast<int>(row.type), row.body);
        CHECK(senders(row.type, from_hex(row.body)) == row.from);
    }
}

TEST_CASE("ROOM says where somebody stands in a room that can be") {
    const std::string name = "03626f62";
    // Where he stands, head, tail, pinned.
    const std::string places = two + two + one + one;
    struct Row {
        std::string body;
        bool right;
    };
    const Row table[] = {
        {room + "01 00" + places + "00" + name, true},
        {room + "02 01" + places + "01" + x(1) + name, true},
        {room + "01 00" + one + one + one + no + "00" + name, true},  // an empty log
        {room + "01 00" + one + two + two + no + "00" + name, true},  // behind its tail
        {room_0 + "01 00" + places + "00" + name, false},
        {room + "00 00" + places + "00" + name, false},
        {room + "03 00" + places + "00" + name, false},
        {room + "01 02" + places + "00" + name, false},
        {room + "01 00" + no + two + one + no + "00" + name, false},
        {room + "01 00" + two + one + one + no + "00" + name, false},
        {room + "01 00" + one + two + no + no + "00" + name, false},
        {room + "01 00" + one + one + two + no + "00" + name, false},
        {room + "01 00" + one + one + one + one + "00" + name, false},  // pinned at head
        {room + "01 00" + one + no + no + no + "00" + name, false},
        {room + "01 00" + places + "ff" + x(255) + name, true},
        {room + "01 00" + places + "01 0a" + name, false},
        {room + "01 00" + places + "03 610a62" + name, false},
        {room + "01 00" + places + "01 ff" + name, false},
        {room + "01 00" + places + "01 1b" + name, false},
        {room + "01 00" + places + "00 00", false},
        {room + "01 00" + places + "00 03622062", false},
        {room + "01 00" + places + "00 20" + x(32), true},
        {room + "01 00" + places + "00 21" + x(33), false},
        {room + "01 00" + places + "00" + name + "00", false},
        {room + "01 00" + places + "00", false},
    };
    for (const auto& row : table) {
        CAPTURE(row.body);
        CHECK(senders(0x27, from_hex(row.body)) == (row.right ? server : nobody));
    }
}

TEST_CASE("lists have at most so many items") {
    std::string gaps;
    std::string results;
    std::string places;
    std::string seen;
    for (unsigned i = 1; i <= 65; ++i) {
        const auto number = hex(std::array{static_cast<std::byte>(i)});
        gaps += number + "00 0100 00";
        results += number + "00000000000000" + room + one + "00";
        places += room + number + "00000000000000";
        seen += number + "00000000000000" + zeros(8);
        CAPTURE(i);
        const auto is_from = [&](std::uint8_t type, const std::string& body, int from) {
            CHECK(senders(type, from_hex(body)) == from);
        };
        if (i <= 40) {
            is_from(0x22, room + one + "0000" + number + gaps, i <= 32 ? client : nobody);
            is_from(0x11, last + "00" + number + results, i <= 32 ? server : nobody);
        }
        is_from(0x35, room + "00" + number + places, i <= 64 ? server : nobody);
        is_from(0x36, room + number + seen, i <= 16 ? server : nobody);
    }
}
