// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>
#include <utility>

#include "chat-client/core/secure_session_impl.h"

namespace chat::client {
namespace {

// How long the first entries of a room wait for the history before them.
constexpr Duration history_patience = seconds(3);
// A person who has missed more than this begins this far from the end.
constexpr std::uint64_t missed_max = 1000;
constexpr std::uint64_t missed_shown = 200;
// A server that makes no more rooms so fast makes one in this time.
constexpr Duration rejoin_after = seconds(2);
constexpr std::size_t parted_max = 256;

std::string shown_name(const frame::Room& frame) {
    const bool conversation = frame.kind == frame::RoomKind::conversation;
    return (conversation ? "@" : "") + std::string(frame.name);
}

}  // namespace

void SecureSession::Impl::on_room(const Now& now, const frame::Room& frame) {
    const std::string shown = shown_name(frame);
    const auto left = parted.find(frame.room);
    if (left != parted.end() && packet_order < left->second) return;
    // No room with a name is called as a conversation is.
    if (frame.kind == frame::RoomKind::named && is_conversation(shown)) return;
    Membership* member = rooms.find(frame.room);
    if (member && packet_order < member->room_order) return;
    const auto asked = joins.take(room_key(shown));
    const bool wanted = asked && !asked->then_part;
    if (!member) {
        const std::uint64_t next = std::min(frame.next_seq, Room::seq_end - 1);
        member = rooms.add(frame.room, shown, frame.kind, next);
        if (!member) return;
        parted.erase(frame.room);
        member->visible = wanted || frame.kind == frame::RoomKind::named || frame.head > 1;
        if (asked && asked->then_part) {
            member->visible = false;
            member->leaving = true;
        }
        come_into(now, *member, frame);
    } else if (frame.head < member->shown_at_request) {
        refuse(ErrorCode::history_restarted,
               "the server has lost the last entries of " + member->room.name() +
                   "; their numbers come again",
               member->room.name());
        come_into(now, *member, frame);
    } else if (wanted && asked->by_user) {
        member->visible = true;
        welcome(*member);
    }
    if (frame.room == landing_number) landing_awaited = false;
    if (is_landing(shown) && !member->leaving) landing_parted = false;
    if (wanted && asked->by_user) cannot_store_told = false;
    member->topic = frame.topic;
    member->stated = true;
    member->room_order = packet_order;
    member->room.on_log_end(frame.head);
    member->history.on_tail(frame.tail);
    member->room.hurry_ack();
    outbox.place(shown, {frame.room, member->room.name()});
}

void SecureSession::Impl::come_into(const Now& now, Membership& member, const frame::Room& frame) {
    const bool person = config.history_on_joining > 0;
    const std::uint64_t head = std::min(frame.head, Room::seq_end - 1);
    const std::uint64_t next = std::min(frame.next_seq, head);
    // What is no longer kept comes out as a gap, however much it was.
    const std::uint64_t unread = std::clamp(frame.tail, next, head);
    const bool far_behind = person && head - unread > missed_max;
    const std::uint64_t begin = far_behind ? head - missed_shown : next;
    member.room.set_own_name(name);
    member.room.begin_anew(begin);
    member.room.on_log_end(head);
    member.room.set_accepts(accepts, events);
    member.history.begin_at(begin, frame.tail);
    member.receipts.clear();
    member.accepted_end = 0;
    member.topic = frame.topic;
    member.first_time = (frame.flags & frame::room_is_new_to_him) != 0;
    member.pinned = person ? frame.pinned : 0;
    member.pinned_fetch.clear();
    if (!member.visible) return;
    welcome(member);
    if (far_behind) {
        const std::string lost =
            unread == next ? "" : "; " + std::to_string(unread - next) + " can no longer be had";
        events.push_back(Remark{member.room.name() + ": " + std::to_string(begin - unread) +
                                " older entries that you have not read are not shown; scroll up or "
                                "say /history to read them" +
                                lost});
    }
    if (!person) return;
    member.history.want_on_joining(config.history_on_joining);
    member.held_until = now.at + history_patience;
    member.room.set_held(true, events);
    advance(now, member);
}

Welcome SecureSession::Impl::welcome_to(const Membership& member, std::uint64_t next) const {
    const Room& room = member.room;
    return {name,
            room.name(),
            next,
            fingerprint(*server_key),
            is_landing(room.name()),
            member.first_time,
            std::max(room.known_end(), next),
            member.topic};
}

void SecureSession::Impl::welcome(Membership& member) {
    events.push_back(welcome_to(member, member.room.next_seq()));
    if (member.kind == frame::RoomKind::named) fetch_members(member.room.number(), false);
    tell_receipts(member);
}

void SecureSession::Impl::on_no_room(const Now& now, const frame::NoRoom& frame) {
    const bool conversation = frame.kind == frame::RoomKind::conversation;
    const std::string shown = (conversation ? "@" : "") + std::string(frame.name);
    auto asked = joins.take(room_key(shown));
    if (!asked) return;
    if (asked->again && frame.code == frame::NoRoomCode::not_now) {
        asked->asked = false;
        asked->at = now.at + rejoin_after;
        joins.add(room_key(shown), *asked);
        return;
    }
    if (asked->then_part) return;
    ErrorCode code = ErrorCode::room_unusable;
    std::string text = "no room can be called " + shown;
    switch (frame.code) {
        case frame::NoRoomCode::unusable_name:
            break;
        case frame::NoRoomCode::nobody:
            code = ErrorCode::nobody;
            text = "nobody else on this server owns the name " + std::string(frame.name);
            break;
        case frame::NoRoomCode::too_many:
            code = ErrorCode::too_many_rooms;
            text = conversation ? shown +
                                      ": you or they have 64 conversations already, and nobody "
                                      "may have more"
                                : shown +
                                      ": you are in 64 rooms already, and nobody may be in "
                                      "more; /part leaves one";
            break;
        case frame::NoRoomCode::not_now:
            code = ErrorCode::not_now;
            text = shown + ": new rooms come too fast; try again in a few seconds";
            break;
    }
    const std::size_t before = events.size();
    drop_said(shown, code, text);
    if (events.size() == before) refuse(code, text, shown);
    if (asked->again) events.push_back(RoomLeft{shown});
}

void SecureSession::Impl::on_parted(const frame::Parted& frame) {
    Membership* member = rooms.find(frame.room);
    if (!member || packet_order < member->room_order) return;
    const std::string left = member->room.name();
    if (member->visible) events.push_back(RoomLeft{left});
    auto again = member->rejoin ? Joins::parse(left) : std::nullopt;
    if (parted.size() >= parted_max) parted.erase(parted.begin());
    parted[frame.room] = packet_order;
    forget_room(frame.room);
    if (!again) return;
    again->by_user = true;
    joins.add(room_key(left), *again);
}

void SecureSession::Impl::forget_room(std::uint32_t number) {
    rooms.erase(number);
    search.on_room_left(number);
    std::erase(members_wanted, number);
    if (members.room() == number) members.stop();
}

SecureSession::Impl::Before SecureSession::Impl::mark(const Membership& member) const {
    return {events.size(), member.room.next_seq()};
}

void SecureSession::Impl::show_news(Membership& member, const Before& before, bool list_is_old) {
    if (events.size() > before.events && !member.visible) {
        const auto news = events.begin() + static_cast<std::ptrdiff_t>(before.events);
        if (member.leaving) {
            events.erase(news, events.end());
        } else {
            member.visible = true;
            events.insert(news, welcome_to(member, before.next_seq));
            tell_receipts(member);
        }
    }
    if (list_is_old && member.kind == frame::RoomKind::named) {
        fetch_members(member.room.number(), false);
    }
}

void SecureSession::Impl::on_entry(const Now& now, const EntryReceived& received) {
    const std::uint64_t seq = received.seq;
    Membership* member = rooms.find(received.room);
    if (!member || seq >= Room::seq_end) return;
    member->stated = true;
    search.on_entry(now.at, rtt(), received.room, seq, received.entry);
    member->history.on_entry(now.at, rtt(), seq, received.entry);
    if (member->pinned_fetch.on_there(now.at, rtt(), seq) &&
        received.entry.kind == frame::EntryKind::pinned && !received.entry.text.empty()) {
        events.push_back(PinnedNow{member->room.name(), seq, std::string(received.entry.text),
                                   received.entry.time});
    }
    const Before before = mark(*member);
    const bool list_is_old =
        member->room.on_entry(now.at, gap_rtt(now.at), seq, received.entry, events);
    show_news(*member, before, list_is_old);
    advance(now, *member);
}

void SecureSession::Impl::on_parts(const Now& now, const EntryInParts& parts) {
    Membership* member = rooms.find(parts.room);
    if (!member || parts.seq >= Room::seq_end) return;
    member->stated = true;
    search.on_part(now.at, rtt(), parts.room, parts.seq, parts.have);
    member->history.on_part(now.at, rtt(), parts.seq, parts.have);
    member->pinned_fetch.on_part(now.at, rtt(), parts.seq, parts.have);
    member->room.on_part(now.at, gap_rtt(now.at), parts.seq, parts.have);
}

void SecureSession::Impl::on_gone(const Now& now, const frame::Gone& gone) {
    Membership* member = rooms.find(gone.room);
    if (!member || gone.to >= Room::seq_end) return;
    member->stated = true;
    search.on_gone(now.at, rtt(), gone);
    member->history.on_gone(now.at, rtt(), gone.from, gone.to);
    member->pinned_fetch.on_gone(now.at, rtt(), gone.from, gone.to);
    const Before before = mark(*member);
    const bool list_is_old =
        member->room.on_gone(now.at, gap_rtt(now.at), gone.from, gone.to, events);
    show_news(*member, before, list_is_old);
    advance(now, *member);
}

void SecureSession::Impl::on_head(const Now& now, const frame::Head& head) {
    Membership* member = rooms.find(head.room);
    if (!member) return;
    member->stated = true;
    member->room.on_head(now.at, gap_rtt(now.at), head.head);
    member->history.on_tail(head.tail);
}

void SecureSession::Impl::on_seen(const frame::Seen& seen) {
    Membership* member = rooms.find(seen.room);
    if (!member || packet_order < member->seen_order) return;
    member->seen_order = packet_order;
    member->receipts.on_seen(seen);
    tell_receipts(*member);
}

void SecureSession::Impl::tell_receipts(Membership& member) {
    if (!member.visible) return;
    const bool open = outbox.has_unacknowledged_in(member.room.number());
    member.receipts.tell(member.room.name(), open ? member.accepted_end : UINT64_MAX, events);
}

void SecureSession::Impl::on_notice(const frame::Notice&) {
    if (outbox.waiting() == 0 && !joins.open_for_user()) return;
    if (std::exchange(cannot_store_told, true)) return;
    refuse(ErrorCode::cannot_store,
           "the server cannot store anything at present; what you say waits here until it can");
}

void SecureSession::Impl::advance(const Now& now, Membership& member) {
    if (!member.room.accepts()) return;
    member.history.advance(member.room.teller(), member.room.next_seq(), events);
    if (!member.held_until) return;
    if (member.history.joining()) {
        if (now.at < *member.held_until && !member.room.full()) return;
        member.history.hurry(member.room.teller(), events);
    }
    member.held_until.reset();
    // Also if it is among the history: there it is one of many, and may be pinned no longer.
    if (member.pinned != 0 && member.pinned < member.room.next_seq()) {
        member.pinned_fetch.want(member.pinned, member.pinned + 1);
    }
    const Before before = mark(member);
    const bool list_is_old = member.room.set_held(false, events);
    show_news(member, before, list_is_old);
    // What was asked for meanwhile.
    member.history.advance(member.room.teller(), member.room.next_seq(), events);
}

void SecureSession::Impl::fetch_members(std::uint32_t number, bool first) {
    if (members.fetching() && members.room() == number) return members.fetch(number);
    std::erase(members_wanted, number);
    if (!members.fetching()) return members.fetch(number);
    if (first) {
        members_wanted.push_front(number);
    } else {
        members_wanted.push_back(number);
    }
}

void SecureSession::Impl::rooms_on_request() {
    for (auto& [number, member] : rooms)
        member.shown_at_request = member.room.next_seq();
}

void SecureSession::Impl::rooms_on_session() {
    for (auto& [number, member] : rooms) {
        member.room.set_own_name(name);
        member.stated = false;
        member.acked_in.reset();
        member.part_asked = false;
        // Where it goes on here, before anything is sent in vain; or it is not ours any more.
        member.room.hurry_ack();
        member.history.fetch().ask_at_once();
        member.pinned_fetch.ask_at_once();
    }
    parted.clear();
    joins.ask_again();
    listing.ask_again();
    members.ask_again();
    search.ask_again(true);
}

void SecureSession::Impl::rooms_begin_anew() {
    events.push_back(Error{ErrorCode::history_restarted,
                           "the server has a new history; the numbers of its entries begin anew",
                           {},
                           {}});
    if (search.running()) events.push_back(search.end());
    search.forget_older();
    members.stop();
    members_wanted.clear();
    for (auto& [number, member] : rooms) {
        const std::string& room = member.room.name();
        auto again = Joins::parse(room);
        const bool stays = member.kind == frame::RoomKind::named && !member.leaving && again;
        if (member.history.open()) {
            events.push_back(HistoryEnd{room, member.history.oldest(), false});
        }
        if (!stays && member.visible) events.push_back(RoomLeft{room});
        if (!stays || (landing_awaited && room_key(room) == room_key(landing_asked))) continue;
        again->again = true;
        joins.add(room_key(room), *again);
    }
    rooms.clear();
    for (const auto& room : outbox.unplaced_rooms()) {
        const auto asked = Joins::parse(room);
        if (asked && asked->kind == frame::RoomKind::conversation) {
            joins.add(room_key(room), *asked);
        }
    }
}

void SecureSession::Impl::forget_parts() {
    search.forget_parts();
    for (auto& [number, member] : rooms) {
        member.room.forget_parts();
        member.history.fetch().forget_parts();
        member.pinned_fetch.forget_parts();
    }
}

void SecureSession::Impl::rooms_on_deadline(const Now& now) {
    if (settling_until && now.at >= *settling_until) {
        settling_until.reset();
        drop_said_nowhere();
    }
    for (auto& [number, member] : rooms) {
        if (member.held_until && now.at >= *member.held_until) advance(now, member);
    }
}

bool SecureSession::Impl::rooms_open() const {
    if (joins.open() || listing.fetching() || search.running() || landing_awaited) return true;
    return std::ranges::any_of(rooms, [this](const auto& each) {
        const Membership& member = each.second;
        return !member.stated || member.leaving ||
               (accepts && (member.history.open() || !member.pinned_fetch.empty()));
    });
}

std::size_t SecureSession::Impl::runs_left() const {
    std::size_t open = search.open();
    for (const auto& [number, member] : rooms)
        open += member.history.fetch().open() + member.pinned_fetch.open();
    return EntryFetch::runs_max - std::min(open, EntryFetch::runs_max);
}

void SecureSession::Impl::consider_rooms(std::optional<Instant>& next) const {
    const auto consider = [&next](std::optional<Instant> at) {
        if (at) next = std::min(next.value_or(*at), *at);
    };
    consider(settling_until);
    const std::size_t runs = runs_left();
    for (const auto& [number, member] : rooms) {
        if (accepts) consider(member.held_until);
        if (!keys) continue;
        consider(member.room.ack_at());
        if (!accepts || only_ping) continue;
        consider(member.history.fetch().due(runs));
        consider(member.pinned_fetch.due(runs));
    }
    if (!keys || only_ping) return;
    consider(joins.due());
    if (accepts) consider(search.due(runs));
}

}  // namespace chat::client
