// SPDX-License-Identifier: MIT
// How a finished handshake becomes a session: of a new member, one more program of one who is here,
// a program that goes on with new keys, or a refusal.
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
    PeerIndex index = session_to_continue(established, chat);
    if (index != no_peer) {
        go_on(now, path, established, index, chat);
    } else if (const auto code = refusal(established, chat)) {
        refuse(now, path, established, *code, chat);
        return;
    } else {
        const MemberIndex member = come(now, path, established, chat);
        index = add_peer(now, path, established, member, chat);
    }
    land(now, index, established.request, chat);
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
    if (const auto claim = chat.people().may_claim(key, established.client); !claim) {
        switch (claim.error()) {
            case ClaimError::owned_by_another:
                return frame::CloseCode::name_owned;
            case ClaimError::too_many_names:
                return frame::CloseCode::too_many_names;
            case ClaimError::registry_full:
                return frame::CloseCode::full;
        }
    }
    const auto person = chat.people().find(key);
    if (person && chat.find(*person)) return std::nullopt;  // one more program of his
    const auto allowed = person ? chat.may_enter(*person) : chat.may_join(name, key);
    if (allowed) return std::nullopt;
    switch (allowed.error()) {
        case JoinError::full:
            return frame::CloseCode::full;
        case JoinError::cannot_store:
            return frame::CloseCode::unavailable;
        case JoinError::name_taken:
            break;
    }
    return frame::CloseCode::name_taken;
}

void SecureService::refuse(const Now& now, const Path& path, const Established& established,
                           frame::CloseCode code, Chat& chat) {
    // A handshake is decided once; who is to come again later does so with a new one.
    const bool later = code == frame::CloseCode::unavailable;
    const auto wait_ms = static_cast<std::uint32_t>(later ? unavailable_wait.us / 1000 : 0);
    if (!later) ++chat.counters().names_refused;
    std::array<std::byte, datagram::data_bytes_min> sealed{};
    const std::span<std::byte> all = sealed;
    Writer writer(all.subspan(datagram::data_header_bytes, datagram::padding_bytes));
    frame::write(writer, frame::Close{code, wait_ms});
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
}

MemberIndex SecureService::come(const Now& now, const Path& path, const Established& established,
                                Chat& chat) {
    const auto& request = established.request;
    // The same start of a program under another name: he goes and comes.
    const auto epoch = epochs_.find(established.client, request.client_epoch);
    if (epoch && *epoch < peer_of_epoch_.size()) {
        const PeerIndex before = peer_of_epoch_[*epoch];
        const bool ends = before != no_peer && peers_[before].state != PeerState::leaving;
        if (ends) end_program(now, before, LeaveReason::other_name, chat);
    }
    const PersonId person = *chat.people().claim(name_of(request), established.client);
    const auto here = chat.find(person);
    if (!here) {
        ++members_;
        return chat.enter(now, path, person);
    }
    if (chat.roster()[*here].programs >= programs_per_member_max) {
        PeerIndex silent = first_program(*here);
        for_each_program(*here, [&](PeerIndex index) {
            if (peers_[index].heard_at < peers_[silent].heard_at) silent = index;
        });
        ++chat.counters().takeovers;
        begin_closing(now, silent, frame::CloseCode::replaced, true, chat);
    }
    chat.moved(*here, path);
    chat.heard_from(now.at, *here);
    return *here;
}

PeerIndex SecureService::add_peer(const Now& now, const Path& path, const Established& established,
                                  MemberIndex member, Chat& chat) {
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
    if (!held.known) chat.begin_epoch(now, established.client, request.client_epoch);
    put(peer_of_epoch_, held.index, index, no_peer);
    peer.sibling = first_program(member);
    put(program_of_member_, member, index, no_peer);
    ++chat.member(member).programs;
    install_keys(now, path, established, index);
    update_offer();
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
        if (peer.receipts) peer.receipts->send_again();
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

void SecureService::update_offer() {
    const auto per_members =
        milliseconds(static_cast<std::int64_t>(members_) / members_per_ack_delay_ms);
    const Duration delay = std::clamp(per_members, ack_delay_min, ack_delay_max);
    const auto delay_ms = static_cast<std::uint16_t>(delay.us / 1000);
    if (delay_ms == offer_.ack_delay_ms) return;
    offer_.ack_delay_ms = delay_ms;
    responder_.set_offer(offer_);
}

}  // namespace chat::server
