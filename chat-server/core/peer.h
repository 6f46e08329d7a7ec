// SPDX-License-Identifier: MIT
// One program that speaks the secure protocol with us: its keys, where it is, how far it has come
// on the room's log. A member has one peer; a peer that was replaced or has left stays for ten
// seconds without a member, to answer with CLOSE. Under 1 KiB with its keys. Times are instants of
// the monotonic clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "chat-server/core/epochs.h"
#include "chat-server/core/roster.h"
#include "proto/link/link.h"
#include "proto/link/token_bucket.h"
#include "proto/session/cipher.h"
#include "proto/session/path_validation.h"
#include "proto/wire/datagram.h"
#include "proto/wire/frame.h"
#include "proto/wire/limits.h"

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
    joining,  // the join is not in the log yet
    open,
    leaving,  // the leave is not in the log yet
    closing,  // has no member any more; answers with CLOSE for a while
};

// Parts of the message to take next.
struct Assembly {
    std::uint8_t parts = 0;
    std::uint8_t have = 0;  // bit i: part i is there
    std::size_t last_bytes = 0;
    std::array<char, frame::parts_max * frame::part_bytes> text{};
};

// Entries that wait for a page of the log before they can be repeated: [from, to).
struct Repair {
    Seq from = 0;
    Seq to = 0;
    std::uint8_t have = 0;  // parts that need not be repeated; only for one entry
};

// A name without a piece of memory of its own.
struct NameText {
    std::uint8_t size = 0;
    std::array<char, name_bytes_max> bytes{};

    void assign(std::string_view text);
    std::string_view view() const { return {bytes.data(), size}; }
};

struct Peer {
    Peer(const Path& proved, Duration own_ack_delay, Duration peer_ack_delay)
        : path(proved), link(own_ack_delay, peer_ack_delay) {}

    PeerState state = PeerState::joining;
    // What is owed to the client; sent with the next datagram.
    bool welcome_owed = false;
    bool msg_ack_owed = false;
    bool head_owed = false;
    bool ping_owed = false;
    bool members_owed = false;
    bool queued = false;  // to be served in the next poll
    bool waits_for_page = false;
    std::uint8_t probes_owed = 0;
    frame::CloseCode close_code = frame::CloseCode::quit;

    MemberIndex member = 0;  // not in state closing
    EpochIndex epoch = 0;
    KeyIndex key = no_key;           // seals, and opens
    KeyIndex previous_key = no_key;  // opens
    PathValidation path;
    Link link;
    std::uint16_t ts_offset = 0;
    Instant heard_at;
    Instant welcome_at{INT64_MIN / 2};  // the last one
    Instant closed_at;                  // when it began to close
    // When to ask somebody who lacks entries though nothing is under way to him.
    std::optional<Instant> stalled_at;

    // The room's log: everything before acked has arrived, everything before sent was sent once,
    // nothing from credit_end on may be.
    Seq acked = 1;
    Seq sent = 1;
    std::uint8_t sent_have = 0;   // parts of entry `sent` that went, if it goes in parts
    std::uint8_t probe_part = 0;  // which part a probe repeats next
    // Entries from mark_seq on were sent at mark_at or later; moved about once per RTT. What is
    // surely still under way need not be sent again.
    Seq mark_seq = 1;
    Instant mark_at{INT64_MIN / 2};
    Seq credit_end = 1;
    std::optional<Repair> repair;

    // Its messages.
    TokenBucket messages;
    std::uint64_t results_from = 1;  // it has the results before this one
    std::unique_ptr<Assembly> assembly;

    // WELCOME, as long as it may be repeated.
    std::uint8_t welcome_flags = 0;
    Seq welcome_next_seq = 0;
    // MEMBERS_WANTED.
    NameText members_after;
};

static_assert(sizeof(Peer) + sizeof(KeySet) <= 1024);

// The clock of a session as its datagrams have it.
inline std::uint16_t timestamp(const Peer& peer, Instant now) {
    return static_cast<std::uint16_t>(now.us / 1000 + peer.ts_offset);
}

}  // namespace chat::server
