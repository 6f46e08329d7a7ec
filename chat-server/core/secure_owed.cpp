// SPDX-License-Identifier: MIT
// What a peer is owed besides entries: WELCOME and ROOM, results of messages, answers to what it
// asked, who has seen what, and probes.
#include <algorithm>
#include <utility>

#include "chat-server/core/limits.h"
#include "chat-server/core/secure_delivery.h"
#include "proto/session/reset_token.h"
#include "proto/wire/name.h"

namespace chat::server {
namespace {

// Of a frame with entries or a list, to decide whether it may be sent now.
constexpr std::size_t room_frame_bytes_max =
    frame::header_bytes + 4 + 1 + 1 + 4 * 8 + 1 + frame::topic_bytes_max + 1 + name_bytes_max;
constexpr std::size_t found_bytes_max =
    frame::header_bytes + 6 + frame::found_max * (sizeof(RoomId) + sizeof(Seq));
constexpr std::size_t seen_bytes_max = frame::header_bytes + 5 + frame::seen_max * 16;

// What it does not say is not missed: that goes out by itself.
frame::Head head_of(const Room& room, const Subscription& in) {
    return {room.id(), std::max(in.sent, room.first_kept()), room.first_kept()};
}

frame::Room room_frame(const Peer& peer, const Subscription& in, const Chat& chat) {
    const Room& room = chat.room(in.room);
    frame::Room out;
    out.room = in.room;
    out.flags = in.room_flags;
    out.next_seq = in.acked;
    out.head = room.head();
    out.tail = room.first_kept();
    out.pinned = room.pinned();
    out.topic = room.topic();
    out.name = room.name();
    if (room.kind() == RoomKind::conversation) {
        out.kind = frame::RoomKind::conversation;
        out.name = chat.people()[room.other(chat.roster()[peer.member].person)].name;
    }
    return out;
}

}  // namespace

void SecureDelivery::write_welcome(Instant now, Packet& packet, Peer& peer,
                                   const Chat& chat) const {
    peer.welcome_owed = false;
    peer.welcome_at = now;
    frame::Welcome welcome;
    welcome.next_msg_id = epochs_.next_msg_id(peer.epoch);
    welcome.flags = peer.welcome_flags;
    welcome.reset_token = reset_token(reset_key_, start_count_, peers_.key(peer.key).server_sid);
    welcome.room = peer.refused_landing ? 0 : peer.landing;
    welcome.name = chat.roster()[peer.member].name;
    packet.add(welcome);
    if (peer.refused_landing) {
        // Without a name: of one that is no clean text nobody can speak.
        if (peer.refused_landing->name.size > 0) packet.add(peer.refused_landing->frame());
        return;
    }
    Subscription* const in = peer.in(peer.landing);
    if (in != nullptr && packet.add(room_frame(peer, *in, chat))) in->room_owed = false;
}

void SecureDelivery::write_owed(Instant now, Packet& packet, Peer& peer, const Chat& chat) {
    const auto may_send = [&](std::size_t bytes) {
        return bytes <= packet.room() && peer.link.may_send(now, packet.datagram_bytes(bytes));
    };
    if (peer.msg_ack_owed) {
        frame::MsgAck ack;
        epochs_.results(peer.epoch, peer.results_from, ack);
        if (peer.assembly && !epochs_.waits_for_log(peer.epoch)) ack.have = peer.assembly->have;
        if (packet.add(ack)) peer.msg_ack_owed = false;
    }
    if (peer.notice_owed && packet.add(frame::Notice{frame::NoticeCode::cannot_store})) {
        peer.notice_owed = false;
    }
    // Before ROOM: he may have come back since.
    if (peer.requests) {
        std::erase_if(peer.requests->parted,
                      [&](RoomId room) { return packet.add(frame::Parted{room}); });
    }
    for (Subscription& in : peer.rooms) {
        if (in.room_owed && may_send(room_frame_bytes_max) &&
            packet.add(room_frame(peer, in, chat))) {
            in.room_owed = false;
        }
        if (in.head_owed && packet.add(head_of(chat.room(in.room), in))) in.head_owed = false;
    }
    if (peer.ping_owed && packet.add(frame::Ping{})) peer.ping_owed = false;
    if (peer.receipts && peer.receipts->has_unsent() && may_send(seen_bytes_max)) {
        packet.has_receipts = peer.receipts->write(packet);
    }
    if (!peer.requests) return;
    if (peer.requests->has_answers() && peer.link.may_send(now, datagram::bytes_max)) {
        write_answers(packet, peer, chat);
    }
    if (peer.requests->empty()) peer.requests.reset();
}

void SecureDelivery::write_answers(Packet& packet, Peer& peer, const Chat& chat) {
    Requests& asked = *peer.requests;
    std::erase_if(asked.refused, [&](const RefusedRoom& one) { return packet.add(one.frame()); });
    write_found(packet, asked);
    std::erase_if(asked.members, [&](const Requests::Members& wanted) {
        return write_members(packet, wanted, chat);
    });
    if (asked.rooms && write_rooms(packet, peer, asked.rooms->view(), chat)) asked.rooms.reset();
}

void SecureDelivery::write_found(Packet& packet, Requests& requests) {
    if (!requests.found || packet.room() < found_bytes_max) return;
    frame::Found found;
    found.id = requests.found->id;
    found.more = requests.found->more;
    found.incomplete = requests.found->incomplete;
    for (const frame::Place& place : requests.found->places)
        found.places[found.count++] = place;
    if (packet.add(found)) requests.found.reset();
}

void SecureDelivery::write_probe(Packet& packet, Peer& peer, Chat& chat) {
    if (peer.receipts) packet.has_receipts = peer.receipts->write(packet);
    const std::size_t count = peer.rooms.size();
    for (std::size_t i = 0; i < count; ++i) {
        Subscription& in = peer.rooms[(peer.turn + i) % count];
        Room& room = chat.room(in.room);
        if (!in.stated) {
            if (packet.add(room_frame(peer, in, chat))) in.room_owed = false;
        } else if (in.acked < room.head()) {
            write_oldest(packet, in, room);
        }
    }
    // So that each room is the first one some time, and has a whole datagram.
    if (count > 0) peer.turn = static_cast<std::uint8_t>((peer.turn + 1U) % count);
    if (!packet.ack_eliciting) packet.add(frame::Ping{});
}

void SecureDelivery::write_oldest(Packet& packet, Subscription& in, Room& room) {
    if (in.acked >= in.sent) {
        packet.add(head_of(room, in));
        return;
    }
    if (in.acked < room.first_kept()) {
        packet.add(head_of(room, in));
        packet.add(frame::Gone{in.room, in.acked, std::min(in.sent, room.first_kept()) - 1});
        return;
    }
    const auto oldest = room.find_encoded(in.acked);
    if (oldest.size() > frame::whole_entry_bytes_max) {
        const auto parts = (oldest.size() + frame::part_bytes - 1) / frame::part_bytes;
        const std::size_t part = in.probe_part % parts;
        const auto bytes = oldest.subspan(part * frame::part_bytes);
        const bool added = packet.add(frame::EventPart{
            in.room, in.acked, static_cast<std::uint8_t>(part), static_cast<std::uint8_t>(parts),
            bytes.first(std::min(bytes.size(), frame::part_bytes))});
        if (added) {
            ++in.probe_part;
            packet.has_entries = true;
        } else {
            packet.add(head_of(room, in));
        }
        return;
    }
    packet.add(head_of(room, in));
    const Batch& batch = batch_from(in.acked, room);
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<Seq>(batch.ends.size(), in.sent - in.acked));
    std::size_t count = 0;
    while (count < wanted && batch.ends[count] + events_head_bytes <= packet.room())
        ++count;
    if (count == 0) return;  // too long beside HEAD, or on no page: that HEAD arrives is enough
    packet.has_entries =
        packet.add(frame::Events{in.room, in.acked, static_cast<std::uint8_t>(count),
                                 std::span(batch.bytes).first(batch.ends[count - 1])}) ||
        packet.has_entries;
}

}  // namespace chat::server
