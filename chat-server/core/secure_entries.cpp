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

}  // namespace

void SecureDelivery::wait_for_page(PeerIndex index, Seq seq, Chat& chat) {
    chat.lobby().want(seq);
    if (std::exchange(peers_[index].waits_for_page, true)) return;
    waiting_for_page_.push_back(index);
}

SecureDelivery::Progress SecureDelivery::write_repair(Instant now, Packet& packet, PeerIndex index,
                                                      Chat& chat) {
    Peer& peer = peers_[index];
    if (!peer.repair) return Progress::nothing_left;
    if (peer.repair->from < peer.acked) {
        peer.repair->from = peer.acked;
        peer.repair->have = 0;
    }
    Repair& repair = *peer.repair;
    const Progress progress =
        write_entries(now, packet, peer, chat, repair.from, repair.to, repair.have, repair.from);
    if (progress == Progress::no_page) wait_for_page(index, repair.from, chat);
    // What the window does not take now is asked for again.
    if (progress == Progress::nothing_left || progress == Progress::not_now) peer.repair.reset();
    return progress;
}

SecureDelivery::Progress SecureDelivery::write_news(Instant now, Packet& packet, PeerIndex index,
                                                    Chat& chat) {
    Peer& peer = peers_[index];
    const Seq to = std::min(chat.head(), peer.credit_end);
    if (peer.sent >= to) return Progress::nothing_left;
    Seq repeat_from = peer.sent;
    if (peer.link.loss_permille() > repeat_loss_permille) {
        repeat_from -= std::min(peer.sent - peer.acked, repeated_entries_max);
    }
    const Seq before = peer.sent;
    const Progress progress =
        write_entries(now, packet, peer, chat, peer.sent, to, peer.sent_have, repeat_from);
    if (progress == Progress::no_page) wait_for_page(index, peer.sent, chat);
    if (progress == Progress::wrote && now - peer.mark_at >= peer.link.smoothed_rtt()) {
        peer.mark_at = now;
        peer.mark_seq = before;
    }
    return progress;
}

SecureDelivery::Progress SecureDelivery::write_entries(Instant now, Packet& packet,
                                                       const Peer& peer, Chat& chat, Seq& from,
                                                       Seq to, std::uint8_t& have,
                                                       Seq repeat_from) {
    Room& room = chat.lobby();
    if (from >= to) return Progress::nothing_left;
    if (from < room.first_kept()) {
        if (!peer.link.may_send(now, packet.datagram_bytes(gone_bytes))) return Progress::not_now;
        const Seq end = std::min(to, room.first_kept());
        if (!packet.add(frame::Gone{Chat::lobby_id, from, end - 1})) return Progress::no_room;
        chat.counters().missed += end - from;
        from = end;
        have = 0;
        return Progress::wrote;
    }
    const auto entry = room.find_encoded(from);
    if (entry.empty()) return Progress::no_page;
    if (entry.size() > frame::whole_entry_bytes_max) {
        return write_part(now, packet, peer, from, entry, have);
    }
    have = 0;
    return write_batch(now, packet, peer, room, from, to, repeat_from);
}

SecureDelivery::Progress SecureDelivery::write_part(Instant now, Packet& packet, const Peer& peer,
                                                    Seq& from, std::span<const std::byte> entry,
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
    if (!peer.link.may_send(now, packet.datagram_bytes(frame_bytes))) return Progress::not_now;
    if (!packet.add(frame::EventPart{Chat::lobby_id, from, static_cast<std::uint8_t>(part),
                                     static_cast<std::uint8_t>(parts), bytes})) {
        return Progress::no_room;
    }
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
            return Progress::not_now;
        }
        packet.add(frame::Events{Chat::lobby_id, first, static_cast<std::uint8_t>(count),
                                 std::span(batch.bytes).first(bytes)});
        packet.has_entries = true;
        from = first + count;
        return Progress::wrote;
    }
    return Progress::no_room;
}

const SecureDelivery::Batch& SecureDelivery::batch_from(Seq first, Room& room) {
    if (batch_.first == first && batch_.head == room.head() && !batch_.ends.empty()) {
        return batch_;
    }
    batch_.first = first;
    batch_.head = room.head();
    batch_.bytes.clear();
    batch_.ends.clear();
    for (Seq seq = first; seq < batch_.head && batch_.ends.size() < entries_per_frame_max; ++seq) {
        const auto entry = room.find_encoded(seq);
        if (entry.empty() || batch_.bytes.size() + entry.size() > frame::whole_entry_bytes_max) {
            break;
        }
        batch_.bytes.insert(batch_.bytes.end(), entry.begin(), entry.end());
        batch_.ends.push_back(batch_.bytes.size());
    }
    return batch_;
}

}  // namespace chat::server
