// SPDX-License-Identifier: MIT
#include <algorithm>
#include <type_traits>

#include "chat-client/core/secure_session_impl.h"

namespace chat::client {
namespace {

// Datagrams under the new key before WELCOME, which may come late.
constexpr std::size_t pending_packets_max = 256;
// A server asks for one at a time, 100 ms apart.
constexpr std::size_t path_responses_max = 8;

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
    packet_at = std::min(packet.at, now.at);
    if (packet.sid == 0) return;
    if (keys && packet.sid == keys->client_sid) {
        packet_sid = packet.sid;
        link->on_received(packet_at, packet.counter, packet.ts, packet.bytes, packet.ack_eliciting);
        heard(now);
    } else if (packet.sid == pending_sid) {
        packet_sid = packet.sid;
        if (pending_packets.size() < pending_packets_max) pending_packets.push_back(packet);
    } else if (keys && packet.sid == previous_sid) {
        packet_sid = packet.sid;
        heard(now);
    }
}

void SecureSession::Impl::on_pkt_ack(const frame::PktAck& ack) {
    if (!link->on_ack(packet_at, ack, ts(packet_at))) return;
    outbox.on_pkt_ack(ack.largest);
    if (ping_counter && *ping_counter <= ack.largest) ping_counter.reset();
}

void SecureSession::Impl::note_events(std::size_t before, bool list_is_old) {
    if (list_is_old) members.fetch(room.number());
    for (std::size_t i = before; i < events.size(); ++i) {
        members.on_shown(events[i]);
        if (const auto* accepted = std::get_if<Accepted>(&events[i])) {
            own_end = std::max(own_end, accepted->seq + 1);
        }
    }
}

bool SecureSession::Impl::content_open() const {
    return outbox.has_unacknowledged() || members.fetching() || ping_counter.has_value();
}

void SecureSession::Impl::settle() {
    if (auto names = members.take()) {
        events.push_back(Members{config.room, std::move(*names)});
    }
    if (!link) return;
    if (content_open()) return link->set_content_pending(true);
    link->nothing_outstanding();
    waiting_since.reset();
}

void SecureSession::Impl::on_event(const Now& now, const ReceiverEvent& event) {
    const std::size_t before = events.size();
    bool list_is_old = false;
    // What belongs to a session is believed under its own key only; what belongs to the room also
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
                list_is_old = on_welcome(now, e);
            } else if constexpr (std::is_same_v<T, frame::Close>) {
                on_close(now, e);
            } else if constexpr (std::is_same_v<T, EntryReceived>) {
                if (of_room) list_is_old = room.on_entry(now.at, rtt(), e, events);
            } else if constexpr (std::is_same_v<T, EntryInParts>) {
                if (of_room) room.on_parts(now.at, rtt(), e);
            } else if constexpr (std::is_same_v<T, frame::Head>) {
                if (of_room) room.on_head(now.at, rtt(), e);
            } else if constexpr (std::is_same_v<T, frame::Gone>) {
                if (of_room) list_is_old = room.on_gone(now.at, rtt(), e, events);
            } else if constexpr (std::is_same_v<T, frame::PktAck>) {
                if (current) on_pkt_ack(e);
            } else if constexpr (std::is_same_v<T, frame::MsgAck>) {
                if (current) outbox.on_msg_ack(e, events);
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
    note_events(before, list_is_old);
}

}  // namespace chat::client
