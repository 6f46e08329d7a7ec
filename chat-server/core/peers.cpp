// SPDX-License-Identifier: MIT
#include "chat-server/core/peers.h"

#include <algorithm>

namespace chat::server {

Subscription* Peer::in(RoomId room) {
    const auto found = std::ranges::find(rooms, room, &Subscription::room);
    return found == rooms.end() ? nullptr : &*found;
}

Requests& Peer::ask() {
    if (!requests) requests = std::make_unique<Requests>();
    return *requests;
}

PeerIndex Peers::add(const Path& path, Duration own_ack_delay, Duration peer_ack_delay) {
    PeerIndex index = end();
    if (free_peers_.empty()) {
        peers_.emplace_back();
    } else {
        index = free_peers_.back();
        free_peers_.pop_back();
    }
    peers_[index].emplace(path, own_ack_delay, peer_ack_delay);
    return index;
}

void Peers::remove(PeerIndex index) {
    Peer& peer = *peers_[index];
    drop_key(peer.key);
    drop_key(peer.previous_key);
    peers_[index].reset();
    free_peers_.push_back(index);
}

KeyIndex Peers::add_key(const Key32& server_key, const Key32& client_key, std::uint32_t client_sid,
                        std::uint32_t server_sid, PeerIndex peer) {
    KeyIndex index = static_cast<KeyIndex>(keys_.size());
    if (free_keys_.empty()) {
        keys_.emplace_back();
    } else {
        index = free_keys_.back();
        free_keys_.pop_back();
    }
    keys_[index].emplace(KeySet{
        Sealer(server_key, client_sid), ServerOpener(client_key), server_sid, peer, {}, {}, {}});
    by_sid_.add(server_sid, index);
    return index;
}

void Peers::drop_key(KeyIndex& index) {
    if (index == no_key) return;
    by_sid_.remove(keys_[index]->server_sid);
    keys_[index].reset();
    free_keys_.push_back(index);
    index = no_key;
}

}  // namespace chat::server
