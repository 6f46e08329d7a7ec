// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>
#include <vector>

#include "chat-client/core/secure_session_impl.h"
#include "proto/wire/name.h"
#include "proto/wire/text.h"

namespace chat::client {
namespace {

constexpr std::string_view only_for_members =
    "what is in a room is for its members, and /join makes you one";

}  // namespace

void SecureSession::Impl::refuse(ErrorCode code, std::string text, std::string_view room) {
    events.push_back(Error{code, std::move(text), std::string(room), {}});
}

std::string SecureSession::Impl::name_of(std::string_view room) const {
    return std::string(room.empty() ? std::string_view(config.room) : room);
}

std::string SecureSession::Impl::landing() const {
    if (landing_parted) {
        const auto other = std::ranges::find_if(rooms, [](const auto& each) {
            return each.second.kind == frame::RoomKind::named && !each.second.leaving;
        });
        if (other != rooms.end()) return other->second.room.name();
    }
    const auto parsed = Joins::parse(config.room);
    return parsed && parsed->kind == frame::RoomKind::named ? config.room : std::string();
}

bool SecureSession::Impl::is_landing(std::string_view room) const {
    return room_key(room) == room_key(config.room);
}

bool SecureSession::Impl::landing_expected() const {
    return !landing_parted && !landing_refused && (!was_online || landing_awaited);
}

bool SecureSession::Impl::may_still_come(std::string_view room) const {
    if (is_landing(room)) return landing_expected();
    return !was_online || settling_until;
}

Membership* SecureSession::Impl::ours(std::string_view room, std::string_view advice) {
    const std::string wanted = name_of(room);
    Membership* member = rooms.find(wanted);
    if (member && !member->leaving) return member;
    refuse(ErrorCode::not_in_room,
           "you are not in " + clean_line(wanted) + "; " + std::string(advice), clean_line(wanted));
    return nullptr;
}

std::optional<Outbox::Where> SecureSession::Impl::address(std::string_view room,
                                                          const std::string& id) {
    const std::string wanted = clean_line(name_of(room));
    const Membership* member = rooms.find(wanted);
    if (member && !member->leaving) {
        return Outbox::Where{member->room.number(), member->room.name()};
    }
    const Outbox::Where later{0, wanted};
    Error error{ErrorCode::not_in_room,
                "you are not in " + wanted + ", so this was not said; join it first", wanted, id};
    const auto asked = Joins::parse(wanted);
    if (!asked) {
        error.code = is_conversation(wanted) ? ErrorCode::nobody : ErrorCode::room_unusable;
        error.text = wanted + " is no usable name, so this was not said";
    } else if (member && member->rejoin) {
        return later;
    } else if (const auto* pending = joins.find(room_key(wanted)); pending && !pending->then_part) {
        return later;
    } else if (asked->kind == frame::RoomKind::conversation) {
        if (joins.add(room_key(wanted), *asked)) return later;
        error.code = ErrorCode::too_many_rooms;
        error.text = "too many rooms are being asked for, so this was not said; say it again later";
    } else if (!member && may_still_come(wanted)) {
        return later;
    }
    events.push_back(std::move(error));
    return std::nullopt;
}

bool SecureSession::Impl::say(const Now&, std::string_view room, std::string_view text,
                              const std::string& id) {
    if (over || state == State::leaving) return true;
    if (clean_text(text).empty()) {
        if (!id.empty()) {
            events.push_back(
                Error{ErrorCode::bad_input, "an empty message is not sent", name_of(room), id});
        }
        return true;
    }
    const auto where = address(room, id);
    return !where || outbox.say(*where, text, id);
}

bool SecureSession::Impl::set_topic(const Now&, std::string_view room, std::string_view text) {
    if (over || state == State::leaving) return true;
    const std::string topic = clean_line(text);
    if (topic.size() > frame::topic_bytes_max) {
        refuse(ErrorCode::bad_input, "that topic is too long (at most 255 bytes); shorten it",
               name_of(room));
        return true;
    }
    const auto where = address(room, {});
    return !where || outbox.set_topic(*where, topic);
}

void SecureSession::Impl::join(std::string_view room) {
    if (over || state == State::leaving) return;
    const std::string wanted = clean_line(name_of(room));
    auto asked = Joins::parse(wanted);
    if (!asked) {
        return is_conversation(wanted)
                   ? refuse(ErrorCode::nobody, wanted + " is nobody's name", wanted)
                   : refuse(ErrorCode::room_unusable,
                            "that is no usable name for a room; use letters and figures without "
                            "spaces, at most 32 bytes",
                            wanted);
    }
    if (is_landing(wanted)) landing_parted = landing_refused = false;
    if (Membership* member = rooms.find(wanted)) {
        if (member->leaving) {
            member->rejoin = true;
            return;
        }
        member->visible = true;
        return welcome(*member);
    }
    asked->by_user = true;
    if (!joins.add(room_key(wanted), *asked)) {
        refuse(ErrorCode::too_many_rooms, "too many rooms are being asked for; try again later",
               wanted);
    }
}

void SecureSession::Impl::part(std::string_view room) {
    if (over || state == State::leaving) return;
    const std::string wanted = clean_line(name_of(room));
    if (auto* pending = joins.find(room_key(wanted)); pending && !pending->then_part) {
        pending->then_part = true;
        pending->by_user = false;
        drop_said(wanted, ErrorCode::not_in_room, "you have left " + wanted);
        events.push_back(RoomLeft{wanted});
        return;
    }
    Membership* member = rooms.find(wanted);
    if (member && member->leaving && std::exchange(member->rejoin, false)) {
        return drop_said(wanted, ErrorCode::not_in_room, "you have left " + wanted);
    }
    member = ours(room, "/rooms lists yours and all others");
    if (!member) return;
    if (member->kind == frame::RoomKind::conversation) {
        if (std::exchange(member->visible, false)) events.push_back(RoomLeft{member->room.name()});
        return;
    }
    if (is_landing(wanted)) landing_parted = true;
    member->leaving = true;
    member->part_asked = false;
}

void SecureSession::Impl::list_members(std::string_view room) {
    if (over || state == State::leaving) return;
    const Membership* member = ours(room, only_for_members);
    if (!member) return;
    if (member->kind == frame::RoomKind::named) return fetch_members(member->room.number(), true);
    const std::string& room_name = member->room.name();
    events.push_back(Members{room_name, {name, room_name.substr(1)}});
}

void SecureSession::Impl::want_history(const Now& now, std::string_view room, std::uint64_t before,
                                       std::uint32_t limit) {
    if (over || state == State::leaving) return;
    Membership* member = ours(room, only_for_members);
    if (!member) return;
    if (!member->history.want(before, limit)) {
        return refuse(ErrorCode::queue_full,
                      "too much of this room's history is asked for already; ask again later",
                      member->room.name());
    }
    const std::size_t first = events.size();
    advance(now, *member);
    note_events(first);
}

void SecureSession::Impl::find(std::string_view room, std::string_view words) {
    if (over || state == State::leaving) return;
    const std::string clean = clean_line(words);
    if (clean.find_first_not_of(' ') == std::string::npos) {
        std::vector<std::uint32_t> numbers;
        for (const auto& [number, member] : rooms) {
            if (!member.leaving) numbers.push_back(number);
        }
        if (search.go_on(std::move(numbers))) return;
        return refuse(ErrorCode::bad_input,
                      "there is nothing older to be found; /search WORDS begins a search");
    }
    if (clean.size() > frame::words_bytes_max) {
        return refuse(ErrorCode::bad_input, "search for one word or more, at most 255 bytes");
    }
    if (room.empty()) return search.begin(0, clean);
    if (const Membership* member = ours(room, only_for_members))
        search.begin(member->room.number(), clean);
}

void SecureSession::Impl::drop_said(std::string_view room, ErrorCode code,
                                    const std::string& text) {
    for (auto& said : outbox.drop(room)) {
        events.push_back(Error{code, text + ", so this was not said: " + said.text,
                               std::string(room), std::move(said.id)});
    }
}

void SecureSession::Impl::drop_said_nowhere() {
    for (const auto& room : outbox.unplaced_rooms()) {
        const auto* pending = joins.find(room_key(room));
        const Membership* member = rooms.find(room);
        const bool comes = (pending && !pending->then_part) || (member && member->rejoin) ||
                           (is_landing(room) && landing_expected());
        if (!comes) drop_said(room, ErrorCode::not_in_room, "you are not in " + room);
    }
}

}  // namespace chat::client
