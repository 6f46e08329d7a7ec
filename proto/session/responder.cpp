// SPDX-License-Identifier: MIT
#include "proto/session/responder.h"

#include <algorithm>
#include <sodium.h>
#include <utility>

#include "proto/session/cookie.h"
#include "proto/session/half_open.h"
#include "proto/session/invariant.h"
#include "proto/session/key_schedule.h"
#include "proto/session/noise.h"
#include "proto/session/primitives.h"
#include "proto/session/prologue.h"

namespace chat {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t ephemeral_offset = 40;
// With 2^24 numbers to choose from, so many in a row that are taken mean that randomness is broken.
constexpr int sid_tries_max = 64;

bool same_mac(const SecretKey& key, Bytes authenticated, const datagram::Bytes<16>& mac) {
    const SecretKey expected = hmac_sha256(key.bytes(), {authenticated});
    return sodium_memcmp(expected.bytes().data(), mac.data(), mac.size()) == 0;
}

datagram::Bytes<datagram::refuse_bytes> sealed_refuse(const HalfOpen& entry, const SecretKey& key) {
    datagram::Refuse refuse{
        datagram::refuse_password, entry.client_sid, entry.key.client_nonce, {}};
    const auto unsealed = datagram::encode(refuse);
    const SecretKey mac =
        hmac_sha256(key.bytes(), {Bytes(unsealed).first(datagram::refuse_mac_offset)});
    std::copy_n(mac.bytes().begin(), refuse.mac.size(), refuse.mac.begin());
    return datagram::encode(refuse);
}

Bytes answer_of(const HalfOpen& entry) {
    return Bytes(entry.answer).first(entry.answer_bytes);
}

void set_answer(HalfOpen& entry, Bytes answer) {
    require(answer.size() <= entry.answer.size());
    std::ranges::copy(answer, entry.answer.begin());
    entry.answer_bytes = answer.size();
}

}  // namespace

std::array<std::byte, 16> fini_digest(Bytes datagram) {
    std::array<std::byte, 16> digest;
    crypto_generichash_blake2b(raw(digest), digest.size(), raw(datagram), datagram.size(), nullptr,
                               0);
    return digest;
}

struct Responder::Impl {
    Impl(const ResponderConfig& config, const KeyPair& own, RandomSource& random_source,
         std::pmr::memory_resource& secrets, SidTaken taken)
        : start_count(config.start_count),
          server_flags(config.password_key ? datagram::flag_password : std::uint16_t{0}),
          offer(config.offer),
          identity(own),
          random(random_source),
          sid_taken(std::move(taken)),
          psk(make_secret<SecretKey>(secrets, config.password_key.value_or(open_server_psk))),
          cookies(random, secrets),
          table(random, secrets) {}

    Bytes retry_for(const Now& now, const datagram::Init& init, const CookieBinding& binding);
    std::optional<std::uint32_t> new_sid();
    HalfOpen* open(const Now& now, const HalfOpenKey& key);
    bool begin(HalfOpen& entry, const datagram::Init& init, Bytes datagram);
    void decide(HalfOpen& entry, Bytes datagram, Bytes answer);

    std::uint8_t start_count;
    std::uint16_t server_flags;
    datagram::RespPayload offer;
    const KeyPair& identity;
    RandomSource& random;
    SidTaken sid_taken;
    SecretPtr<SecretKey> psk;
    CookieJar cookies;
    HalfOpenTable table;
    datagram::Bytes<datagram::retry_bytes> retry{};
    ResponderCounters counters;
};

Responder::Responder(const ResponderConfig& config, const KeyPair& identity, RandomSource& random,
                     std::pmr::memory_resource& secrets, SidTaken sid_taken)
    : impl_(std::make_unique<Impl>(config, identity, random, secrets, std::move(sid_taken))) {}

Responder::~Responder() = default;

void Responder::set_offer(const datagram::RespPayload& offer) {
    impl_->offer = offer;
}

std::size_t Responder::half_open() const {
    return impl_->table.size();
}

const ResponderCounters& Responder::counters() const {
    return impl_->counters;
}

Bytes Responder::Impl::retry_for(const Now& now, const datagram::Init& init,
                                 const CookieBinding& binding) {
    ++counters.retries;
    retry = datagram::encode(datagram::Retry{server_flags, init.client_sid, init.client_nonce,
                                             datagram::encode(cookies.make(now, binding)),
                                             datagram::versions_bitmap});
    return retry;
}

std::optional<std::uint32_t> Responder::Impl::new_sid() {
    for (int i = 0; i < sid_tries_max; ++i) {
        const std::uint32_t sid = (random.u32() & 0xffff'ff00U) | start_count;
        if (sid != 0 && table.find(sid) == nullptr && !sid_taken(sid)) return sid;
    }
    return std::nullopt;
}

HalfOpen* Responder::Impl::open(const Now& now, const HalfOpenKey& key) {
    const auto sid = new_sid();
    if (!sid) return nullptr;
    const auto added = table.add(now.at, key, *sid);
    if (added) return *added;
    ++(added.error() == HalfOpenTable::Refusal::too_many ? counters.too_many
                                                         : counters.prefix_limited);
    return nullptr;
}

// Reads Noise message 1 and writes message 2. The server's ephemeral key is made only for a
// message whose tag was right.
bool Responder::Impl::begin(HalfOpen& entry, const datagram::Init& init, Bytes datagram) {
    HandshakeState& noise =
        entry.noise.emplace(pattern_xxpsk3, Role::responder,
                            handshake_prologue(datagram.first<init_head_bytes>(), server_flags,
                                               datagram::versions_bitmap),
                            &identity);
    if (!noise.read_message(init.noise, {})) return false;
    noise.set_psk(psk->bytes());
    noise.set_ephemeral(KeyPair::generate(random));
    datagram::Resp resp{init.client_sid, entry.server_sid, {}};
    datagram::RespPayload payload = offer;
    payload.server_sid = entry.server_sid;
    if (!noise.write_message(datagram::encode(payload), resp.noise)) return false;
    entry.client_sid = init.client_sid;
    set_answer(entry, datagram::encode(resp));
    return true;
}

Bytes Responder::on_init(const Now& now, const Endpoint& peer, Bytes datagram) {
    Impl& self = *impl_;
    const auto init = datagram::decode_init(datagram);
    if (!init) {
        ++self.counters.bad_messages;
        return {};
    }
    const CookieBinding binding{peer, datagram.first<init_head_bytes>(),
                                datagram.subspan<ephemeral_offset, 32>()};
    if (!self.cookies.check(now, init->cookie, binding)) {
        if (init->cookie != datagram::Cookie{}) ++self.counters.bad_cookies;
        return self.retry_for(now, *init, binding);
    }
    self.table.expire(now.at);
    HalfOpenKey key{peer, init->client_nonce, {}};
    std::ranges::copy(binding.ephemeral, key.ephemeral.begin());
    HalfOpen* entry = self.table.find(key);
    if (entry == nullptr) {
        entry = self.open(now, key);
        if (entry == nullptr) return {};
        if (!self.begin(*entry, *init, datagram)) {
            ++self.counters.bad_messages;
            self.table.remove(entry->server_sid);
            return {};
        }
    } else if (entry->fini_digest) {
        return {};
    }
    ++self.counters.resps;
    return answer_of(*entry);
}

void Responder::Impl::decide(HalfOpen& entry, Bytes datagram, Bytes answer) {
    entry.noise.reset();
    entry.fini_digest = fini_digest(datagram);
    set_answer(entry, answer);
}

Responder::FiniOutcome Responder::on_fini(const Now& now, const Endpoint& peer, Bytes datagram) {
    Impl& self = *impl_;
    const auto fini = datagram::decode_fini(datagram);
    if (!fini) {
        ++self.counters.bad_messages;
        return {};
    }
    self.table.expire(now.at);
    HalfOpen* const entry = self.table.find(fini->server_sid);
    if (entry == nullptr || entry->key.peer != peer ||
        entry->key.client_nonce != fini->client_nonce) {
        return {};
    }
    if (entry->fini_digest) {
        if (*entry->fini_digest != fini_digest(datagram)) return {};
        return {answer_of(*entry), std::nullopt};
    }
    HandshakeState& noise = *entry->noise;
    if (!same_mac(noise.derive("fini"), datagram.first(datagram::fini_mac_offset), fini->mac)) {
        ++self.counters.bad_messages;
        return {};
    }
    const SecretKey refuse_key = noise.derive("refuse");
    std::array<std::byte, datagram::fini_payload_bytes> payload;
    if (const auto read = noise.read_message(fini->noise, payload); !read) {
        if (read.error() == NoiseError::payload_not_decrypted) {
            ++self.counters.wrong_passwords;
            self.decide(*entry, datagram, sealed_refuse(*entry, refuse_key));
        } else {
            ++self.counters.bad_messages;
            self.decide(*entry, datagram, {});
        }
        return {answer_of(*entry), std::nullopt};
    }
    const auto request = datagram::decode_fini_payload(payload);
    if (!request) {
        ++self.counters.bad_messages;
        self.decide(*entry, datagram, {});
        return {};
    }
    const SessionKeys keys = session_keys(noise.split(), noise.handshake_hash());
    FiniOutcome outcome;
    outcome.established.emplace(Established{
        entry->client_sid, entry->server_sid, noise.remote_static(), keys.client_to_server.bytes(),
        keys.server_to_client.bytes(), *request, fini_digest(datagram)});
    self.decide(*entry, datagram, {});
    ++self.counters.established;
    return outcome;
}

void Responder::refuse(std::uint32_t server_sid, Bytes sealed_close) {
    HalfOpen* const entry = impl_->table.find(server_sid);
    if (entry != nullptr && entry->fini_digest) set_answer(*entry, sealed_close);
}

void Responder::accepted(std::uint32_t server_sid) {
    impl_->table.remove(server_sid);
}

}  // namespace chat
