// SPDX-License-Identifier: MIT
#include "chat-server/core/secure_delivery.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "chat-server/core/limits.h"

namespace chat::server {
namespace {

constexpr std::size_t pkt_ack_bytes = frame::header_bytes + 20;

// Beyond this, zeros would cost the network more than one message for several datagrams saves here.
constexpr std::size_t filling_bytes_max = 160;

// The kernel takes datagrams of one size as one message (sys/send_batch.h), the last one may be
// shorter. So one between others is filled up to the size of the one before it, or, being longer,
// wholly: none behind it will be longer again.
std::size_t plaintext_bytes_wanted(Instant now, const Peer& peer, const Packet& packet) {
    const std::size_t bytes = packet.datagram_bytes();
    const std::size_t before = packet.bytes_before;
    if (!packet.more_follows || before == 0 || bytes == before) return 0;
    const std::size_t wanted = bytes < before ? before : datagram::bytes_max;
    if (wanted - bytes > filling_bytes_max || !peer.link.may_send(now, wanted)) return 0;
    return wanted - data_overhead_bytes;
}

}  // namespace

std::size_t SecureDelivery::seal(Instant now, Peer& peer, Packet& packet) {
    Sealer& sealer = peers_.key(peer.key).sealer;
    frame::pad(packet.writer, plaintext_bytes_wanted(now, peer, packet));
    const std::size_t size = packet.datagram_bytes();
    if (sealer.next_counter() >= key_datagrams_max) return 0;
    const auto counter = sealer.seal(timestamp(peer, now), packet.buffer.first(size));
    if (!counter) return 0;
    peer.link.on_sent(now, *counter, size, packet.ack_eliciting);
    if (packet.has_receipts) peer.receipts->on_sent(*counter, peer.link);
    return size;
}

std::size_t SecureDelivery::finish(Instant now, Packet& packet, Peer& peer, Chat& chat,
                                   TransmitSink& sink) {
    const std::size_t size = seal(now, peer, packet);
    if (size == 0) {  // the key is used up; a new handshake is the client's to begin
        peers_.drop_key(peer.key);
        return 0;
    }
    if (packet.has_entries) ++chat.counters().deliveries;
    arena_.send(peer.path.proved(), size, sink);
    return size;
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

void SecureDelivery::repeat(PeerIndex index, Subscription& in, const Repair& lost) {
    // What waits for the window since he asked before does not go twice.
    const bool again = in.repair && in.repair->from < lost.to && lost.from < in.repair->to;
    if (again && !in.waits_for_page) in.repair.reset();
    if (gaps_.size() < gaps_waiting_max) gaps_.push_back({index, in.room, lost});
}

void SecureDelivery::on_page(RoomId room) {
    std::erase_if(waiting_, [&](const Waiting& one) {
        if (one.room != room) return false;
        if (!peers_.is_used(one.peer)) return true;
        if (Subscription* const in = peers_[one.peer].in(room)) {
            in->waits_for_page = false;
            queue(one.peer);
        }
        return true;
    });
}

void SecureDelivery::stop(std::uint32_t wait_ms) {
    stop_rounds_ = 2;
    stop_next_ = 0;
    stop_wait_ms_ = wait_ms;
}

bool SecureDelivery::idle() const {
    return answers_sent_ == answers_.size() && gaps_.empty() && queued_.empty() &&
           serving_next_ == serving_.size() && !arena_.keeps_one() && stop_rounds_ == 0;
}

bool SecureDelivery::heard_lately(Instant now, const Peer& peer) const {
    return now - peer.heard_at < session_silence_max;
}

void SecureDelivery::owe_heads(Peer& peer) {
    for (Subscription& in : peer.rooms)
        in.head_owed = true;
}

bool SecureDelivery::takes_older(const Peer& peer, RoomId room) {
    const auto in = std::ranges::find(peer.rooms, room, &Subscription::room);
    assert(in != peer.rooms.end());
    return !in->room_owed && !in->waits_for_page;
}

Outlook SecureDelivery::outlook(const Peer& peer, const Chat& chat) {
    Outlook all;
    for (const Subscription& in : peer.rooms) {
        const Seq head = chat.room(in.room).head();
        const bool has_news = in.sent < std::min(head, in.credit_end);
        all.lacks = all.lacks || !in.stated || in.acked < head;
        const bool has_any = has_news || in.repair;
        all.ready = all.ready || in.room_owed || (has_any && !in.waits_for_page);
        // Somebody who has no room is not probed for not having taken what he was sent.
        all.unacked = all.unacked || (!in.stated && !in.room_owed) ||
                      (in.acked < in.sent && in.acked < in.credit_end);
        all.paged = all.paged || in.waits_for_page;
    }
    if (peer.receipts && !peer.receipts->empty()) {
        all.lacks = true;
        all.ready = all.ready || peer.receipts->has_unsent();
        all.unacked = all.unacked || peer.receipts->has_sent();
    }
    if (peer.requests) {
        const WantedEntries& older = peer.requests->entries;
        all.lacks = all.lacks || !older.empty();
        all.ready = all.ready || peer.requests->has_answers() ||
                    older.has_ready([&](RoomId room) { return takes_older(peer, room); });
    }
    return all;
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
            const Outlook all = outlook(peer, chat);
            peer.link.set_content_pending(all.unacked);
            const auto probe_at = all.lacks ? peer.link.probe_at() : std::nullopt;
            consider(probe_at);
            std::optional<Instant> pace_at;
            if (all.ready) pace_at = peer.link.may_send_at(datagram::bytes_max);
            if (pace_at) consider(std::max(*pace_at, now + milliseconds(1)));
            if (all.lacks && !probe_at && !pace_at && !all.paged) {
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
    queue_listeners(chat);
    if (!arena_.begin(sink) || !send_answers(sink)) return false;
    const bool all = send_repetitions(now, chat, sink) && send_queued(now, chat, sink) &&
                     send_stop(now, chat, sink);
    return !all && arena_.all_lent();
}

void SecureDelivery::queue_listeners(Chat& chat) {
    for (const RoomId room : chat.take_news()) {
        for (const PeerIndex index : chat.room(room).listeners())
            queue(index);
    }
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
    // The rest of those from the last time, and then those who are there now: serving may queue.
    for (const bool rest : {true, false}) {
        for (; serving_next_ < serving_.size(); ++serving_next_) {
            const PeerIndex index = serving_[serving_next_];
            foresee_serving();
            if (!peers_.is_used(index)) continue;
            if (!serve(now, index, chat, sink)) return false;
            peers_[index].queued = false;
        }
        serving_.clear();
        serving_next_ = 0;
        if (rest) serving_.swap(queued_);
    }
    return true;
}

// Brings near what the next ones need: first the peer, then what that leads to.
void SecureDelivery::foresee_serving() const {
    if (serving_next_ + 4 < serving_.size()) peers_.prefetch_peer(serving_[serving_next_ + 4]);
    if (serving_next_ + 2 >= serving_.size()) return;
    const PeerIndex index = serving_[serving_next_ + 2];
    if (!peers_.is_used(index)) return;
    const Peer& peer = peers_[index];
    if (peer.key != no_key) peers_.prefetch_key(peer.key);
    if (!peer.rooms.empty()) prefetch(peer.rooms.front());
}

bool SecureDelivery::send_stop(Instant now, Chat& chat, TransmitSink& sink) {
    if (stop_rounds_ == 0 || (stop_at_ && now < *stop_at_)) return true;
    if (chat.can_store() && !chat.is_committed()) return true;
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
    std::size_t bytes_before = 0;
    while (peer.state == PeerState::open && peer.key != no_key && heard_lately(now, peer)) {
        const auto buffer = arena_.next();
        if (buffer.empty()) return false;
        Packet packet(buffer);
        packet.bytes_before = bytes_before;
        if (peer.link.ack_at()) packet.reserved = pkt_ack_bytes;
        if (peer.welcome_owed) {
            write_welcome(now, packet, peer, chat);
        } else if (peer.probes_owed > 0) {
            --peer.probes_owed;
            write_probe(packet, peer, chat);
        } else {
            write_owed(now, packet, peer, chat);
            write_rooms_due(now, packet, index, chat);
        }
        add_ack(now, packet, peer);
        if (packet.empty()) break;
        bytes_before = finish(now, packet, peer, chat, sink);
    }
    arm(now, index, chat);
    return true;
}

bool SecureDelivery::serve_gap(Instant now, Gap& gap, Chat& chat, TransmitSink& sink) {
    if (!peers_.is_used(gap.peer)) return true;
    Peer& peer = peers_[gap.peer];
    std::size_t bytes_before = 0;
    while (peer.state == PeerState::open && peer.key != no_key) {
        Subscription* const in = peer.in(gap.room);
        if (in == nullptr) break;
        const auto buffer = arena_.next();
        if (buffer.empty()) return false;
        Packet packet(buffer);
        packet.bytes_before = bytes_before;
        if (peer.link.ack_at()) packet.reserved = pkt_ack_bytes;
        Repair& lost = gap.lost;
        if (lost.from < in->acked) lost = {in->acked, lost.to, 0};
        const Progress progress = write_entries(now, packet, peer, chat.room(gap.room), lost.from,
                                                lost.to, lost.have, lost.from);
        const bool waits = progress == Progress::no_page || progress == Progress::not_now;
        if (waits && !in->repair) {
            in->repair = lost;
            if (progress == Progress::no_page) wait_for_page(gap.peer, *in, lost.from, chat);
        }
        if (progress != Progress::wrote) break;
        add_ack(now, packet, peer);
        bytes_before = finish(now, packet, peer, chat, sink);
    }
    arm(now, gap.peer, chat);
    return true;
}

void SecureDelivery::add_ack(Instant now, Packet& packet, Peer& peer) {
    const auto at = peer.link.ack_at();
    if (!at || (packet.empty() && *at > now) || packet.writer.remaining() < pkt_ack_bytes) return;
    if (const auto ack = peer.link.take_ack(now)) packet.add(*ack);
}

}  // namespace chat::server
