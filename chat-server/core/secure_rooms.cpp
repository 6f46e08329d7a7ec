// SPDX-License-Identifier: MIT
// In which rooms a program is: where it lands, what it joins and parts from, and what others open
// with it. A program is in all rooms of its member, and in no other.
#include <algorithm>

#include "chat-server/core/limits.h"
#include "chat-server/core/secure_service.h"
#include "proto/wire/name.h"
#include "proto/wire/text.h"

namespace chat::server {
namespace {

std::string_view landing_name(const datagram::FiniPayload& request) {
    const std::string_view name(request.room.data(), request.room_bytes);
    return name.empty() ? Chat::lobby_name : name;
}

frame::NoRoomCode refusal_code(RoomError error) {
    switch (error) {
        case RoomError::unusable_name:
            return frame::NoRoomCode::unusable_name;
        case RoomError::nobody:
            return frame::NoRoomCode::nobody;
        case RoomError::too_many:
            return frame::NoRoomCode::too_many;
        case RoomError::too_fast:
        case RoomError::cannot_store:
            return frame::NoRoomCode::not_now;
    }
    return frame::NoRoomCode::unusable_name;
}

std::expected<RoomId, RoomError> open_room(const Now& now, MemberIndex member, frame::RoomKind kind,
                                           std::string_view name, Chat& chat) {
    if (!check_name(name)) return std::unexpected(RoomError::unusable_name);
    return kind == frame::RoomKind::named ? chat.open_named(now, member, name)
                                          : chat.open_conversation(now, member, name);
}

}  // namespace

void SecureService::land(const Now& now, PeerIndex index, const datagram::FiniPayload& request,
                         Chat& chat) {
    Peer& peer = peers_[index];
    const std::string_view name = landing_name(request);
    const auto wanted = open_room(now, peer.member, frame::RoomKind::named, name, chat);
    auto rooms = chat.rooms_of(chat.roster()[peer.member].person);
    peer.refused_landing.reset();
    peer.landing_next = 0;
    if (wanted) {
        peer.landing = *wanted;
        const bool here = request.log_epoch == secret_->log_epoch &&
                          request.next_seq <= chat.room(peer.landing).head();
        if (here) peer.landing_next = request.next_seq;
    } else {
        const NameText said(is_clean_line(name) ? name : std::string_view());
        peer.refused_landing = std::make_unique<RefusedRoom>(
            RefusedRoom{frame::RoomKind::named, refusal_code(wanted.error()), said});
        const auto named = std::ranges::find_if(
            rooms, [&](RoomId room) { return chat.room(room).kind() == RoomKind::named; });
        peer.landing = named == rooms.end() ? Chat::lobby_id : *named;
    }
    if (Subscription* const in = peer.in(peer.landing); in != nullptr && peer.landing_next != 0) {
        // What was sent before is not sent again unless it is asked for.
        peer.welcome_flags |= frame::welcome_resumed;
        in->acked = std::max(in->acked, peer.landing_next);
        in->sent = std::max(in->sent, in->acked);
        in->credit_end = std::max(in->credit_end, in->acked);
    }
    if (std::ranges::find(rooms, peer.landing) == rooms.end()) rooms.push_back(peer.landing);
    for (const RoomId room : rooms) {
        if (peer.in(room) != nullptr) continue;
        if (chat.join(now, peer.member, room) == JoinProgress::is_in) {
            subscribe(index, room, false, chat);
        }
    }
    // An old session whose program wants to land in another room waits for that, too.
    peer.state = PeerState::joining;
    if (peer.in(peer.landing) != nullptr) open(index);
}

void SecureService::open(PeerIndex index) {
    Peer& peer = peers_[index];
    peer.state = PeerState::open;
    peer.welcome_owed = true;
    delivery_.queue(index);
}

void SecureService::subscribe(PeerIndex index, RoomId room, bool first_time, Chat& chat) {
    Peer& peer = peers_[index];
    Room& there = chat.room(room);
    Subscription in;
    in.room = room;
    if (first_time) in.room_flags = frame::room_is_new_to_him;
    Seq next = chat.find_seat(room, chat.roster()[peer.member].person)->next;
    if (room == peer.landing && peer.landing_next != 0) {
        next = peer.landing_next;
        peer.welcome_flags |= frame::welcome_resumed;
    }
    in.go_to(next);
    in.credit_end = next + credit_first;
    in.place = static_cast<std::uint32_t>(there.listeners().size());
    there.listeners().push_back(index);
    peer.rooms.push_back(in);
    if (peer.state == PeerState::open) delivery_.queue(index);
}

void SecureService::unsubscribe(PeerIndex index, RoomId room, Chat& chat) {
    Peer& peer = peers_[index];
    Subscription* const in = peer.in(room);
    if (in == nullptr) return;
    stop_listening(*in, peers_, chat);
    *in = peer.rooms.back();
    peer.rooms.pop_back();
    if (peer.receipts) peer.receipts->forget(room);
    if (peer.requests) {
        peer.requests->entries.forget(room);
        std::erase_if(peer.requests->members,
                      [room](const Requests::Members& one) { return one.room == room; });
        if (peer.requests->found) {
            std::erase_if(peer.requests->found->places,
                          [room](const frame::Place& one) { return one.room == room; });
        }
    }
}

void SecureService::stop_listening(const Subscription& in, Peers& peers, Chat& chat) {
    auto& listeners = chat.room(in.room).listeners();
    const PeerIndex moved = listeners.back();
    listeners[in.place] = moved;
    listeners.pop_back();
    peers[moved].in(in.room)->place = in.place;
}

void SecureService::on_joined(const Outcome& outcome, Chat& chat) {
    if (is_going(chat.roster()[outcome.member])) return;
    for_each_program(outcome.member, [&](PeerIndex index) {
        Peer& peer = peers_[index];
        if (peer.in(outcome.room) == nullptr) {
            subscribe(index, outcome.room, outcome.first_time, chat);
        }
        if (peer.state == PeerState::joining && peer.landing == outcome.room) open(index);
    });
}

void SecureService::on_parted(const Outcome& outcome, Chat& chat) {
    for_each_program(outcome.member, [&](PeerIndex index) {
        unsubscribe(index, outcome.room, chat);
        peers_[index].ask().part(outcome.room);
        delivery_.queue(index);
    });
}

Subscription* SecureService::subscription(const Received& in, RoomId room) {
    Subscription* const sub = in.peer.in(room);
    if (sub != nullptr) return sub;
    // Somebody who has a place there and is on his way to it hears ROOM soon.
    const PersonId person = in.chat.roster()[in.peer.member].person;
    if (in.chat.has_room(room) && in.chat.find_seat(room, person) != nullptr) return nullptr;
    in.peer.ask().part(room);
    delivery_.queue(in.index);
    return nullptr;
}

void SecureService::handle(const Received& in, const frame::Join& join) {
    Peer& peer = in.peer;
    const auto room = open_room(in.now, peer.member, join.kind, join.name, in.chat);
    if (!room) {
        if (room.error() == RoomError::cannot_store) {
            // He asks again, and there will be an answer.
            peer.notice_owed = peer.notice_owed || peer.notices.take(in.now.at, notice_rate);
        } else {
            peer.ask().refuse({join.kind, refusal_code(room.error()), NameText(join.name)});
        }
    } else if (Subscription* const sub = peer.in(*room); sub != nullptr && !sub->parting) {
        sub->room_owed = true;
    } else if (in.chat.join(in.now, peer.member, *room) == JoinProgress::is_in) {
        subscribe(in.index, *room, false, in.chat);
    }
    delivery_.queue(in.index);
}

void SecureService::handle(const Received& in, const frame::Part& part) {
    Subscription* const sub = subscription(in, part.room);
    if (sub == nullptr) return;
    if (in.chat.room(part.room).kind() != RoomKind::named) {
        ++in.chat.counters().malformed;
        return;
    }
    if (sub->parting) return;
    for_each_program(in.peer.member, [&](PeerIndex index) {
        if (Subscription* const his = peers_[index].in(part.room)) his->parting = true;
    });
    in.chat.part(in.now, in.peer.member, part.room);
}

}  // namespace chat::server
