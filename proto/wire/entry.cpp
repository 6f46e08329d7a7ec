// SPDX-License-Identifier: MIT
// Log entries, names of members and rooms of a list, as frames carry them one after another.
#include <algorithm>
#include <cassert>

#include "proto/wire/frame.h"
#include "proto/wire/limits.h"
#include "proto/wire/name.h"
#include "proto/wire/reader.h"
#include "proto/wire/text.h"

namespace chat::frame {

namespace {

constexpr std::size_t entry_fields_bytes = 1 + 1 + 6 + 1 + 2;
constexpr std::size_t member_fields_bytes = 1 + 1;
constexpr std::size_t listed_room_fields_bytes = 1 + 4 + 1 + 1;
constexpr std::int64_t unix_ms_max = (std::int64_t{1} << 48) - 1;

// Room at the end of `out` for `bytes` more.
Writer extend(std::vector<std::byte>& out, std::size_t bytes) {
    out.resize(out.size() + bytes);
    return Writer(std::span(out).last(bytes));
}

bool may_be_said(std::string_view text) {
    return !text.empty() && text.size() <= text_bytes_max && is_clean_text(text);
}

bool is_valid(const Entry& entry) {
    if ((entry.flags & ~flag_unverified) != 0) return false;
    switch (entry.kind) {
        case EntryKind::message:
            return check_name(entry.name).has_value() && may_be_said(entry.text);
        case EntryKind::join:
        case EntryKind::leave:
            return check_name(entry.name).has_value() && entry.text.empty();
        case EntryKind::announcement:
            return entry.name.empty() && may_be_said(entry.text);
        case EntryKind::topic:
            return check_name(entry.name).has_value() && entry.text.size() <= topic_bytes_max &&
                   is_clean_line(entry.text);
        case EntryKind::pinned:
            return entry.name.empty() && (entry.text.empty() || may_be_said(entry.text));
    }
    return false;
}

bool is_valid(const ListedRoom& room) {
    return (room.flags & ~listed_room_is_his) == 0 && check_name(room.name).has_value() &&
           room.topic.size() <= listed_topic_bytes_max && is_clean_line(room.topic);
}

}  // namespace

std::size_t encoded_entry_bytes(const Entry& entry) {
    return entry_fields_bytes + entry.name.size() + entry.text.size();
}

void append_entry(const Entry& entry, std::vector<std::byte>& out) {
    assert(is_valid(entry));
    // A clock may be set to before 1970; the time is for display only.
    const auto unix_ms =
        static_cast<std::uint64_t>(std::clamp<std::int64_t>(entry.time.unix_ms, 0, unix_ms_max));
    Writer writer = extend(out, encoded_entry_bytes(entry));
    writer.u8(static_cast<std::uint8_t>(entry.kind));
    writer.u8(entry.flags);
    writer.u32(static_cast<std::uint32_t>(unix_ms & 0xffffffff));
    writer.u16(static_cast<std::uint16_t>(unix_ms >> 32));
    writer.u8(static_cast<std::uint8_t>(entry.name.size()));
    writer.text(entry.name);
    writer.u16(static_cast<std::uint16_t>(entry.text.size()));
    writer.text(entry.text);
}

std::optional<Entry> take_entry(std::span<const std::byte>& rest) {
    Reader reader(rest);
    Entry entry;
    entry.kind = static_cast<EntryKind>(reader.u8());
    entry.flags = reader.u8();
    const std::uint64_t low = reader.u32();
    const std::uint64_t high = reader.u16();
    entry.time.unix_ms = static_cast<std::int64_t>(high << 32 | low);
    const std::size_t name_bytes = reader.u8();
    entry.name = reader.text(name_bytes);
    const std::size_t text_bytes = reader.u16();
    entry.text = reader.text(text_bytes);
    if (!reader.ok() || !is_valid(entry)) return std::nullopt;
    rest = rest.last(reader.remaining());
    return entry;
}

std::optional<Entry> read_entry(std::span<const std::byte> bytes) {
    const auto entry = take_entry(bytes);
    return bytes.empty() ? entry : std::nullopt;
}

void append_member_name(const MemberName& name, std::vector<std::byte>& out) {
    assert((name.flags & ~flag_unverified) == 0 && check_name(name.name));
    Writer writer = extend(out, member_fields_bytes + name.name.size());
    writer.u8(name.flags);
    writer.u8(static_cast<std::uint8_t>(name.name.size()));
    writer.text(name.name);
}

std::optional<MemberName> take_member_name(std::span<const std::byte>& rest) {
    Reader reader(rest);
    MemberName name;
    name.flags = reader.u8();
    const std::size_t bytes = reader.u8();
    name.name = reader.text(bytes);
    if (!reader.ok() || (name.flags & ~flag_unverified) != 0 || !check_name(name.name)) {
        return std::nullopt;
    }
    rest = rest.last(reader.remaining());
    return name;
}

void append_listed_room(const ListedRoom& room, std::vector<std::byte>& out) {
    assert(is_valid(room));
    Writer writer = extend(out, listed_room_fields_bytes + room.name.size() + room.topic.size());
    writer.u8(room.flags);
    writer.u32(room.members);
    writer.u8(static_cast<std::uint8_t>(room.name.size()));
    writer.text(room.name);
    writer.u8(static_cast<std::uint8_t>(room.topic.size()));
    writer.text(room.topic);
}

std::optional<ListedRoom> take_listed_room(std::span<const std::byte>& rest) {
    Reader reader(rest);
    ListedRoom room;
    room.flags = reader.u8();
    room.members = reader.u32();
    const std::size_t name_bytes = reader.u8();
    room.name = reader.text(name_bytes);
    const std::size_t topic_bytes = reader.u8();
    room.topic = reader.text(topic_bytes);
    if (!reader.ok() || !is_valid(room)) return std::nullopt;
    rest = rest.last(reader.remaining());
    return room;
}

}  // namespace chat::frame
