// SPDX-License-Identifier: MIT
#include "chat-server/core/secure_delivery.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "chat-server/core/limits.h"
#include "proto/session/reset_token.h"
#include "proto/wire/name.h"

namespace chat::server {
namespace {

constexpr std::size_t pkt_ack_bytes = frame::header_bytes + 20;
constexpr std::size_t members_head_bytes = frame::header_bytes + 4 + 8 + 1 + 1 + 1;

}  // namespace

std::size_t SecureDelivery::seal(Instant now, Peer& peer, Packet& packet) {
    Sealer& sealer = peers_.key(peer.key).sealer;
    frame::pad(packet.writer);
    const std::size_t size = packet.datagram_bytes();
    if (sealer.next_counter() >= key_datagrams_max) return 0;
    const auto counter = sealer.seal(timestamp(peer, now), packet.buffer.first(size));
    if (!counter) return 0;
    peer.link.on_sent(now, *counter, size, packet.ack_eliciting);
    return size;
}

void SecureDelivery::finish(Instant now, Packet& packet, Peer& peer, Chat& chat,
                            TransmitSink& sink) {
    const std::size_t size = seal(now, peer, packet);
    if (size == 0) {  // the key is used up; a new handshake is the client's to begin
        peers_.drop_key(peer.key);
        return;
    }
    if (packet.has_entries) ++chat.counters().deliveries;
    arena_.send(peer.path.proved(), size, sink);
}

// --- from outside ----------------------------------------------------------------------------

SecureDelivery::SecureDelivery(Peers& peers, const Epochs& epochs, Deadlines& deadlines,
                               const Key32& reset_key, std::uint64_t start_count)
    : peers_(peers),
      epochs_(epochs),
      deadlines_(deadlines),
      reset_key_(reset_key),
      start_count_(start_count),
      arena_(datagram_buffers) {}

void SecureDelivery::answer(const Path& path, std::span<const std::byte> datagram,
                            Counters& counters) {
    if (answers_.size() - answers_sent_ >= replies_max) {
        ++counters.replies_dropped;
        return;
    }
    Answer& one = answers_.emplace_back();
    assert(datagram.size() <= one.bytes.size());
    one.path = path;
    one.size = datagram.size();
    std::ranges::copy(datagram, one.bytes.begin());
}

void SecureDelivery::answer_sealed(Instant now, Peer& peer, const Path& path,
                                   const frame::Frame& one, Counters& counters) {
    if (peer.key == no_key) return;
    std::array<std::byte, datagram::bytes_max> buffer;
    Packet packet(buffer);
    std::visit([&](const auto& f) { packet.add(f); }, one);
    if (const std::size_t size = seal(now, peer, packet); size != 0) {
        answer(path, std::span(buffer).first(size), counters);
    }
}

void SecureDelivery::queue(PeerIndex index) {
    if (std::exchange(peers_[index].queued, true)) return;
    queued_.push_back(index);
}

void SecureDelivery::repeat(PeerIndex index, Seq from, Seq to, std::uint8_t have) {
    if (gaps_.size() < gaps_waiting_max) gaps_.push_back({index, from, to, have});
}

void SecureDelivery::on_page() {
    for (const PeerIndex index : std::exchange(waiting_for_page_, {})) {
        if (!peers_.is_used(index)) continue;
        peers_[index].waits_for_page = false;
        queue(index);
    }
}

void SecureDelivery::stop(std::uint32_t wait_ms) {
    stop_rounds_ = 2;
    stop_next_ = 0;
    stop_wait_ms_ = wait_ms;
}

bool SecureDelivery::idle() const {
    return answers_sent_ == answers_.size() && gaps_.empty() && queued_.empty() &&
           news_left_ == 0 && !arena_.keeps_one() && stop_rounds_ == 0;
}

bool SecureDelivery::heard_lately(Instant now, const Peer& peer) const {
    return now - peer.heard_at < session_silence_max;
}

void SecureDelivery::arm(Instant now, PeerIndex index, const Chat& chat) {
    Peer& peer = peers_[index];
    if (peer.state == PeerState::closing || peer.state == PeerState::free) return;
    std::optional<Instant> next;
    const auto consider = [&next](const std::optional<Instant>& at) {
        if (at) next = std::min(next.value_or(*at), *at);
    };
    for (const KeyIndex key : {peer.key, peer.previous_key}) {
        if (key != no_key) consider(peers_.key(key).dropped_at);
    }
    if (peer.state == PeerState::open) {
        consider(peer.heard_at + session_idle_max);
        if (peer.key != no_key && heard_lately(now, peer)) {
            consider(peer.link.ack_at());
            // Somebody who has no room is not probed for not having taken what he was sent.
            peer.link.set_content_pending(peer.acked < peer.sent && peer.acked < peer.credit_end);
            const bool lacks = peer.acked < chat.head();
            const auto probe_at = lacks ? peer.link.probe_at() : std::nullopt;
            consider(probe_at);
            std::optional<Instant> pace_at;
            const bool has_news =
                peer.sent < std::min(chat.head(), peer.credit_end) && !peer.waits_for_page;
            if (has_news || peer.members_owed) {
                pace_at = peer.link.may_send_at(datagram::bytes_max);
            }
            if (pace_at) consider(std::max(*pace_at, now + milliseconds(1)));
            if (lacks && !probe_at && !pace_at && !peer.waits_for_page) {
                if (!peer.stalled_at) peer.stalled_at = now + stalled_interval;
                consider(peer.stalled_at);
            } else {
                peer.stalled_at.reset();
            }
        }
    }
    if (next) deadlines_.arm(index, *next);
}

// --- sending ---------------------------------------------------------------------------------

bool SecureDelivery::poll_transmit(Instant now, Chat& chat, TransmitSink& sink) {
    // What was borrowed in the last call has been flushed by now.
    for (; answers_sent_ > 0; --answers_sent_)
        answers_.pop_front();
    if (!arena_.begin(sink) || !send_answers(sink)) return false;
    const bool all = send_repetitions(now, chat, sink) && send_queued(now, chat, sink) &&
                     send_news(now, chat, sink) && send_stop(now, chat, sink);
    return !all && arena_.all_lent();
}

bool SecureDelivery::send_answers(TransmitSink& sink) {
    for (; answers_sent_ < answers_.size(); ++answers_sent_) {
        const Answer& one = answers_[answers_sent_];
        if (!sink.send(one.path, std::span(one.bytes).first(one.size))) return false;
    }
    return true;
}

bool SecureDelivery::send_repetitions(Instant now, Chat& chat, TransmitSink& sink) {
    while (!gaps_.empty()) {
        if (!serve_gap(now, gaps_.front(), chat, sink)) return false;
        gaps_.pop_front();
    }
    return true;
}

bool SecureDelivery::send_queued(Instant now, Chat& chat, TransmitSink& sink) {
    // Only those who are there now: serving may queue again.
    for (std::size_t left = queued_.size(); left > 0; --left) {
        const PeerIndex index = queued_.front();
        if (peers_.is_used(index)) {
            if (!serve(now, index, chat, sink)) return false;
            peers_[index].queued = false;
        }
        queued_.pop_front();
    }
    return true;
}

bool SecureDelivery::send_news(Instant now, Chat& chat, TransmitSink& sink) {
    if (chat.head() > news_head_) {
        news_head_ = chat.head();
        news_left_ = peers_.end();
    }
    for (; news_left_ > 0; --news_left_, ++news_next_) {
        if (news_next_ >= peers_.end()) news_next_ = 0;
        if (peers_.is_used(news_next_) && !serve(now, news_next_, chat, sink)) return false;
    }
    return true;
}

bool SecureDelivery::send_stop(Instant now, Chat& chat, TransmitSink& sink) {
    if (stop_rounds_ == 0 || !chat.is_committed() || (stop_at_ && now < *stop_at_)) return true;
    for (; stop_next_ < peers_.end(); ++stop_next_) {
        if (!peers_.is_used(stop_next_)) continue;
        Peer& peer = peers_[stop_next_];
        if (peer.state != PeerState::open || peer.key == no_key) continue;
        const auto buffer = arena_.next();
        if (buffer.empty()) return false;
        Packet packet(buffer);
        packet.add(frame::Close{frame::CloseCode::stopping, stop_wait_ms_});
        finish(now, packet, peer, chat, sink);
        told_anybody_ = true;
    }
    stop_next_ = 0;
    stop_rounds_ = told_anybody_ ? stop_rounds_ - 1 : 0;
    stop_done_ = true;
    stop_at_.reset();
    if (stop_rounds_ > 0) stop_at_ = now + stop_repeat_after;
    return true;
}

bool SecureDelivery::serve(Instant now, PeerIndex index, Chat& chat, TransmitSink& sink) {
    Peer& peer = peers_[index];
    while (peer.state == PeerState::open && peer.key != no_key && heard_lately(now, peer)) {
        const auto buffer = arena_.next();
        if (buffer.empty()) return false;
        Packet packet(buffer);
        if (peer.link.ack_at()) packet.reserved = pkt_ack_bytes;
        if (peer.welcome_owed) {
            write_welcome(now, packet, peer, chat);
        } else if (peer.probes_owed > 0) {
            --peer.probes_owed;
            write_probe(packet, peer, chat);
        } else {
            write_owed(now, packet, peer, chat);
            if (write_repair(now, packet, index, chat) != Progress::wrote) {
                write_news(now, packet, index, chat);
            }
        }
        add_ack(now, packet, peer);
        if (packet.empty()) break;
        finish(now, packet, peer, chat, sink);
    }
    arm(now, index, chat);
    return true;
}

bool SecureDelivery::serve_gap(Instant now, Gap& gap, Chat& chat, TransmitSink& sink) {
    if (!peers_.is_used(gap.peer)) return true;
    Peer& peer = peers_[gap.peer];
    while (peer.state == PeerState::open && peer.key != no_key) {
        const auto buffer = arena_.next();
        if (buffer.empty()) return false;
        Packet packet(buffer);
        if (peer.link.ack_at()) packet.reserved = pkt_ack_bytes;
        const Seq from = std::max(gap.from, peer.acked);
        if (from != gap.from) gap.have = 0;
        gap.from = from;
        const Progress progress =
            write_entries(now, packet, peer, chat, gap.from, gap.to, gap.have, gap.from);
        if (progress == Progress::no_page && !peer.repair) {
            peer.repair = Repair{gap.from, gap.to, gap.have};
            wait_for_page(gap.peer, gap.from, chat);
        }
        if (progress != Progress::wrote) break;
        add_ack(now, packet, peer);
        finish(now, packet, peer, chat, sink);
    }
    arm(now, gap.peer, chat);
    return true;
}

// --- what a peer is owed ---------------------------------------------------------------------

void SecureDelivery::write_welcome(Instant now, Packet& packet, Peer& peer,
                                   const Chat& chat) const {
    peer.welcome_owed = false;
    peer.welcome_at = now;
    frame::Welcome welcome;
    welcome.room = Chat::lobby_id;
    welcome.next_seq = peer.welcome_next_seq;
    welcome.head = chat.head();
    welcome.tail = chat.lobby().first_kept();
    welcome.next_msg_id = epochs_.next_msg_id(peer.epoch);
    welcome.flags = peer.welcome_flags;
    welcome.reset_token = reset_token(reset_key_, start_count_, peers_.key(peer.key).server_sid);
    welcome.name = chat.roster()[peer.member].name;
    packet.add(welcome);
}

void SecureDelivery::write_owed(Instant now, Packet& packet, Peer& peer, const Chat& chat) {
    if (peer.msg_ack_owed) {
        frame::MsgAck ack;
        epochs_.results(peer.epoch, peer.results_from, ack);
        if (peer.assembly && !epochs_.waits_for_log(peer.epoch)) ack.have = peer.assembly->have;
        if (packet.add(ack)) peer.msg_ack_owed = false;
    }
    if (peer.head_owed &&
        packet.add(frame::Head{Chat::lobby_id, chat.head(), chat.lobby().first_kept()})) {
        peer.head_owed = false;
    }
    if (peer.ping_owed && packet.add(frame::Ping{})) peer.ping_owed = false;
    if (peer.members_owed && peer.link.may_send(now, datagram::bytes_max)) {
        write_members(packet, peer, chat);
    }
}

void SecureDelivery::write_members(Packet& packet, Peer& peer, const Chat& chat) {
    const std::string_view after = peer.members_after.view();
    const std::size_t head_bytes = members_head_bytes + after.size();
    if (packet.room() < head_bytes + 2 + name_bytes_max) return;  // with the next datagram
    const std::size_t room = packet.room() - head_bytes;
    frame::Members members;
    members.room = Chat::lobby_id;
    members.as_of = chat.head();
    members.after = after;
    members.last = true;
    names_.clear();
    chat.roster().for_each_after(
        after.empty() ? std::string() : name_key(after), [&](MemberIndex index) {
            const Member& member = chat.roster()[index];
            if (!member.listed) return true;
            if (members.count == UINT8_MAX || names_.size() + 2 + member.name.size() > room) {
                members.last = false;
                return false;
            }
            frame::append_member_name(
                {member.identity ? std::uint8_t{0} : frame::flag_unverified, member.name}, names_);
            ++members.count;
            return true;
        });
    members.names = names_;
    if (packet.add(members)) peer.members_owed = false;
}

void SecureDelivery::write_probe(Packet& packet, Peer& peer, Chat& chat) {
    Room& room = chat.lobby();
    const frame::Head head{Chat::lobby_id, room.head(), room.first_kept()};
    if (peer.acked >= peer.sent) {
        packet.add(head);
        packet.add(frame::Ping{});
        return;
    }
    if (peer.acked < room.first_kept()) {
        packet.add(head);
        packet.add(
            frame::Gone{Chat::lobby_id, peer.acked, std::min(peer.sent, room.first_kept()) - 1});
        return;
    }
    const auto oldest = room.find_encoded(peer.acked);
    if (oldest.size() > frame::whole_entry_bytes_max) {
        const auto parts = (oldest.size() + frame::part_bytes - 1) / frame::part_bytes;
        const std::size_t part = peer.probe_part++ % parts;
        const auto bytes = oldest.subspan(part * frame::part_bytes);
        packet.add(frame::EventPart{Chat::lobby_id, peer.acked, static_cast<std::uint8_t>(part),
                                    static_cast<std::uint8_t>(parts),
                                    bytes.first(std::min(bytes.size(), frame::part_bytes))});
        packet.has_entries = true;
        return;
    }
    packet.add(head);
    const Batch& batch = batch_from(peer.acked, room);
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<Seq>(batch.ends.size(), peer.sent - peer.acked));
    std::size_t count = 0;
    while (count < wanted && batch.ends[count] + events_head_bytes <= packet.room())
        ++count;
    if (count == 0) {  // too long beside HEAD, or on no page: that HEAD arrives is enough
        packet.add(frame::Ping{});
        return;
    }
    packet.add(frame::Events{Chat::lobby_id, peer.acked, static_cast<std::uint8_t>(count),
                             std::span(batch.bytes).first(batch.ends[count - 1])});
    packet.has_entries = true;
}

void SecureDelivery::add_ack(Instant now, Packet& packet, Peer& peer) {
    const auto at = peer.link.ack_at();
    if (!at || (packet.empty() && *at > now) || packet.writer.remaining() < pkt_ack_bytes) return;
    if (const auto ack = peer.link.take_ack(now)) packet.add(*ack);
}

}  // namespace chat::server
