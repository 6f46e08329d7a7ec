// SPDX-License-Identifier: MIT
// The cookies with which a client proves that it receives at the address it sends from
// (docs/PROTOCOL.md, section 3, step 2): BLAKE2b-128 over address, port, time, generation, the
// head of INIT and its ephemeral key, under a secret that only the server has. Making or checking
// one is one hash and keeps nothing. Times are the server's own monotonic clock in seconds, so a
// wall clock that jumps does no harm.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>

#include "proto/session/keys.h"
#include "proto/session/random_source.h"
#include "proto/session/secret_memory.h"
#include "proto/wire/datagram.h"
#include "proto/wire/endpoint.h"
#include "proto/wire/time.h"

namespace chat {

inline constexpr std::uint32_t cookie_life_s = 30;
inline constexpr Duration cookie_secret_interval = seconds(60);

// What a cookie holds good for and nothing else.
struct CookieBinding {
    Endpoint peer;
    std::span<const std::byte, 16> head;       // INIT[0..16)
    std::span<const std::byte, 32> ephemeral;  // INIT[40..72)
};

class CookieJar {
  public:
    CookieJar(RandomSource& random, std::pmr::memory_resource& secrets);

    datagram::Cookie make(const Now& now, const CookieBinding& binding);
    bool check(const Now& now, const datagram::Cookie& cookie, const CookieBinding& binding);

  private:
    void renew(Instant now);

    RandomSource& random_;
    // By the lowest bit of the generation: the current secret and the one before.
    SecretPtr<std::array<SecretKey, 2>> secrets_;
    std::uint8_t generation_ = 0;
    std::optional<Instant> renew_at_;  // nothing: no secret yet
};

}  // namespace chat
