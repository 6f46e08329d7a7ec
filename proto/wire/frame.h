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
inline constexpr std::size_t part_bytes = 1151;
inline constexpr std::size_t parts_max = 8;
// The longest encoded entry that EVENTS takes; a longer one is sent in parts.
inline constexpr std::size_t whole_entry_bytes_max =
    datagram::plaintext_bytes_max - header_bytes - 13;
inline constexpr std::size_t entry_bytes_max = 1 + 1 + 6 + 1 + 32 + 2 + 8192;
inline constexpr std::size_t gaps_max = 32;
inline constexpr std::size_t results_max = 32;

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
struct Msg {
    std::uint32_t room = 0;
    std::uint64_t msg_id = 0;  // from 1
    std::uint8_t part = 0;
    std::uint8_t parts = 1;
    std::string_view text;  // this part's bytes
};
enum class MsgStatus : std::uint8_t { stored = 0, refused = 1 };
struct MsgResult {
    std::uint64_t msg_id = 0;
    std::uint32_t room = 0;
    std::uint64_t seq = 0;  // 0 if refused
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

enum class EntryKind : std::uint8_t { message = 1, join = 2, leave = 3, announcement = 4 };
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
    std::uint64_t head = 0;  // the number that the next entry will have
    std::uint64_t tail = 0;  // the oldest entry that can be had
};
struct Gone {
    std::uint32_t room = 0;
    std::uint64_t from = 0;
    std::uint64_t to = 0;  // included
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
struct PathChallenge {
    PathData data{};
};
struct PathResponse {
    PathData data{};
};
inline constexpr std::uint8_t welcome_epoch_known = 1;
inline constexpr std::uint8_t welcome_resumed = 2;
struct Welcome {
    std::uint32_t room = 0;
    std::uint64_t next_seq = 0;
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
    std::uint64_t next_msg_id = 1;
    std::uint8_t flags = 0;
    ResetToken reset_token{};
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
};
struct Close {
    CloseCode code = CloseCode::quit;
    std::uint32_t wait_ms = 0;
};

using Frame =
    std::variant<Ping, PktAck, Msg, MsgAck, MsgFrom, Events, EventPart, RoomAck, Head, Gone,
                 MembersWanted, Members, PathChallenge, PathResponse, Welcome, Close>;

enum class Sender : std::uint8_t { client, server };
// Whether a frame of this kind asks for an acknowledgement.
bool is_ack_eliciting(const Frame& frame);

// The frames of a plaintext that came from `sender`, in order, in `out` (cleared first; unknown
// types are left out). False: not exactly a sequence of frames that this side may send; `out` is
// then empty.
bool read_frames(Sender sender, std::span<const std::byte> plaintext, std::vector<Frame>& out);

// Fills a plaintext up with zeros to the multiple of 16 bytes that read_frames demands; a plaintext
// without a frame gets 16. False, and nothing is written, if the buffer has no room for that.
bool pad(Writer& writer);

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
bool write(Writer& writer, const MembersWanted& frame);
bool write(Writer& writer, const Members& frame);
bool write(Writer& writer, const PathChallenge& frame);
bool write(Writer& writer, const PathResponse& frame);
bool write(Writer& writer, const Welcome& frame);
bool write(Writer& writer, const Close& frame);

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

}  // namespace chat::frame
