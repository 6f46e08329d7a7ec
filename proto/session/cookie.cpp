// SPDX-License-Identifier: MIT
#include "proto/session/cookie.h"

#include <sodium.h>

#include "proto/session/primitives.h"
#include "proto/wire/writer.h"

namespace chat {
namespace {

std::uint32_t seconds_of(Instant at) {
    return static_cast<std::uint32_t>(at.us / 1'000'000);
}

datagram::Bytes<16> mac_of(const Key32& secret, std::uint32_t made_at_s, std::uint8_t generation,
                           const CookieBinding& binding) {
    std::array<std::byte, 7 + 16 + 2 + 4 + 1 + 16 + 32> input;
    Writer writer(input);
    writer.text("cookie1");
    writer.bytes(std::as_bytes(std::span(binding.peer.ip.bytes)));
    writer.u16(binding.peer.port);
    writer.u32(made_at_s);
    writer.u8(generation);
    writer.bytes(binding.head);
    writer.bytes(binding.ephemeral);
    datagram::Bytes<16> mac;
    crypto_generichash_blake2b(raw(mac), mac.size(), raw(input), writer.size(), raw(secret),
                               secret.size());
    return mac;
}

}  // namespace

CookieJar::CookieJar(RandomSource& random, std::pmr::memory_resource& secrets)
    : random_(random), secrets_(make_secret<std::array<SecretKey, 2>>(secrets)) {}

void CookieJar::renew(Instant now) {
    if (renew_at_ && now < *renew_at_) return;
    // After a long pause the secret before is too old as well; at first there is none, and a zero
    // key in its place would be everybody's.
    const bool both = !renew_at_ || now >= *renew_at_ + cookie_secret_interval;
    ++generation_;
    random_.fill((*secrets_)[generation_ & 1].bytes());
    if (both) random_.fill((*secrets_)[(generation_ & 1) ^ 1].bytes());
    renew_at_ = now + cookie_secret_interval;
}

datagram::Cookie CookieJar::make(const Now& now, const CookieBinding& binding) {
    renew(now.at);
    datagram::Cookie cookie{seconds_of(now.at), generation_, {}};
    cookie.mac =
        mac_of((*secrets_)[generation_ & 1].bytes(), cookie.made_at_s, generation_, binding);
    return cookie;
}

bool CookieJar::check(const Now& now, const datagram::Cookie& cookie,
                      const CookieBinding& binding) {
    renew(now.at);
    // What comes from the future is very old in this arithmetic.
    if (seconds_of(now.at) - cookie.made_at_s > cookie_life_s) return false;
    if (static_cast<std::uint8_t>(generation_ - cookie.generation) > 1) return false;
    const auto mac = mac_of((*secrets_)[cookie.generation & 1].bytes(), cookie.made_at_s,
                            cookie.generation, binding);
    return sodium_memcmp(mac.data(), cookie.mac.data(), mac.size()) == 0;
}

}  // namespace chat
