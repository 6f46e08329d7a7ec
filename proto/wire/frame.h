// SPDX-License-Identifier: MIT
// The frames inside a DATA datagram (docs/PROTOCOL.md, section 4): type u8, length u16, body. A
// frame read from a datagram borrows its text from it. read_frames checks a whole plaintext first
// and hands out frames only if every one of them is exactly as the protocol says, so nobody acts
// on half of a datagram. write() appends one frame, whole or not at all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "proto/wire/datagram.h"
#include "proto/wire/time.h"
#include "proto/wire/writer.h"

namespace chat::frame {

inline constexpr std::size_t header_bytes = 3;
// Parts of a long text or entry: all but the last have exactly this size.
inline constexpr std::size_t part_bytes = 1150;
inline constexpr std::size_t parts_max = 8;
// The longest encoded entry that EVENTS takes; a longer one is sent in parts.
inline constexpr std::size_t whole_entry_bytes_max =
    datagram::plaintext_bytes_max - header_bytes - 13;
inline constexpr std::size_t entry_bytes_max = 1 + 1 + 6 + 1 + 32 + 2 + 8192;
inline constexpr std::size_t gaps_max = 32;
inline constexpr std::size_t results_max = 32;
// Entries asked for at once, places in one answer to a search, figures in one SEEN.
inline constexpr std::size_t entries_wanted_max = 256;
inline constexpr std::size_t found_max = 64;
inline constexpr std::size_t seen_max = 16;
// Bytes of a topic (shown in a list of rooms: cut), and of the words of a search.
inline constexpr std::size_t topic_bytes_max = 255;
inline constexpr std::size_t listed_topic_bytes_max = 80;
inline constexpr std::size_t words_bytes_max = 255;

using PathData = std::array<std::byte, 8>;
using ResetToken = std::array<std::byte, 16>;

struct Ping {};
struct PktAck {
    std::uint64_t largest = 0;
    std::uint16_t echo_ts = 0;
    std::uint16_t delay_32us = 0;
    std::uint32_t count = 0;  // datagrams received under this key, modulo 2^32
    std::uint32_t bytes = 0;
};
enum class MsgKind : std::uint8_t { message = 1, topic = 5 };
struct Msg {
    std::uint32_t room = 0;
    std::uint64_t msg_id = 0;  // from 1
    MsgKind kind = MsgKind::message;
    std::uint8_t part = 0;
    std::uint8_t parts = 1;
    std::string_view text;  // this part's bytes
};
enum class MsgStatus : std::uint8_t { stored = 0, refused = 1, not_in_room = 2 };
struct MsgResult {
    std::uint64_t msg_id = 0;
    std::uint32_t room = 0;
    std::uint64_t seq = 0;  // 0 unless stored
    MsgStatus status = MsgStatus::stored;
};
struct MsgAck {
    std::uint64_t next_msg_id = 1;
    std::uint8_t have = 0;
    std::uint8_t count = 0;
    std::array<MsgResult, results_max> results;  // the first `count`
};

// The results of all messages before first_id have arrived, and need not come again.
struct MsgFrom {
    std::uint64_t first_id = 1;
};

enum class EntryKind : std::uint8_t {
    message = 1,
    join = 2,
    leave = 3,
    announcement = 4,
    topic = 5,   // may be empty: none any more
    pinned = 6,  // an announcement that stays in sight; empty: none any more
};
inline constexpr std::uint8_t flag_unverified = 1;
struct Entry {
    EntryKind kind = EntryKind::message;
    std::uint8_t flags = 0;
    WallTime time;
    std::string_view name;
    std::string_view text;
};
struct Events {
    std::uint32_t room = 0;
    std::uint64_t first_seq = 0;
    std::uint8_t count = 0;              // 1 to 255
    std::span<const std::byte> entries;  // encoded one after another; see EntryReader
};
struct EventPart {
    std::uint32_t room = 0;
    std::uint64_t seq = 0;
    std::uint8_t part = 0;
    std::uint8_t parts = 2;
    std::span<const std::byte> bytes;
};
struct Gap {
    std::uint16_t offset = 0;
    std::uint16_t count = 1;
    std::uint8_t have = 0;  // parts of that one entry that are there; 0 unless count is 1
};
struct RoomAck {
    std::uint32_t room = 0;
    std::uint64_t next_seq = 0;
    std::uint16_t credit = 0;
    std::uint8_t count = 0;
    std::array<Gap, gaps_max> gaps;  // the first `count`, ascending, not overlapping
};
struct Head {
    std::uint32_t room = 0;
    std::uint64_t head = 0;  // the number that the server sends next by itself
    std::uint64_t tail = 0;  // the oldest entry that can be had
};
struct Gone {
    std::uint32_t room = 0;
    std::uint64_t from = 0;
    std::uint64_t to = 0;  // included
};
// Entries from before the number at which this program began.
struct EntriesWanted {
    std::uint32_t room = 0;
    std::uint64_t from = 0;
    std::uint16_t count = 1;  // 1 to entries_wanted_max
    std::uint8_t have = 0;    // as in Gap
};
enum class RoomKind : std::uint8_t { named = 1, conversation = 2 };
struct Join {
    RoomKind kind = RoomKind::named;
    std::string_view name;
};
inline constexpr std::uint8_t room_is_new_to_him = 1;
struct Room {
    std::uint32_t room = 0;
    RoomKind kind = RoomKind::named;
    std::uint8_t flags = 0;
    std::uint64_t next_seq = 1;
    std::uint64_t head = 1;
    std::uint64_t tail = 1;
    std::uint64_t pinned = 0;  // 0: nothing is
    std::string_view topic;
    std::string_view name;  // of the room, or of the other one
};
enum class NoRoomCode : std::uint8_t { unusable_name = 1, nobody = 2, too_many = 3, not_now = 4 };
struct NoRoom {
    RoomKind kind = RoomKind::named;
    NoRoomCode code = NoRoomCode::unusable_name;
    std::string_view name;  // as it was asked for; at most name_bytes_max
};
struct Part {
    std::uint32_t room = 0;
};
struct Parted {
    std::uint32_t room = 0;
};
struct MembersWanted {
    std::uint32_t room = 0;
    std::string_view after;
};
struct MemberName {
    std::uint8_t flags = 0;
    std::string_view name;
};
struct Members {
    std::uint32_t room = 0;
    std::uint64_t as_of = 0;
    bool last = false;
    std::string_view after;
    std::uint8_t count = 0;
    std::span<const std::byte> names;  // flags u8, length u8, name; `count` of them, checked
};
struct RoomsWanted {
    std::string_view after;
};
inline constexpr std::uint8_t listed_room_is_his = 1;
struct ListedRoom {
    std::uint8_t flags = 0;
    std::uint32_t members = 0;  // who are there now
    std::string_view name;
    std::string_view topic;  // at most listed_topic_bytes_max
};
struct Rooms {
    bool last = false;
    std::string_view after;
    std::uint8_t count = 0;
    std::span<const std::byte> rooms;  // encoded one after another, checked; see take_listed_room
};
struct Search {
    std::uint32_t id = 0;
    std::uint32_t room = 0;    // 0: all of his
    std::uint64_t before = 0;  // 0: from the newest on; only 0 with room 0
    std::string_view words;
};
struct Place {
    std::uint32_t room = 0;
    std::uint64_t seq = 0;
};
inline constexpr std::uint8_t found_more = 1;
inline constexpr std::uint8_t found_incomplete = 2;
struct Found {
    std::uint32_t id = 0;
    bool more = false;
    std::uint8_t count = 0;
    std::array<Place, found_max> places;  // the first `count`, the newest first
    bool incomplete = false;              // the newest entries could not be looked at
};
struct SeenCount {
    std::uint64_t seq = 0;
    std::uint32_t seen = 0;
    std::uint32_t of = 0;
};
struct Seen {
    std::uint32_t room = 0;
    std::uint8_t count = 0;
    std::array<SeenCount, seen_max> messages;  // the first `count`, ascending
};
struct PathChallenge {
    PathData data{};
};
struct PathResponse {
    PathData data{};
};
inline constexpr std::uint8_t welcome_epoch_known = 1;
inline constexpr std::uint8_t welcome_resumed = 2;
struct Welcome {
    std::uint64_t next_msg_id = 1;
    std::uint8_t flags = 0;
    ResetToken reset_token{};
    std::uint32_t room = 0;  // where he lands; 0: its name was unusable
    std::string_view name;
};
enum class CloseCode : std::uint8_t {
    quit = 1,
    kicked,
    stopping,
    name_owned,
    name_taken,
    name_unusable,
    full,
    replaced,
    too_many_names,
    unavailable,
};
struct Close {
    CloseCode code = CloseCode::quit;
    std::uint32_t wait_ms = 0;
};

enum class NoticeCode : std::uint8_t { cannot_store = 1 };
struct Notice {
    NoticeCode code = NoticeCode::cannot_store;
};

using Frame = std::variant<Ping, PktAck, Msg, MsgAck, MsgFrom, Events, EventPart, RoomAck, Head,
                           Gone, EntriesWanted, Join, Room, NoRoom, Part, Parted, MembersWanted,
                           Members, RoomsWanted, Rooms, Search, Found, Seen, PathChallenge,
                           PathResponse, Welcome, Close, Notice>;

enum class Sender : std::uint8_t { client, server };
// Whether it asks for an acknowledgement.
bool is_ack_eliciting(const Frame& frame);

// The frames of a plaintext that came from `sender`, in order, in `out` (cleared first; unknown
// types are left out). False: not exactly a sequence of frames that this side may send; `out` is
// then empty.
bool read_frames(Sender sender, std::span<const std::byte> plaintext, std::vector<Frame>& out);

// Fills a plaintext up with zeros to the multiple of 16 bytes that read_frames demands, and beyond
// that to the one that holds `bytes_min`; a plaintext without a frame gets 16. False, and nothing
// is written, if the buffer has no room for that.
bool pad(Writer& writer, std::size_t bytes_min = 0);

// Appends one frame. False, and nothing is written, if it does not fit; the writer stays good. A
// frame that read_frames would refuse is a bug of the caller.
bool write(Writer& writer, const Ping& frame);
bool write(Writer& writer, const PktAck& frame);
bool write(Writer& writer, const Msg& frame);
bool write(Writer& writer, const MsgAck& frame);
bool write(Writer& writer, const MsgFrom& frame);
bool write(Writer& writer, const Events& frame);
bool write(Writer& writer, const EventPart& frame);
bool write(Writer& writer, const RoomAck& frame);
bool write(Writer& writer, const Head& frame);
bool write(Writer& writer, const Gone& frame);
bool write(Writer& writer, const EntriesWanted& frame);
bool write(Writer& writer, const Join& frame);
bool write(Writer& writer, const Room& frame);
bool write(Writer& writer, const NoRoom& frame);
bool write(Writer& writer, const Part& frame);
bool write(Writer& writer, const Parted& frame);
bool write(Writer& writer, const MembersWanted& frame);
bool write(Writer& writer, const Members& frame);
bool write(Writer& writer, const RoomsWanted& frame);
bool write(Writer& writer, const Rooms& frame);
bool write(Writer& writer, const Search& frame);
bool write(Writer& writer, const Found& frame);
bool write(Writer& writer, const Seen& frame);
bool write(Writer& writer, const PathChallenge& frame);
bool write(Writer& writer, const PathResponse& frame);
bool write(Writer& writer, const Welcome& frame);
bool write(Writer& writer, const Close& frame);
bool write(Writer& writer, const Notice& frame);

// An entry in the form that EVENTS and EVENT_PART carry.
void append_entry(const Entry& entry, std::vector<std::byte>& out);
std::size_t encoded_entry_bytes(const Entry& entry);
// Exactly one entry with nothing behind it: usable name, clean text, text only where it belongs.
// Entry borrows from `bytes`.
std::optional<Entry> read_entry(std::span<const std::byte> bytes);
// Takes entries off the front of Events::entries.
std::optional<Entry> take_entry(std::span<const std::byte>& rest);
// Takes names off the front of Members::names, and appends one to such a list.
std::optional<MemberName> take_member_name(std::span<const std::byte>& rest);
void append_member_name(const MemberName& name, std::vector<std::byte>& out);
// The same for Rooms::rooms.
std::optional<ListedRoom> take_listed_room(std::span<const std::byte>& rest);
void append_listed_room(const ListedRoom& room, std::vector<std::byte>& out);

}  // namespace chat::frame
