// SPDX-License-Identifier: MIT
// All peers and their keys, in two dense arrays whose places are used again, and the keys by the
// session number that datagrams name. Keys lie in the memory they are given, which grows by
// doubling and is wiped as each key goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <vector>

#include "chat-server/core/peer.h"
#include "chat-server/core/prefetch.h"
#include "chat-server/core/sid_table.h"
#include "proto/session/keys.h"

namespace chat::server {

class Peers {
  public:
    explicit Peers(std::pmr::memory_resource& secrets) : keys_(&secrets) {}

    // One more than the highest index in use.
    PeerIndex end() const { return static_cast<PeerIndex>(peers_.size()); }
    std::size_t size() const { return peers_.size() - free_peers_.size(); }
    bool is_used(PeerIndex index) const { return peers_[index].has_value(); }
    Peer& operator[](PeerIndex index) { return *peers_[index]; }
    const Peer& operator[](PeerIndex index) const { return *peers_[index]; }
    // References to peers become invalid.
    PeerIndex add(const Path& path, Duration own_ack_delay, Duration peer_ack_delay);
    void remove(PeerIndex index);

    bool has_key(KeyIndex index) const { return index < keys_.size() && keys_[index].has_value(); }
    KeySet& key(KeyIndex index) { return *keys_[index]; }
    const KeySet& key(KeyIndex index) const { return *keys_[index]; }
    std::optional<KeyIndex> find_key(std::uint32_t server_sid) const {
        return by_sid_.find(server_sid);
    }
    // Soon to be asked for, and better near by then.
    void prefetch_key(KeyIndex index) const { prefetch(keys_[index]); }
    void prefetch_peer(PeerIndex index) const { prefetch(peers_[index]); }
    // References to keys become invalid.
    KeyIndex add_key(const Key32& server_key, const Key32& client_key, std::uint32_t client_sid,
                     std::uint32_t server_sid, PeerIndex peer);
    // Wipes it; nothing if it is no_key. Sets it to no_key.
    void drop_key(KeyIndex& index);

  private:
    std::vector<std::optional<Peer>> peers_;
    std::vector<PeerIndex> free_peers_;
    std::pmr::vector<std::optional<KeySet>> keys_;
    std::vector<KeyIndex> free_keys_;
    SidTable by_sid_;
};

}  // namespace chat::server
