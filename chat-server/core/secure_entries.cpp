// SPDX-License-Identifier: MIT
// Which entries go into a datagram: the next ones for somebody who keeps up, a page's for somebody
// far behind, the ones that got lost.
#include <algorithm>
#include <cassert>
#include <utility>

#include "chat-server/core/limits.h"
#include "chat-server/core/secure_delivery.h"

namespace chat::server {
namespace {

constexpr std::size_t event_part_head_bytes = frame::header_bytes + 14;
constexpr std::size_t gone_bytes = frame::header_bytes + 20;
constexpr std::size_t entries_per_frame_max = 255;

// How many of the entries sent before are worth repeating in front of a new one.
Seq repeated_entries(const Link& link) {
    if (!link.loses_much()) return 0;
    Seq copies = 0;
    for (unsigned lost_ppm = link.loss_permille() * 1000;
         lost_ppm > copies_lost_max_ppm && copies < repeated_entries_max; ++copies) {
        lost_ppm = lost_ppm * link.loss_permille() / 1000;
    }
    return copies;
}

}  // namespace

void SecureDelivery::wait_for_page(PeerIndex index, Subscription& in, Seq seq, Chat& chat) {
    chat.room(in.room).want(seq);
    if (std::ranges::find(paged_, in.room) == paged_.end()) paged_.push_back(in.room);
    if (std::exchange(in.waits_for_page, true)) return;
    waiting_.push_back({index, in.room});
}

void SecureDelivery::write_rooms_due(Instant now, Packet& packet, PeerIndex index, Chat& chat) {
    Peer& peer = peers_[index];
    const std::size_t count = peer.rooms.size();
    const std::size_t first = count == 0 ? 0 : peer.turn % count;
    bool wrote = false;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t place = (first + i) % count;
        Subscription& in = peer.rooms[place];
        if (in.room_owed) continue;  // of a room that it does not know nothing is of use
        Progress progress = write_repair(now, packet, index, in, chat);
        if (progress != Progress::wrote) progress = write_news(now, packet, index, in, chat);
        if (progress == Progress::not_now || progress == Progress::no_room) {
            peer.turn = static_cast<std::uint8_t>(place);
            return;
        }
        if (progress != Progress::wrote) continue;
        wrote = true;
        peer.turn = static_cast<std::uint8_t>((place + 1) % count);
    }
    if (!wrote) write_history(now, packet, index, chat);
}

SecureDelivery::Progress SecureDelivery::write_repair(Instant now, Packet& packet, PeerIndex index,
                                                      Subscription& in, Chat& chat) {
    if (!in.repair || in.waits_for_page) return Progress::nothing_left;
    if (in.repair->from < in.acked) {
        in.repair->from = in.acked;
        in.repair->have = 0;
    }
    Repair& repair = *in.repair;
    const Progress progress = write_entries(now, packet, peers_[index], chat.room(in.room),
                                            repair.from, repair.to, repair.have, repair.from);
    if (progress == Progress::no_page) wait_for_page(index, in, repair.from, chat);
    if (progress == Progress::nothing_left) in.repair.reset();
    return progress;
}

SecureDelivery::Progress SecureDelivery::write_news(Instant now, Packet& packet, PeerIndex index,
                                                    Subscription& in, Chat& chat) {
    Room& room = chat.room(in.room);
    const Peer& peer = peers_[index];
    const Seq to = std::min(room.head(), in.credit_end);
    if (in.sent >= to || in.waits_for_page) return Progress::nothing_left;
    const Seq repeat_from = in.sent - std::min(in.sent - in.acked, repeated_entries(peer.link));
    const Seq before = in.sent;
    const bool gone = before < room.first_kept();
    const Progress progress =
        write_entries(now, packet, peer, room, in.sent, to, in.sent_have, repeat_from);
    if (progress == Progress::no_page) wait_for_page(index, in, in.sent, chat);
    if (progress != Progress::wrote) return progress;
    if (gone) chat.counters().missed += in.sent - before;
    if (now - in.mark_at >= peer.link.smoothed_rtt()) {
        in.mark_at = now;
        in.mark_seq = before;
    }
    return progress;
}

void SecureDelivery::write_history(Instant now, Packet& packet, PeerIndex index, Chat& chat) {
    Peer& peer = peers_[index];
    if (!peer.requests) return;
    WantedEntries& wanted = peer.requests->entries;
    const auto is_ready = [&peer](RoomId room) { return takes_older(peer, room); };
    while (auto* const next = wanted.find_first(is_ready)) {
        Repair& older = next->entries;
        const Progress progress = write_entries(now, packet, peer, chat.room(next->room),
                                                older.from, older.to, older.have, older.from);
        if (progress == Progress::no_page) {
            wait_for_page(index, *peer.in(next->room), older.from, chat);
        } else if (progress != Progress::wrote) {
            return;
        }
        wanted.drop_served();
    }
}

SecureDelivery::Progress SecureDelivery::write_entries(Instant now, Packet& packet,
                                                       const Peer& peer, Room& room, Seq& from,
                                                       Seq to, std::uint8_t& have,
                                                       Seq repeat_from) {
    if (from >= to) return Progress::nothing_left;
    if (from < room.first_kept()) {
        if (!peer.link.may_send(now, packet.datagram_bytes(gone_bytes))) return Progress::not_now;
        // All that is gone in one piece, so that nobody is told of it in several.
        const Seq end = room.first_kept();
        if (!packet.add(frame::Gone{room.id(), from, end - 1})) return Progress::no_room;
        from = end;
        have = 0;
        return Progress::wrote;
    }
    const auto entry = room.find_encoded(from);
    if (entry.empty()) return Progress::no_page;
    if (entry.size() > frame::whole_entry_bytes_max) {
        return write_part(now, packet, peer, room.id(), from, entry, have);
    }
    have = 0;
    return write_batch(now, packet, peer, room, from, to, repeat_from);
}

SecureDelivery::Progress SecureDelivery::write_part(Instant now, Packet& packet, const Peer& peer,
                                                    RoomId room, Seq& from,
                                                    std::span<const std::byte> entry,
                                                    std::uint8_t& have) {
    const std::size_t parts = (entry.size() + frame::part_bytes - 1) / frame::part_bytes;
    const auto all = static_cast<std::uint8_t>((1U << parts) - 1);
    assert(parts <= frame::parts_max);
    std::size_t part = 0;
    // Somebody who says that he has all parts gets the first one again: he would not ask.
    if ((have & all) == all) have = 0;
    while ((have >> part & 1) != 0)
        ++part;
    auto bytes = entry.subspan(part * frame::part_bytes);
    bytes = bytes.first(std::min(bytes.size(), frame::part_bytes));
    const std::size_t frame_bytes = event_part_head_bytes + bytes.size();
    if (frame_bytes > packet.writer.remaining()) return Progress::no_room;
    if (!peer.link.may_send(now, packet.datagram_bytes(frame_bytes))) return Progress::not_now;
    packet.add(frame::EventPart{room, from, static_cast<std::uint8_t>(part),
                                static_cast<std::uint8_t>(parts), bytes});
    packet.has_entries = true;
    have = static_cast<std::uint8_t>(have | 1U << part);
    if ((have & all) == all) {
        ++from;
        have = 0;
    }
    return Progress::wrote;
}

SecureDelivery::Progress SecureDelivery::write_batch(Instant now, Packet& packet, const Peer& peer,
                                                     Room& room, Seq& from, Seq to,
                                                     Seq repeat_from) {
    for (Seq first = repeat_from; first <= from; ++first) {
        if (first < room.first_kept()) continue;
        const Batch& batch = batch_from(first, room);
        const std::size_t wanted =
            static_cast<std::size_t>(std::min<Seq>(batch.ends.size(), to - first));
        // One that fills a datagram goes without the acknowledgement.
        const bool fills = packet.empty() && !batch.ends.empty() &&
                           batch.ends[0] + events_head_bytes > packet.room();
        const std::size_t room_bytes = fills ? packet.writer.remaining() : packet.room();
        std::size_t count = 0;
        while (count < wanted && batch.ends[count] + events_head_bytes <= room_bytes)
            ++count;
        if (first + count <= from) continue;  // the repeated ones leave no room for a new one
        const std::size_t bytes = batch.ends[count - 1];
        if (!peer.link.may_send(now, packet.datagram_bytes(events_head_bytes + bytes))) {
            if (first < from) continue;  // rather fewer repeated ones than no new one
            return Progress::not_now;
        }
        packet.add(frame::Events{room.id(), first, static_cast<std::uint8_t>(count),
                                 std::span(batch.bytes).first(bytes)});
        packet.has_entries = true;
        from = first + count;
        packet.more_follows = packet.more_follows || from < to;
        return Progress::wrote;
    }
    return Progress::no_room;
}

const SecureDelivery::Batch& SecureDelivery::batch_from(Seq first, Room& room) {
    Batch& batch = batches_[room.id() % batches_.size()];
    if (batch.room == room.id() && batch.first == first && batch.head == room.head() &&
        !batch.ends.empty()) {
        return batch;
    }
    batch.room = room.id();
    batch.first = first;
    batch.head = room.head();
    batch.bytes.clear();
    batch.ends.clear();
    for (Seq seq = first; seq < batch.head && batch.ends.size() < entries_per_frame_max; ++seq) {
        const auto entry = room.find_encoded(seq);
        if (entry.empty() || batch.bytes.size() + entry.size() > frame::whole_entry_bytes_max) {
            break;
        }
        batch.bytes.insert(batch.bytes.end(), entry.begin(), entry.end());
        batch.ends.push_back(batch.bytes.size());
    }
    return batch;
}

}  // namespace chat::server
