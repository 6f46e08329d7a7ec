// SPDX-License-Identifier: MIT
// What the server has seen and done since it started, for `/stats`. Only ever counted up.
#pragma once

#include <cstdint>

namespace chat::server {

struct Counters {
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
    std::uint64_t announcements = 0;
    std::uint64_t deliveries = 0;       // datagrams of entries handed to the sink
    std::uint64_t missed = 0;           // entries that members came too late for
    std::uint64_t replies_dropped = 0;  // because nothing could be sent
};

}  // namespace chat::server
