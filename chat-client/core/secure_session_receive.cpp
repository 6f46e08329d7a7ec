// SPDX-License-Identifier: MIT
#include <algorithm>
#include <span>
#include <type_traits>
#include <utility>

#include "chat-client/core/secure_session_impl.h"

namespace chat::client {
namespace {

// Datagrams under the new key before WELCOME, which may come late.
constexpr std::size_t pending_packets_max = 256;
// A server asks for one at a time, 100 ms apart.
constexpr std::size_t path_responses_max = 8;

// The counters of one key after those of the key before it. No key lives for 2^48 datagrams.
std::uint64_t order_of(std::uint64_t key, std::uint64_t counter) {
    constexpr int counter_bits = 48;
    return key << counter_bits | (counter & ((std::uint64_t{1} << counter_bits) - 1));
}

}  // namespace

void SecureSession::Impl::heard(const Now& now) {
    heard_at = now.at;
    waiting_since.reset();
    only_ping = false;
    if (state != State::reconnecting || packet_sid != keys->client_sid) return;
    // It was only slow. A handshake under way becomes a rekey.
    unanswered_since.reset();
    if (!handshake.running()) handshake_at.reset();
    change_state(State::online, Connection::online, {});
}

void SecureSession::Impl::on_packet(const Now& now, const PacketReceived& packet) {
    packet_sid = 0;
    packet_order = 0;
    packet_at = std::min(packet.at, now.at);
    if (packet.sid == 0) return;
    if (keys && packet.sid == keys->client_sid) {
        packet_sid = packet.sid;
        packet_order = order_of(keys->number, packet.counter);
        link->on_received(packet_at, packet.counter, packet.ts, packet.bytes, packet.ack_eliciting);
        heard(now);
    } else if (packet.sid == pending_sid) {
        packet_sid = packet.sid;
        packet_order = order_of(last_key, packet.counter);
        if (pending_packets.size() < pending_packets_max) pending_packets.push_back(packet);
    } else if (keys && packet.sid == previous_sid) {
        packet_sid = packet.sid;
        packet_order = order_of(previous_key, packet.counter);
        heard(now);
    }
}

void SecureSession::Impl::on_pkt_ack(const frame::PktAck& ack) {
    if (!link->on_ack(packet_at, ack, ts(packet_at))) return;
    outbox.on_pkt_ack(ack.largest);
    if (ping_counter && *ping_counter <= ack.largest) ping_counter.reset();
    for (auto& [number, member] : rooms) {
        if (member.acked_in && *member.acked_in <= ack.largest) member.stated = true;
    }
}

void SecureSession::Impl::on_msg_ack(const frame::MsgAck& ack) {
    outbox.on_msg_ack(ack, events);
    // Where he is not, he may have been parted without hearing of it: asking shows it.
    for (const auto& result : std::span(ack.results).first(ack.count)) {
        Membership* member =
            result.status == frame::MsgStatus::not_in_room ? rooms.find(result.room) : nullptr;
        if (!member) continue;
        member->stated = false;
        member->acked_in.reset();
        member->room.hurry_ack();
    }
}

void SecureSession::Impl::note_events(std::size_t before) {
    const Membership* listed = members.fetching() ? rooms.find(members.room()) : nullptr;
    bool accepted = false;
    for (std::size_t i = before; i < events.size(); ++i) {
        if (listed && room_of(events[i]) == listed->room.name()) members.on_shown(events[i]);
        const auto* mine = std::get_if<Accepted>(&events[i]);
        Membership* member = mine ? rooms.find(mine->room) : nullptr;
        if (!member) continue;
        member->accepted_end = std::max(member->accepted_end, mine->seq + 1);
        accepted = true;
    }
    if (!accepted) return;
    cannot_store_told = false;
    for (auto& [number, member] : rooms)
        tell_receipts(member);
}

bool SecureSession::Impl::content_open() const {
    return outbox.has_unacknowledged() || members.fetching() || ping_counter.has_value() ||
           rooms_open();
}

void SecureSession::Impl::settle() {
    if (auto names = members.take()) {
        if (const Membership* member = rooms.find(members.room())) {
            events.push_back(Members{member->room.name(), std::move(*names)});
        }
    }
    if (auto result = search.take()) events.push_back(std::move(*result));
    if (!members.fetching() && !members_wanted.empty()) {
        members.fetch(members_wanted.front());
        members_wanted.pop_front();
    }
    if (!link) return;
    if (content_open()) return link->set_content_pending(true);
    link->nothing_outstanding();
    waiting_since.reset();
}

void SecureSession::Impl::on_event(const Now& now, const ReceiverEvent& event) {
    const std::size_t before = events.size();
    // What belongs to a session is believed under its own key only; what belongs to a room also
    // under the previous key, and under the next one as soon as it is known to be the same log.
    const bool current = keys && packet_sid != 0 && packet_sid == keys->client_sid;
    const bool next = packet_sid != 0 && packet_sid == pending_sid && handshake.finishing() &&
                      handshake.initiator().offer().log_epoch == log_epoch;
    const bool of_room = state != State::leaving &&
                         (current || next || (packet_sid != 0 && packet_sid == previous_sid));
    std::visit(
        [&](const auto& e) {
            using T = std::decay_t<decltype(e)>;
            if constexpr (std::is_same_v<T, HandshakeDatagram>) {
                if (datagram::type_of(e.bytes) == datagram::Type::reset) {
                    on_reset(now, e.bytes);
                } else {
                    on_handshake_step(now, handshake.on_datagram(now, e.bytes));
                }
            } else if constexpr (std::is_same_v<T, PacketReceived>) {
                on_packet(now, e);
            } else if constexpr (std::is_same_v<T, PortUnreachable>) {
                on_refused(now);
            } else if constexpr (std::is_same_v<T, frame::Welcome>) {
                on_welcome(now, e);
            } else if constexpr (std::is_same_v<T, frame::Close>) {
                on_close(now, e);
            } else if constexpr (std::is_same_v<T, EntryReceived>) {
                if (of_room) on_entry(now, e);
            } else if constexpr (std::is_same_v<T, EntryInParts>) {
                if (of_room) on_parts(now, e);
            } else if constexpr (std::is_same_v<T, frame::Head>) {
                if (of_room) on_head(now, e);
            } else if constexpr (std::is_same_v<T, frame::Gone>) {
                if (of_room) on_gone(now, e);
            } else if constexpr (std::is_same_v<T, frame::Room>) {
                if (current && of_room) on_room(now, e);
            } else if constexpr (std::is_same_v<T, frame::NoRoom>) {
                if (current && of_room) on_no_room(now, e);
            } else if constexpr (std::is_same_v<T, frame::Parted>) {
                if (of_room) on_parted(e);
            } else if constexpr (std::is_same_v<T, frame::Rooms>) {
                if (auto list = current ? listing.on_rooms(e) : std::nullopt) {
                    events.push_back(std::move(*list));
                }
            } else if constexpr (std::is_same_v<T, frame::Found>) {
                if (current) {
                    search.on_found(e, [this](std::uint32_t number) {
                        const Membership* member = rooms.find(number);
                        return member ? member->room.name() : std::string();
                    });
                }
            } else if constexpr (std::is_same_v<T, frame::Seen>) {
                if (of_room) on_seen(e);
            } else if constexpr (std::is_same_v<T, frame::Notice>) {
                if (current) on_notice(e);
            } else if constexpr (std::is_same_v<T, frame::PktAck>) {
                if (current) on_pkt_ack(e);
            } else if constexpr (std::is_same_v<T, frame::MsgAck>) {
                if (current) on_msg_ack(e);
            } else if constexpr (std::is_same_v<T, frame::Members>) {
                if (current) members.on_members(e);
            } else {
                static_assert(std::is_same_v<T, frame::PathChallenge>);
                if (current && path_responses.size() < path_responses_max) {
                    path_responses.push_back({e.data});
                }
            }
        },
        event);
    note_events(before);
}

}  // namespace chat::client
