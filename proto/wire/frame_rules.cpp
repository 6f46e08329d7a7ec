// SPDX-License-Identifier: MIT
#include "proto/wire/frame_rules.h"

#include "proto/wire/limits.h"
#include "proto/wire/name.h"

namespace chat::frame {

namespace {

// A thing of `bytes_max` bytes at the most, cut into parts: is this one of its parts?
bool is_part(std::uint8_t part, std::uint8_t parts, std::size_t bytes, std::size_t bytes_max) {
    if (parts < 1 || parts > parts_max || part >= parts) return false;
    if (part + 1 < parts) return bytes == part_bytes;
    return bytes >= 1 && bytes <= part_bytes && part * part_bytes + bytes <= bytes_max;
}

// The number behind the last of these can be said, too.
bool are_numbers(std::uint64_t first, std::uint64_t count) {
    return first >= 1 && count <= UINT64_MAX - first;
}

bool is_usable_or_empty(std::string_view name) {
    return name.empty() || check_name(name).has_value();
}

bool is_result(const MsgResult& result) {
    switch (result.status) {
        case MsgStatus::stored:
            return result.seq >= 1;
        case MsgStatus::refused:
            return result.seq == 0;
    }
    return false;
}

}  // namespace

bool is_ack_eliciting(const Frame& frame) {
    return std::holds_alternative<Ping>(frame) || std::holds_alternative<Msg>(frame) ||
           std::holds_alternative<Events>(frame) || std::holds_alternative<EventPart>(frame) ||
           std::holds_alternative<Gone>(frame) || std::holds_alternative<MembersWanted>(frame) ||
           std::holds_alternative<Welcome>(frame);
}

bool is_valid(const Ping&) {
    return true;
}

bool is_valid(const PktAck&) {
    return true;
}

bool is_valid(const Msg& frame) {
    return frame.msg_id >= 1 && is_part(frame.part, frame.parts, frame.text.size(), text_bytes_max);
}

bool is_valid(const MsgFrom& frame) {
    return frame.first_id >= 1;
}

bool is_valid(const MsgAck& frame) {
    if (frame.next_msg_id < 1 || frame.count > results_max) return false;
    std::uint64_t last = 0;
    for (const auto& result : std::span(frame.results).first(frame.count)) {
        if (result.msg_id <= last || !is_result(result)) return false;
        last = result.msg_id;
    }
    return last < frame.next_msg_id;
}

bool is_valid(const Events& frame) {
    return frame.count >= 1 && are_numbers(frame.first_seq, frame.count) &&
           frame.entries.size() <= whole_entry_bytes_max;
}

bool has_valid_entries(const Events& frame) {
    auto rest = frame.entries;
    for (std::size_t i = 0; i < frame.count; ++i) {
        if (!take_entry(rest)) return false;
    }
    return rest.empty();
}

bool is_valid(const EventPart& frame) {
    if (!are_numbers(frame.seq, 1) || frame.parts < 2) return false;
    if (!is_part(frame.part, frame.parts, frame.bytes.size(), entry_bytes_max)) return false;
    // What fits into EVENTS is sent there.
    const bool last_of_two = frame.parts == 2 && frame.part == 1;
    return !last_of_two || part_bytes + frame.bytes.size() > whole_entry_bytes_max;
}

bool is_valid(const RoomAck& frame) {
    if (frame.next_seq < 1 || frame.count > gaps_max) return false;
    std::uint64_t end = 0;
    for (const auto& gap : std::span(frame.gaps).first(frame.count)) {
        if (gap.count < 1 || gap.offset < end || (gap.have != 0 && gap.count != 1)) return false;
        end = std::uint64_t{gap.offset} + gap.count;
    }
    return are_numbers(frame.next_seq, end);
}

bool is_valid(const Head& frame) {
    return frame.tail >= 1 && frame.tail <= frame.head;
}

bool is_valid(const Gone& frame) {
    return frame.from >= 1 && frame.from <= frame.to && frame.to < UINT64_MAX;
}

bool is_valid(const MembersWanted& frame) {
    return is_usable_or_empty(frame.after);
}

bool is_valid(const Members& frame) {
    // Nothing, and not the last: whoever asks for the rest would ask without end.
    if (frame.count == 0 && !frame.last) return false;
    return frame.as_of >= 1 && is_usable_or_empty(frame.after);
}

bool has_valid_names(const Members& frame) {
    auto rest = frame.names;
    for (std::size_t i = 0; i < frame.count; ++i) {
        if (!take_member_name(rest)) return false;
    }
    return rest.empty();
}

bool is_valid(const PathChallenge&) {
    return true;
}

bool is_valid(const PathResponse&) {
    return true;
}

bool is_valid(const Welcome& frame) {
    constexpr std::uint8_t known_flags = welcome_epoch_known | welcome_resumed;
    return frame.tail >= 1 && frame.tail <= frame.head && frame.next_seq >= 1 &&
           frame.next_seq <= frame.head && frame.next_msg_id >= 1 &&
           (frame.flags & ~known_flags) == 0 && check_name(frame.name).has_value();
}

bool is_valid(const Close& frame) {
    return frame.code >= CloseCode::quit && frame.code <= CloseCode::too_many_names;
}

}  // namespace chat::frame
