// SPDX-License-Identifier: MIT
// One program that speaks the secure protocol with us: its keys, where it is, how far it has come
// in each of its member's rooms. A member has one peer for each of his programs; one that was
// replaced or has left stays for ten seconds without a member, to answer with CLOSE. Under 1 KiB
// with its keys and one room. Times are instants of the monotonic clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "chat-server/core/epochs.h"
#include "chat-server/core/receipts.h"
#include "chat-server/core/requests.h"
#include "chat-server/core/roster.h"
#include "chat-server/core/subscription.h"
#include "proto/link/link.h"
#include "proto/link/token_bucket.h"
#include "proto/session/cipher.h"
#include "proto/session/path_validation.h"
#include "proto/wire/datagram.h"
#include "proto/wire/frame.h"

namespace chat::server {

using PeerIndex = std::uint32_t;
using KeyIndex = std::uint32_t;
inline constexpr PeerIndex no_peer = UINT32_MAX;
inline constexpr KeyIndex no_key = UINT32_MAX;

// What one handshake gave. Lies in secret memory.
struct KeySet {
    Sealer sealer;
    ServerOpener opener;
    std::uint32_t server_sid = 0;
    PeerIndex peer = no_peer;
    Instant dropped_at;  // no longer used from then on
    // To know a repetition of its FINI.
    Endpoint proved_from;
    std::array<std::byte, 16> fini_digest{};
};

enum class PeerState : std::uint8_t {
    free,
    joining,  // his join of the landing room is not in the log yet
    open,
    leaving,  // the leave is not in the log yet
    closing,  // has no member any more; answers with CLOSE for a while
};

// Parts of the message to take next.
struct Assembly {
    std::uint8_t parts = 0;
    std::uint8_t have = 0;  // bit i: part i is there
    RoomId room = 0;
    std::size_t last_bytes = 0;
    std::array<char, frame::parts_max * frame::part_bytes> text{};
};

struct Peer {
    Peer(const Path& proved, Duration own_ack_delay, Duration peer_ack_delay)
        : path(proved), link(own_ack_delay, peer_ack_delay) {}

    PeerState state = PeerState::joining;
    // What is owed to the client; sent with the next datagram.
    bool welcome_owed = false;
    bool msg_ack_owed = false;
    bool ping_owed = false;
    bool notice_owed = false;
    bool queued = false;  // to be served in the next poll
    std::uint8_t probes_owed = 0;
    std::uint8_t turn = 0;  // the room that is the first to be served next
    std::uint8_t welcome_flags = 0;
    frame::CloseCode close_code = frame::CloseCode::quit;
    std::uint16_t ts_offset = 0;

    MemberIndex member = 0;       // not in state closing
    PeerIndex sibling = no_peer;  // the next of the member's programs
    EpochIndex epoch = 0;
    KeyIndex key = no_key;           // seals, and opens
    KeyIndex previous_key = no_key;  // opens
    // WELCOME goes out when he is in this room; `refused_landing` if it is not the one asked for.
    RoomId landing = 0;
    Seq landing_next = 0;  // where the program says that it stands there; 0: it does not say
    std::unique_ptr<RefusedRoom> refused_landing;
    PathValidation path;
    Link link;
    Instant heard_at;
    Instant welcome_at{INT64_MIN / 2};  // the last one
    Instant closed_at;                  // when it began to close
    // When to ask somebody who lacks entries though nothing is under way to him.
    std::optional<Instant> stalled_at;

    std::vector<Subscription> rooms;
    std::unique_ptr<Requests> requests;
    std::unique_ptr<Receipts> receipts;
    TokenBucket searches;
    TokenBucket notices;

    // Its messages.
    TokenBucket messages;
    std::uint64_t results_from = 1;  // it has the results before this one
    std::unique_ptr<Assembly> assembly;

    // Where it is in that room. Valid until its rooms change.
    Subscription* in(RoomId room);
    Requests& ask();
};

static_assert(sizeof(Peer) + sizeof(KeySet) + sizeof(Subscription) <= 1024);

// The clock of a session as its datagrams have it.
inline std::uint16_t timestamp(const Peer& peer, Instant now) {
    return static_cast<std::uint16_t>(now.us / 1000 + peer.ts_offset);
}

}  // namespace chat::server
