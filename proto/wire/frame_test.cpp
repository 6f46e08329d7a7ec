// SPDX-License-Identifier: MIT
#include "proto/wire/frame.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "proto/wire/frame_test_support.h"

using namespace chat;
using namespace chat::frame;

TEST_CASE("a plaintext is frames and then zeros, a multiple of 16 bytes") {
    struct Row {
        const char* what;
        Bytes plaintext;
        bool right;
    };
    const Row table[] = {
        {"nothing", {}, false},
        {"no frame", padded({}), true},
        {"a frame and zeros", padded(from_hex("010000")), true},
        {"not a multiple", from_hex("010000"), false},
        {"not a multiple, 17", Bytes(17), false},
        {"more zeros than needed", Bytes(32), true},
        {"the most", Bytes(1168), true},
        {"more than a datagram holds", Bytes(1184), false},
        {"frames to the last byte", from_hex("030d00" + zeros(13)), true},
        {"a frame that ends later", from_hex("030e00" + zeros(13)), false},
        {"half a header", from_hex("030b00" + zeros(11) + "0100"), false},
        {"a type and nothing", from_hex("030c00" + zeros(12) + "01"), false},
        {"a byte behind the end", padded(from_hex("010000 00 01")), false},
        {"a byte at the end", from_hex("010000" + zeros(12) + "01"), false},
    };
    for (const auto& row : table) {
        CAPTURE(row.what);
        CHECK(accepted(Sender::client, row.plaintext) == row.right);
        CHECK(accepted(Sender::server, row.plaintext) == row.right);
    }
}

TEST_CASE("what is written reads back in order, and says who asks for an answer") {
    Bytes entries;
    append_entry({EntryKind::message, 0, {1'732'000'000'000}, "bob", "hello"}, entries);
    Bytes names;
    append_member_name({flag_unverified, "bob"}, names);
    Bytes rooms;
    append_listed_room({listed_room_is_his, 12, "garden", "roses"}, rooms);
    const Bytes part(part_bytes, std::byte{'x'});
    MsgAck msg_ack{9, 5, 2, {}};
    msg_ack.results[0] = {6, 1, 77, MsgStatus::stored};
    msg_ack.results[1] = {8, 1, 0, MsgStatus::refused};
    RoomAck room_ack{1, 55, 7, 2, {}};
    room_ack.gaps[0] = {0, 1, 5};
    room_ack.gaps[1] = {3, 9, 0};
    Found found{4, true, 2, {}};
    found.places[0] = {2, 90};
    found.places[1] = {1, 80};
    Seen seen{1, 2, {}};
    seen.messages[0] = {7, 3, 3};
    seen.messages[1] = {9, 0, 3};
    const PathData path{std::byte{1}, std::byte{2}};
    struct Row {
        Sender sender;
        Frame frame;
        bool eliciting;
    };
    const Row table[] = {
        {Sender::client, Ping{}, true},
        {Sender::server, PktAck{1ULL << 40, 7, 8, 9, 10}, false},
        {Sender::client, Msg{1, 3, MsgKind::message, 1, 2, "rest"}, true},
        {Sender::server, msg_ack, false},
        {Sender::client, MsgFrom{12}, false},
        {Sender::server, Events{1, 42, 1, entries}, true},
        {Sender::server, EventPart{1, 42, 0, 3, part}, true},
        {Sender::client, room_ack, true},
        {Sender::server, Head{1, 9, 4}, false},
        {Sender::server, Gone{1, 4, 9}, true},
        {Sender::client, EntriesWanted{1, 40, 256, 0}, true},
        {Sender::client, Join{RoomKind::named, "garden"}, true},
        {Sender::server, Room{2, RoomKind::conversation, 1, 5, 9, 2, 4, "roses", "bob"}, true},
        {Sender::server, NoRoom{RoomKind::named, NoRoomCode::too_many, "a b"}, false},
        {Sender::client, Part{2}, true},
        {Sender::server, Parted{2}, false},
        {Sender::client, MembersWanted{1, "bob"}, true},
        {Sender::server, Members{1, 7, true, "ann", 1, names}, false},
        {Sender::client, RoomsWanted{"garden"}, true},
        {Sender::server, Rooms{false, "attic", 1, rooms}, false},
        {Sender::client, Search{4, 2, 91, "red roses"}, true},
        {Sender::server, found, false},
        {Sender::server, seen, true},
        {Sender::server, PathChallenge{path}, false},
        {Sender::client, PathResponse{path}, false},
        {Sender::server, Welcome{3, 1, {std::byte{7}}, 2, "bob"}, true},
        {Sender::server, Close{CloseCode::stopping, 2500}, false},
        {Sender::server, Notice{NoticeCode::cannot_store}, false},
    };
    CHECK(std::size(table) == std::variant_size_v<Frame>);
    for (std::size_t i = 0; i < std::size(table); ++i) {
        CAPTURE(i);
        const auto& row = table[i];
        CHECK(row.frame.index() == i);
        CHECK(is_ack_eliciting(row.frame) == row.eliciting);

        std::array<std::byte, 1200> buffer{};
        const auto write_to = [](Writer& writer, const Frame& frame) {
            return std::visit([&](const auto& one_frame) { return write(writer, one_frame); },
                              frame);
        };
        Writer writer(buffer);
        REQUIRE(write_to(writer, row.frame));
        const std::size_t bytes = writer.size();
        if (bytes + header_bytes <= datagram::plaintext_bytes_max) REQUIRE(write(writer, Ping{}));
        REQUIRE(pad(writer));
        std::vector<Frame> frames;
        REQUIRE(read_frames(row.sender, writer.written(), frames));
        REQUIRE(frames.size() >= 1);
        CHECK(frames[0].index() == i);

        std::array<std::byte, 1200> again{};
        Writer second(again);
        REQUIRE(write_to(second, frames[0]));
        CHECK(hex(second.written()) == hex(std::span(buffer).first(bytes)));

        // Whole or not at all, and the writer can still be used.
        for (std::size_t room_bytes : {std::size_t{0}, std::size_t{2}, bytes - 1}) {
            Writer small{std::span(again).first(room_bytes)};
            CHECK_FALSE(write_to(small, row.frame));
            CHECK(small.ok());
            CHECK(small.size() == 0);
        }
        Writer exact{std::span(again).first(bytes)};
        CHECK(write_to(exact, row.frame));
    }
}

TEST_CASE("fields read back one by one") {
    std::vector<Frame> frames;
    const auto only = [&](Sender sender, std::uint8_t type, const std::string& body) {
        // Frames borrow from the plaintext.
        static Bytes plaintext;
        plaintext = padded(framed(type, from_hex(body)));
        REQUIRE(read_frames(sender, plaintext, frames));
        REQUIRE(frames.size() == 1);
        return frames[0];
    };
    const auto ack = std::get<PktAck>(
        only(Sender::client, 0x02, "0102030405060708 1112 2122 31323334 41424344"));
    CHECK(ack.largest == 0x0807060504030201);
    CHECK(ack.echo_ts == 0x1211);
    CHECK(ack.delay_32us == 0x2221);
    CHECK(ack.count == 0x34333231);
    CHECK(ack.bytes == 0x44434241);

    const auto msg =
        std::get<Msg>(only(Sender::client, 0x10, "01020304 1112131415161718 010102 6869"));
    CHECK(msg.room == 0x04030201);
    CHECK(msg.msg_id == 0x1817161514131211);
    CHECK(msg.kind == MsgKind::message);
    CHECK(msg.part == 1);
    CHECK(msg.parts == 2);
    CHECK(msg.text == "hi");

    const auto entries_wanted =
        std::get<EntriesWanted>(only(Sender::client, 0x25, "01020304 0102030405060700 0100 31"));
    CHECK(entries_wanted.room == 0x04030201);
    CHECK(entries_wanted.from == 0x0007060504030201);
    CHECK(entries_wanted.count == 1);
    CHECK(entries_wanted.have == 0x31);

    const auto join = std::get<Join>(only(Sender::client, 0x26, "02 03626f62"));
    CHECK(join.kind == RoomKind::conversation);
    CHECK(join.name == "bob");

    const auto entered =
        std::get<Room>(only(Sender::server, 0x27,
                            "01020304 02 01 0200000000000000 0501000000000000 0300000000000000 "
                            "0401000000000000 026869 03626f62"));
    CHECK(entered.room == 0x04030201);
    CHECK(entered.kind == RoomKind::conversation);
    CHECK(entered.flags == room_is_new_to_him);
    CHECK(entered.next_seq == 2);
    CHECK(entered.head == 0x105);
    CHECK(entered.tail == 3);
    CHECK(entered.pinned == 0x104);
    CHECK(entered.topic == "hi");
    CHECK(entered.name == "bob");

    const auto no_room = std::get<NoRoom>(only(Sender::server, 0x28, "01 03 03622062"));
    CHECK(no_room.kind == RoomKind::named);
    CHECK(no_room.code == NoRoomCode::too_many);
    CHECK(no_room.name == "b b");

    CHECK(std::get<Part>(only(Sender::client, 0x29, "01020304")).room == 0x04030201);
    CHECK(std::get<Parted>(only(Sender::server, 0x2a, "01020304")).room == 0x04030201);

    const auto search =
        std::get<Search>(only(Sender::client, 0x34, "01020304 11121314 2122232425262728 026869"));
    CHECK(search.id == 0x04030201);
    CHECK(search.room == 0x14131211);
    CHECK(search.before == 0x2827262524232221);
    CHECK(search.words == "hi");

    const auto found =
        std::get<Found>(only(Sender::server, 0x35, "01020304 01 01 11121314 2122232425262728"));
    CHECK(found.id == 0x04030201);
    CHECK(found.more);
    CHECK_FALSE(found.incomplete);
    CHECK(std::get<Found>(only(Sender::server, 0x35, "01020304 02 00")).incomplete);
    CHECK(found.count == 1);
    CHECK(found.places[0].room == 0x14131211);
    CHECK(found.places[0].seq == 0x2827262524232221);

    const auto seen = std::get<Seen>(
        only(Sender::server, 0x36, "01020304 01 2122232425262728 11121310 41424344"));
    CHECK(seen.room == 0x04030201);
    CHECK(seen.count == 1);
    CHECK(seen.messages[0].seq == 0x2827262524232221);
    CHECK(seen.messages[0].seen == 0x10131211);
    CHECK(seen.messages[0].of == 0x44434241);

    const auto welcome = std::get<Welcome>(
        only(Sender::server, 0x50, "0700000000000000 02" + x(16) + "01020304 03626f62"));
    CHECK(welcome.room == 0x04030201);
    CHECK(welcome.next_msg_id == 7);
    CHECK(welcome.flags == welcome_resumed);
    CHECK(welcome.reset_token[15] == std::byte{'x'});
    CHECK(welcome.name == "bob");

    const auto members =
        std::get<Members>(only(Sender::server, 0x31, room + two + "01 03616e6e 01 0103626f62"));
    CHECK(members.as_of == 2);
    CHECK(members.last);
    CHECK(members.after == "ann");
    auto rest = members.names;
    CHECK(take_member_name(rest)->name == "bob");

    CHECK(std::get<RoomsWanted>(only(Sender::client, 0x32, "03616e6e")).after == "ann");
    const auto rooms =
        std::get<Rooms>(only(Sender::server, 0x33, "01 03616e6e 01 01 01020304 03626f62 026869"));
    CHECK(rooms.last);
    CHECK(rooms.after == "ann");
    rest = rooms.rooms;
    const auto listed = take_listed_room(rest);
    REQUIRE(listed);
    CHECK(listed->flags == listed_room_is_his);
    CHECK(listed->members == 0x04030201);
    CHECK(listed->name == "bob");
    CHECK(listed->topic == "hi");

    const auto close = std::get<Close>(only(Sender::server, 0x51, "03 01020304"));
    CHECK(close.code == CloseCode::stopping);
    CHECK(close.wait_ms == 0x04030201);
    CHECK(std::get<Notice>(only(Sender::server, 0x52, "01")).code == NoticeCode::cannot_store);
}

TEST_CASE("unknown frames are left out, and frames keep their order") {
    std::vector<Frame> frames;
    REQUIRE(read_frames(Sender::client,
                        padded(from_hex("010000 7f0200aabb 410800" + zeros(8) + "010000")),
                        frames));
    REQUIRE(frames.size() == 3);
    CHECK(std::holds_alternative<Ping>(frames[0]));
    CHECK(std::holds_alternative<PathResponse>(frames[1]));
    CHECK(std::holds_alternative<Ping>(frames[2]));
}

TEST_CASE("padding goes to the next multiple of 16 or beyond, and fills an empty datagram") {
    struct Row {
        std::size_t used, bytes_min, room, size;  // size 0: no room
    };
    const Row table[] = {{0, 0, 64, 16},   {1, 0, 64, 16}, {15, 0, 64, 16}, {16, 0, 64, 16},
                         {17, 0, 64, 32},  {17, 0, 31, 0}, {0, 0, 15, 0},   {0, 0, 0, 0},
                         {1, 64, 64, 64},  {1, 65, 79, 0}, {1, 65, 80, 80}, {17, 16, 64, 32},
                         {64, 64, 64, 64}, {0, 64, 64, 64}};
    for (const auto& row : table) {
        CAPTURE(row.used, row.bytes_min, row.room);
        Bytes buffer(row.room, std::byte{0xee});
        Writer writer(buffer);
        writer.bytes(Bytes(row.used, std::byte{1}));
        CHECK(pad(writer, row.bytes_min) == (row.size != 0));
        CHECK(writer.size() == (row.size != 0 ? row.size : row.used));
        CHECK(std::ranges::all_of(writer.written().subspan(row.used),
                                  [](std::byte b) { return b == std::byte{0}; }));
    }
}

TEST_CASE("whatever comes is refused or reads back as it was") {
    std::mt19937_64 random(7);
    const std::string bodies[] = {"",
                                  room + one + "01" + join_bob,
                                  room + one + "010001" + x(5),
                                  two + "ff01" + one + room + one + "00",
                                  room + one + "000001 0000 0100 ff",
                                  room + one + "01 03626f62 01 0003626f62",
                                  room + one + "0100 ff",
                                  room + "0101" + two + two + one + one + "026869 03626f62",
                                  "01 03626f62 01 01" + room + "03626f62 026869",
                                  room + room + two + "026869",
                                  room + "01 01" + room + one,
                                  room + "01" + one + "01000000 02000000"};
    const std::uint8_t types[] = {0x01, 0x20, 0x10, 0x11, 0x22, 0x31,
                                  0x25, 0x27, 0x33, 0x34, 0x35, 0x36};
    static_assert(std::size(bodies) == std::size(types));
    int taken = 0;
    for (int i = 0; i < 20'000; ++i) {
        const auto which = random() % std::size(types);
        auto inner = framed(types[which], from_hex(bodies[which]));
        // Not the length: what it cut off would be other frames.
        const auto at = random() % (inner.size() - 2);
        inner[at == 0 ? 0 : at + 2] ^= static_cast<std::byte>(1U << random() % 8);
        const auto plaintext = padded(inner);
        for (const auto sender : {Sender::client, Sender::server}) {
            std::vector<Frame> frames;
            if (!read_frames(sender, plaintext, frames) || frames.empty()) continue;
            ++taken;
            std::array<std::byte, 1200> buffer{};
            Writer writer(buffer);
            for (const auto& frame : frames) {
                REQUIRE(std::visit([&](const auto& f) { return write(writer, f); }, frame));
            }
            REQUIRE(pad(writer));
            REQUIRE(hex(writer.written()) == hex(plaintext));
        }
    }
    CHECK(taken > 3000);
}
