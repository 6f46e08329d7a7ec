// SPDX-License-Identifier: MIT
// What the server has seen and done since it started, for `/stats`. Only ever counted up.
#pragma once

#include <cstdint>

namespace chat::server {

struct Counters {
    // What the kernel threw away because the server had not read fast enough.
    std::uint64_t datagrams_unread = 0;
    std::uint64_t datagrams_received = 0;
    std::uint64_t malformed = 0;       // no request of the protocol, or with an unusable name
    std::uint64_t from_strangers = 0;  // C and Q from an address that is not logged in as that name
    std::uint64_t not_served = 0;      // classic from where the operator does not allow it
    std::uint64_t names_refused = 0;   // taken or reserved
    std::uint64_t too_fast = 0;
    std::uint64_t too_long = 0;
    std::uint64_t joins = 0;
    std::uint64_t leaves = 0;
    std::uint64_t messages = 0;
    std::uint64_t topics = 0;
    std::uint64_t announcements = 0;
    std::uint64_t commits_failed = 0;   // tries; what they had is offered again
    std::uint64_t deliveries = 0;       // datagrams of entries handed to the sink
    std::uint64_t missed = 0;           // entries that members came too late for
    std::uint64_t replies_dropped = 0;  // because nothing could be sent
    // The secure protocol.
    std::uint64_t handshakes = 0;        // completed, new keys for old sessions included
    std::uint64_t takeovers = 0;         // by another start of the same client's program
    std::uint64_t unknown_sessions = 0;  // DATA for a session that is not here
    std::uint64_t resets = 0;            // answers to those from before the last start
    std::uint64_t not_opened = 0;        // DATA that is forged, altered or of a used-up key
    std::uint64_t replayed = 0;          // DATA that came before, or too late to tell
    std::uint64_t unusable = 0;          // messages that no log may hold
    std::uint64_t duplicates = 0;        // messages that came again
    std::uint64_t challenges = 0;        // sent to new addresses
    std::uint64_t moves = 0;             // of members to new addresses
    std::uint64_t probes = 0;
    std::uint64_t repeated = 0;  // entries sent again because somebody asked
};

}  // namespace chat::server
