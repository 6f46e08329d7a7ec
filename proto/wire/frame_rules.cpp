// SPDX-License-Identifier: MIT
#include "proto/wire/frame_rules.h"

#include <algorithm>

#include "proto/wire/limits.h"
#include "proto/wire/name.h"
#include "proto/wire/text.h"

namespace chat::frame {

namespace {

// A thing of `bytes_max` bytes at the most, cut into parts: is this one of its parts?
bool is_part(std::uint8_t part, std::uint8_t parts, std::size_t bytes, std::size_t bytes_max) {
    if (parts < 1 || parts > parts_max || part >= parts) return false;
    if (part + 1 < parts) return bytes == part_bytes;
    return bytes >= 1 && bytes <= part_bytes && part * part_bytes + bytes <= bytes_max;
}

// No log is as long as this; what is behind it is a mistake of the one who asks.
constexpr std::uint64_t asked_seq_end = std::uint64_t{1} << 60;

// The number behind the last of these can be said, too.
bool are_numbers(std::uint64_t first, std::uint64_t count) {
    return first >= 1 && count <= UINT64_MAX - first;
}

bool is_usable(std::string_view name) {
    return check_name(name).has_value();
}

bool is_usable_or_empty(std::string_view name) {
    return name.empty() || is_usable(name);
}

// What somebody asked for, usable or not: the answer to it is that it is not.
bool is_asked_name(std::string_view name) {
    return !name.empty() && name.size() <= name_bytes_max && is_clean_line(name);
}

bool is_topic(std::string_view topic) {
    return topic.size() <= topic_bytes_max && is_clean_line(topic);
}

bool is_known(RoomKind kind) {
    return kind == RoomKind::named || kind == RoomKind::conversation;
}

bool is_result(const MsgResult& result) {
    switch (result.status) {
        case MsgStatus::stored:
            return result.seq >= 1;
        case MsgStatus::refused:
        case MsgStatus::not_in_room:
            return result.seq == 0;
    }
    return false;
}

bool has_items(std::size_t count, std::span<const std::byte> rest, auto take) {
    for (std::size_t i = 0; i < count; ++i) {
        if (!take(rest)) return false;
    }
    return rest.empty();
}

}  // namespace

bool is_ack_eliciting(const Frame& frame) {
    if (const auto* const ack = std::get_if<RoomAck>(&frame)) return ack->count > 0;
    return std::holds_alternative<Ping>(frame) || std::holds_alternative<Msg>(frame) ||
           std::holds_alternative<Events>(frame) || std::holds_alternative<EventPart>(frame) ||
           std::holds_alternative<Gone>(frame) || std::holds_alternative<EntriesWanted>(frame) ||
           std::holds_alternative<Join>(frame) || std::holds_alternative<Room>(frame) ||
           std::holds_alternative<Part>(frame) || std::holds_alternative<MembersWanted>(frame) ||
           std::holds_alternative<RoomsWanted>(frame) || std::holds_alternative<Search>(frame) ||
           std::holds_alternative<Seen>(frame) || std::holds_alternative<Welcome>(frame);
}

bool is_valid(const Ping&) {
    return true;
}

bool is_valid(const PktAck&) {
    return true;
}

bool is_valid(const Msg& frame) {
    if (frame.room == 0 || frame.msg_id < 1) return false;
    switch (frame.kind) {
        case MsgKind::message:
            return is_part(frame.part, frame.parts, frame.text.size(), text_bytes_max);
        case MsgKind::topic:
            return frame.part == 0 && frame.parts == 1 && frame.text.size() <= topic_bytes_max;
    }
    return false;
}

bool is_valid(const MsgFrom& frame) {
    return frame.first_id >= 1;
}

bool is_valid(const MsgAck& frame) {
    if (frame.next_msg_id < 1 || frame.count > results_max) return false;
    std::uint64_t last = 0;
    for (const auto& result : std::span(frame.results).first(frame.count)) {
        if (result.msg_id <= last || result.room == 0 || !is_result(result)) return false;
        last = result.msg_id;
    }
    return last < frame.next_msg_id;
}

bool is_valid(const Events& frame) {
    return frame.room != 0 && frame.count >= 1 && are_numbers(frame.first_seq, frame.count) &&
           frame.entries.size() <= whole_entry_bytes_max;
}

bool has_valid_items(const Events& frame) {
    return has_items(frame.count, frame.entries, take_entry);
}

bool is_valid(const EventPart& frame) {
    if (frame.room == 0 || !are_numbers(frame.seq, 1) || frame.parts < 2) return false;
    if (!is_part(frame.part, frame.parts, frame.bytes.size(), entry_bytes_max)) return false;
    // What fits into EVENTS is sent there.
    const bool last_of_two = frame.parts == 2 && frame.part == 1;
    return !last_of_two || part_bytes + frame.bytes.size() > whole_entry_bytes_max;
}

bool is_valid(const RoomAck& frame) {
    if (frame.room == 0 || frame.next_seq < 1 || frame.count > gaps_max) return false;
    std::uint64_t end = 0;
    for (const auto& gap : std::span(frame.gaps).first(frame.count)) {
        if (gap.count < 1 || gap.offset < end || (gap.have != 0 && gap.count != 1)) return false;
        end = std::uint64_t{gap.offset} + gap.count;
    }
    return are_numbers(frame.next_seq, end);
}

bool is_valid(const Head& frame) {
    return frame.room != 0 && frame.tail >= 1 && frame.tail <= frame.head;
}

bool is_valid(const Gone& frame) {
    return frame.room != 0 && frame.from >= 1 && frame.from <= frame.to && frame.to < UINT64_MAX;
}

bool is_valid(const EntriesWanted& frame) {
    if (frame.room == 0 || frame.count < 1 || frame.count > entries_wanted_max) return false;
    if (frame.have != 0 && frame.count != 1) return false;
    return frame.from >= 1 && frame.from <= asked_seq_end - frame.count;
}

bool is_valid(const Join& frame) {
    return is_known(frame.kind) && is_asked_name(frame.name);
}

bool is_valid(const Room& frame) {
    return frame.room != 0 && is_known(frame.kind) && (frame.flags & ~room_is_new_to_him) == 0 &&
           frame.tail >= 1 && frame.tail <= frame.head && frame.next_seq >= 1 &&
           frame.next_seq <= frame.head && frame.pinned < frame.head && is_topic(frame.topic) &&
           is_usable(frame.name);
}

bool is_valid(const NoRoom& frame) {
    return is_known(frame.kind) && frame.code >= NoRoomCode::unusable_name &&
           frame.code <= NoRoomCode::not_now && is_asked_name(frame.name);
}

bool is_valid(const Part& frame) {
    return frame.room != 0;
}

bool is_valid(const Parted& frame) {
    return frame.room != 0;
}

bool is_valid(const MembersWanted& frame) {
    return frame.room != 0 && is_usable_or_empty(frame.after);
}

bool is_valid(const Members& frame) {
    // Nothing, and not the last: whoever asks for the rest would ask without end.
    if (frame.count == 0 && !frame.last) return false;
    return frame.room != 0 && frame.as_of >= 1 && is_usable_or_empty(frame.after);
}

bool has_valid_items(const Members& frame) {
    return has_items(frame.count, frame.names, take_member_name);
}

bool is_valid(const RoomsWanted& frame) {
    return is_usable_or_empty(frame.after);
}

bool is_valid(const Rooms& frame) {
    if (frame.count == 0 && !frame.last) return false;
    return is_usable_or_empty(frame.after);
}

bool has_valid_items(const Rooms& frame) {
    return has_items(frame.count, frame.rooms, take_listed_room);
}

bool is_valid(const Search& frame) {
    if (frame.room == 0 && frame.before != 0) return false;
    return !frame.words.empty() && frame.words.size() <= words_bytes_max &&
           is_clean_line(frame.words);
}

bool is_valid(const Found& frame) {
    if (frame.count > found_max) return false;
    return std::ranges::all_of(std::span(frame.places).first(frame.count), [](const Place& place) {
        return place.room != 0 && place.seq != 0;
    });
}

bool is_valid(const Seen& frame) {
    if (frame.room == 0 || frame.count < 1 || frame.count > seen_max) return false;
    std::uint64_t last = 0;
    for (const auto& message : std::span(frame.messages).first(frame.count)) {
        if (message.seq <= last || message.seen > message.of) return false;
        last = message.seq;
    }
    return true;
}

bool is_valid(const PathChallenge&) {
    return true;
}

bool is_valid(const PathResponse&) {
    return true;
}

bool is_valid(const Welcome& frame) {
    constexpr std::uint8_t known_flags = welcome_epoch_known | welcome_resumed;
    return frame.next_msg_id >= 1 && (frame.flags & ~known_flags) == 0 && is_usable(frame.name);
}

bool is_valid(const Close& frame) {
    return frame.code >= CloseCode::quit && frame.code <= CloseCode::unavailable;
}

bool is_valid(const Notice& frame) {
    return frame.code == NoticeCode::cannot_store;
}

}  // namespace chat::frame
