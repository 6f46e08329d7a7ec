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

        {0x10, room + one + "0001" + x(1), client},
        {0x10, room + one + "0001" + x(1151), client},
        {0x10, room + one + "0001 ff1b0a", client},  // parts are raw bytes
        {0x10, room + one + "0001", nobody},
        {0x10, room + no + "0001" + x(1), nobody},
        {0x10, room + one + "0000" + x(1), nobody},
        {0x10, room + one + "0101" + x(1), nobody},
        {0x10, room + one + "0002" + x(1151), client},
        {0x10, room + one + "0002" + x(1150), nobody},
        {0x10, room + one + "0102" + x(1), client},
        {0x10, room + one + "0102", nobody},
        {0x10, room + one + "0708" + x(135), client},
        {0x10, room + one + "0708" + x(136), nobody},  // 8,193 bytes
        {0x10, room + one + "0809" + x(1), nobody},
        {0x10, room + one + "0009" + x(1151), nobody},

        {0x11, one + "0000", server},
        {0x11, no + "0000", nobody},
        {0x11, one + "000000", nobody},
        {0x11, two + "ff01" + one + room + one + "00", server},
        {0x11, two + "ff01" + one + room + no + "01", server},
        {0x11, two + "ff01" + one + room + no + "00", nobody},
        {0x11, two + "ff01" + one + room + one + "01", nobody},
        {0x11, two + "ff01" + one + room + one + "02", nobody},
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
        {0x20, room + no + "01" + join_bob, nobody},
        {0x20, room + nearly_last + "01" + join_bob, server},
        {0x20, room + last + "01" + join_bob, nobody},
        {0x20, room + nearly_last + "02" + join_bob + join_bob, nobody},
        {0x20, room + one + "01 0600 000000000000 03626f62 0000", nobody},
        {0x20, room + one + "01 0100 000000000000 03626f62 01000a", nobody},

        {0x21, room + one + "0002" + x(1151), server},
        {0x21, room + one + "0002" + x(1150), nobody},
        {0x21, room + one + "0102" + x(2), server},
        {0x21, room + one + "0102" + x(1), nobody},  // would fit into EVENTS
        {0x21, room + one + "0203" + x(1), server},
        {0x21, room + one + "0203", nobody},
        {0x21, room + one + "0001" + x(1151), nobody},
        {0x21, room + one + "0202" + x(5), nobody},
        {0x21, room + no + "0102" + x(2), nobody},
        {0x21, room + last + "0102" + x(2), nobody},
        {0x21, room + one + "0708" + x(178), server},
        {0x21, room + one + "0708" + x(179), nobody},
        {0x21, room + one + "0009" + x(1151), nobody},

        {0x22, room + one + "000000", client},
        {0x22, room + no + "000000", nobody},
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

        {0x24, room + one + one, server},
        {0x24, room + one + nearly_last, server},
        {0x24, room + one + last, nobody},
        {0x24, room + two + one, nobody},
        {0x24, room + no + one, nobody},

        {0x30, room + "00", client},
        {0x30, room + "03 626f62", client},
        {0x30, room + "04 626f62", nobody},
        {0x30, room + "02 626f62", nobody},
        {0x30, room + "03 622062", nobody},

        {0x31, room + one + "01 00 00", server},
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

        {0x40, zeros(8), server},
        {0x40, zeros(7), nobody},
        {0x40, zeros(9), nobody},
        {0x41, zeros(8), client},
        {0x41, zeros(9), nobody},

        {0x50, room + one + one + one + one + "03" + zeros(16) + "03626f62", server},
        {0x50, room + two + two + one + one + "00" + zeros(16) + "03626f62", server},
        {0x50, room + one + two + two + one + "00" + zeros(16) + "03626f62", server},
        {0x50, room + one + one + two + one + "00" + zeros(16) + "03626f62", nobody},
        {0x50, room + one + one + no + one + "00" + zeros(16) + "03626f62", nobody},
        {0x50, room + no + one + one + one + "00" + zeros(16) + "03626f62", nobody},
        {0x50, room + two + one + one + one + "00" + zeros(16) + "03626f62", nobody},
        {0x50, room + one + one + one + no + "00" + zeros(16) + "03626f62", nobody},
        {0x50, room + one + one + one + one + "04" + zeros(16) + "03626f62", nobody},
        {0x50, room + one + one + one + one + "00" + zeros(16) + "00", nobody},
        {0x50, room + one + one + one + one + "00" + zeros(16) + "03622062", nobody},
        {0x50, room + one + one + one + one + "00" + zeros(16) + "03626f6262", nobody},

        {0x51, "01 00000000", both},
        {0x51, "02 00000000", server},
        {0x51, "03 ffffffff", server},
        {0x51, "09 00000000", server},
        {0x51, "00 00000000", nobody},
        {0x51, "0a 00000000", nobody},
        {0x51, "01 000000", nobody},
        {0x51, "01 0000000000", nobody},

        {0x03, "ffff", both},  // of a later version
        {0xff, "", both},
    };
    for (const auto& row : table) {
        CAPTURE(static_cast<int>(row.type), row.body);
        CHECK(senders(row.type, from_hex(row.body)) == row.from);
    }
}

TEST_CASE("ROOM_ACK and MSG_ACK have at most 32 items") {
    std::string gaps;
    std::string results;
    for (unsigned i = 0; i < 33; ++i) {
        const auto number = hex(std::array{static_cast<std::byte>(i + 1)});
        gaps += number + "00 0100 00";
        results += number + "00000000000000" + room + one + "00";
        CAPTURE(i);
        const auto count = hex(std::array{static_cast<std::byte>(i + 1)});
        CHECK(senders(0x22, from_hex(room + one + "0000" + count + gaps)) ==
              (i < 32 ? client : nobody));
        CHECK(senders(0x11, from_hex(last + "00" + count + results)) == (i < 32 ? server : nobody));
    }
}
