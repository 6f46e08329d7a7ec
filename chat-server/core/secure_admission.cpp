// SPDX-License-Identifier: MIT
// How a finished handshake becomes a session: a new member, an old one who goes on with new keys,
// or a refusal.
#include <array>
#include <utility>

#include "chat-server/core/limits.h"
#include "chat-server/core/secure_service.h"
#include "proto/session/cipher.h"
#include "proto/wire/name.h"

namespace chat::server {
namespace {

std::string_view name_of(const datagram::FiniPayload& request) {
    return {request.name.data(), request.name_bytes};
}

template <class Value>
void put(std::vector<Value>& values, std::size_t index, Value value, Value nothing) {
    if (index >= values.size()) values.resize(index + 1, nothing);
    values[index] = value;
}

Duration client_ack_delay(const datagram::RespPayload& offer) {
    return milliseconds(offer.ack_delay_ms) * client_ack_delay_percent / 100;
}

}  // namespace

void SecureService::on_fini(const Now& now, const Path& path, std::span<const std::byte> datagram,
                            Chat& chat) {
    const auto fini = datagram::decode_fini(datagram);
    if (!fini) {
        ++chat.counters().malformed;
        return;
    }
    if (const auto key = peers_.find_key(fini->server_sid)) {
        repeat_welcome(now, path, *key, datagram);
        return;
    }
    auto outcome = responder_.on_fini(now, path.peer, datagram);
    if (!outcome.answer.empty()) delivery_.answer(path, outcome.answer, chat.counters());
    if (!outcome.established) return;
    ++chat.counters().handshakes;
    admit(now, path, *outcome.established, chat);
    wipe(outcome.established->client_key);
    wipe(outcome.established->server_key);
}

void SecureService::repeat_welcome(const Now& now, const Path& path, KeyIndex key,
                                   std::span<const std::byte> fini) {
    const KeySet& keys = peers_.key(key);
    Peer& peer = peers_[keys.peer];
    if (peer.state != PeerState::open || peer.key != key || keys.proved_from != path.peer ||
        keys.fini_digest != fini_digest(fini)) {
        return;
    }
    if (now.at - peer.welcome_at < welcome_interval) return;
    peer.welcome_owed = true;
    delivery_.queue(keys.peer);
}

void SecureService::admit(const Now& now, const Path& path, const Established& established,
                          Chat& chat) {
    if (const PeerIndex index = session_to_continue(established, chat); index != no_peer) {
        go_on(now, path, established, index, chat);
    } else if (const auto code = refusal(established, chat)) {
        refuse(now, path, established, *code, chat);
        return;
    } else {
        const auto holder = chat.roster().find_key(name_key(name_of(established.request)));
        if (holder && !is_going(chat.roster()[*holder])) {
            take_over(now, path, established, *holder, chat);
        } else {
            if (holder) chat.forget_name(*holder);
            join(now, path, established, chat);
        }
    }
    responder_.accepted(established.server_sid);
}

PeerIndex SecureService::session_to_continue(const Established& established,
                                             const Chat& chat) const {
    const auto& request = established.request;
    const auto epoch = epochs_.find(established.client, request.client_epoch);
    if (!epoch || *epoch >= peer_of_epoch_.size()) return no_peer;
    const PeerIndex index = peer_of_epoch_[*epoch];
    if (index == no_peer) return no_peer;
    const Peer& peer = peers_[index];
    if (peer.state != PeerState::joining && peer.state != PeerState::open) return no_peer;
    const auto previous = peers_.find_key(request.prev_server_sid);
    if (previous && peers_.key(*previous).peer == index) return index;
    const std::string_view name = name_of(request);
    const bool same_name = check_name(name) && name_key(name) == chat.roster()[peer.member].key;
    return same_name ? index : no_peer;
}

std::optional<frame::CloseCode> SecureService::refusal(const Established& established,
                                                       Chat& chat) const {
    const std::string_view name = name_of(established.request);
    if (!check_name(name)) return frame::CloseCode::name_unusable;
    const std::string key = name_key(name);
    switch (chat.names().may_claim(key, established.client)) {
        case NameRegistry::Claim::owned_by_another:
            return frame::CloseCode::name_owned;
        case NameRegistry::Claim::too_many_names:
            return frame::CloseCode::too_many_names;
        case NameRegistry::Claim::registry_full:
            return frame::CloseCode::full;
        case NameRegistry::Claim::granted:
            break;
    }
    // Present under the same key: he takes the place over.
    const auto holder = chat.roster().find_key(key);
    if (holder && chat.roster()[*holder].identity &&
        chat.roster()[*holder].identity->key == established.client) {
        return std::nullopt;
    }
    const Identity identity{established.client, established.request.client_epoch};
    const auto allowed = chat.may_join(name, key, identity);
    if (allowed) return std::nullopt;
    return allowed.error() == JoinError::full ? frame::CloseCode::full
                                              : frame::CloseCode::name_taken;
}

void SecureService::refuse(const Now& now, const Path& path, const Established& established,
                           frame::CloseCode code, Chat& chat) {
    ++chat.counters().names_refused;
    std::array<std::byte, datagram::data_bytes_min> sealed{};
    const std::span<std::byte> all = sealed;
    Writer writer(all.subspan(datagram::data_header_bytes, datagram::padding_bytes));
    frame::write(writer, frame::Close{code, 0});
    frame::pad(writer);
    Sealer sealer(established.server_key, established.client_sid);
    if (!sealer.seal(static_cast<std::uint16_t>(now.at.us / 1000), sealed)) return;
    responder_.refuse(established.server_sid, sealed);
    delivery_.answer(path, sealed, chat.counters());
}

void SecureService::go_on(const Now& now, const Path& path, const Established& established,
                          PeerIndex index, Chat& chat) {
    Peer& peer = peers_[index];
    install_keys(now, path, established, index);
    chat.moved(peer.member, path);
    chat.heard_from(now.at, peer.member);
    peer.welcome_flags = frame::welcome_epoch_known;
    const auto resumed = resumed_at(established.request, chat);
    if (resumed) peer.welcome_flags |= frame::welcome_resumed;
    if (peer.state == PeerState::joining) {
        peer.welcome_next_seq = resumed.value_or(0);
        return;
    }
    peer.welcome_next_seq = resumed.value_or(peer.acked);
    // What was sent before is not sent again unless it is asked for.
    peer.acked = std::max(peer.acked, resumed.value_or(1));
    peer.sent = std::max(peer.sent, peer.acked);
    peer.credit_end = std::max(peer.credit_end, peer.acked);
    peer.welcome_owed = true;
    delivery_.queue(index);
}

void SecureService::take_over(const Now& now, const Path& path, const Established& established,
                              MemberIndex member, Chat& chat) {
    ++chat.counters().takeovers;
    const PeerIndex old = peer_of_member(member);
    const bool joined = peers_[old].state == PeerState::open;
    begin_closing(now, old, frame::CloseCode::replaced, true, chat);
    chat.replaced(member, established.request.client_epoch);
    chat.moved(member, path);
    chat.heard_from(now.at, member);
    const PeerIndex index = add_peer(now, path, established, member);
    const auto resumed = resumed_at(established.request, chat);
    if (resumed) peers_[index].welcome_flags |= frame::welcome_resumed;
    if (joined) {
        open_at(index, resumed.value_or(chat.head()));
    } else {
        peers_[index].welcome_next_seq = resumed.value_or(0);
    }
}

void SecureService::join(const Now& now, const Path& path, const Established& established,
                         Chat& chat) {
    const auto& request = established.request;
    const std::string_view name = name_of(request);
    // The same start of a program under another name: he goes and comes.
    const auto epoch = epochs_.find(established.client, request.client_epoch);
    if (epoch && *epoch < peer_of_epoch_.size() && peer_of_epoch_[*epoch] != no_peer) {
        Peer& before = peers_[peer_of_epoch_[*epoch]];
        chat.leave(now, before.member, LeaveReason::other_name);
        before.state = PeerState::leaving;
    }
    chat.names().claim(name, established.client);
    const MemberIndex member = chat.join(now, path, name, name_key(name),
                                         Identity{established.client, request.client_epoch});
    ++members_;
    const PeerIndex index = add_peer(now, path, established, member);
    const auto resumed = resumed_at(request, chat);
    if (resumed) peers_[index].welcome_flags |= frame::welcome_resumed;
    peers_[index].welcome_next_seq = resumed.value_or(0);  // 0: behind his join
    update_offer();
}

PeerIndex SecureService::add_peer(const Now& now, const Path& path, const Established& established,
                                  MemberIndex member) {
    const auto& request = established.request;
    const PeerIndex index =
        peers_.add(path, milliseconds(offer_.ack_delay_ms), client_ack_delay(offer_));
    Peer& peer = peers_[index];
    peer.member = member;
    const auto held = epochs_.hold(now.at, established.client, request.client_epoch);
    peer.epoch = held.index;
    if (held.known) {
        peer.welcome_flags = frame::welcome_epoch_known;
        if (request.log_epoch == secret_->log_epoch) {
            epochs_.acknowledged(held.index, request.acked_msg_id);
        }
        peer.results_from = request.acked_msg_id + 1;
    } else if (request.log_epoch == secret_->log_epoch &&
               request.acked_msg_id < UINT64_MAX - frame::results_max) {
        // It was here before and is forgotten: past everything that it can have sent.
        epochs_.begin_at(held.index, request.acked_msg_id + frame::results_max + 1);
    }
    put(peer_of_epoch_, held.index, index, no_peer);
    put(peer_of_member_, member, index, no_peer);
    install_keys(now, path, established, index);
    return index;
}

void SecureService::install_keys(const Now& now, const Path& path, const Established& established,
                                 PeerIndex index) {
    Peer& peer = peers_[index];
    if (peer.key != no_key) {
        peers_.drop_key(peer.previous_key);
        peer.previous_key = std::exchange(peer.key, no_key);
        KeySet& previous = peers_.key(peer.previous_key);
        previous.dropped_at = std::min(previous.dropped_at, now.at + key_overlap);
        peer.link.restart_counters();
    }
    peer.key = peers_.add_key(established.server_key, established.client_key,
                              established.client_sid, established.server_sid, index);
    KeySet& keys = peers_.key(peer.key);
    keys.dropped_at = now.at + key_age_max;
    keys.proved_from = path.peer;
    keys.fini_digest = established.fini_digest;
    if (peer.path.proved().peer.ip != path.peer.ip) peer.link.reset_path();
    peer.path = PathValidation(path);
    peer.link.set_ack_delays(milliseconds(offer_.ack_delay_ms), client_ack_delay(offer_));
    peer.ts_offset = static_cast<std::uint16_t>(random_.u32());
    peer.heard_at = now.at;
}

std::optional<Seq> SecureService::resumed_at(const datagram::FiniPayload& request,
                                             const Chat& chat) const {
    if (request.log_epoch != secret_->log_epoch || request.next_seq < 1 ||
        request.next_seq > chat.head()) {
        return std::nullopt;
    }
    return request.next_seq;
}

void SecureService::open_at(PeerIndex index, Seq next) {
    Peer& peer = peers_[index];
    peer.state = PeerState::open;
    peer.acked = peer.sent = peer.mark_seq = peer.welcome_next_seq = next;
    peer.credit_end = next + credit_first;
    peer.welcome_owed = true;
    delivery_.queue(index);
}

void SecureService::begin_closing(const Now& now, PeerIndex index, frame::CloseCode code, bool tell,
                                  Chat& chat) {
    Peer& peer = peers_[index];
    if (peer_of_epoch_[peer.epoch] == index) peer_of_epoch_[peer.epoch] = no_peer;
    if (peer_of_member_[peer.member] == index) peer_of_member_[peer.member] = no_peer;
    epochs_.release(now.at, peer.epoch);
    peer.state = PeerState::closing;
    peer.close_code = code;
    peer.closed_at = now.at;
    peer.assembly.reset();
    peer.repair.reset();
    deadlines_.disarm(index);
    if (tell) {
        delivery_.answer_sealed(now.at, peer, peer.path.proved(), frame::Close{code, 0},
                                chat.counters());
    }
    closing_.push_back(index);
    if (closing_.size() > closing_max) {
        peers_.remove(closing_.front());
        closing_.pop_front();
    }
}

void SecureService::forget_closing(Instant now) {
    while (!closing_.empty() && now - peers_[closing_.front()].closed_at >= closing_time) {
        peers_.remove(closing_.front());
        closing_.pop_front();
    }
}

void SecureService::update_offer() {
    const auto per_members =
        milliseconds(static_cast<std::int64_t>(members_) / members_per_ack_delay_ms);
    const Duration delay = std::clamp(per_members, ack_delay_min, ack_delay_max);
    const auto delay_ms = static_cast<std::uint16_t>(delay.us / 1000);
    if (delay_ms == offer_.ack_delay_ms) return;
    offer_.ack_delay_ms = delay_ms;
    responder_.set_offer(offer_);
}

PeerIndex SecureService::peer_of_member(MemberIndex member) const {
    return member < peer_of_member_.size() ? peer_of_member_[member] : no_peer;
}

}  // namespace chat::server
