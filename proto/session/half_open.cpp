// SPDX-License-Identifier: MIT
#include "proto/session/half_open.h"

#include <cassert>
#include <sodium.h>

#include "proto/session/primitives.h"
#include "proto/wire/writer.h"

namespace chat {
namespace {

constexpr std::size_t prefix_bytes_v6 = 7;

}  // namespace

std::uint64_t KeyedHash::operator()(std::span<const std::byte> input) const {
    static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8);
    std::array<std::byte, 8> hash;
    crypto_shorthash(raw(hash), raw(input), input.size(), raw(key_));
    std::uint64_t value = 0;
    for (const std::byte byte : hash)
        value = value << 8 | std::to_integer<std::uint64_t>(byte);
    return value;
}

PrefixLimits::PrefixLimits(RandomSource& random) : hash_(random), buckets_(prefix_buckets) {}

PrefixLimits::Bucket& PrefixLimits::bucket(const IpAddress& ip) {
    const std::size_t bytes = ip.is_v4() ? ip.bytes.size() : prefix_bytes_v6;
    return buckets_[hash_(std::as_bytes(std::span(ip.bytes).first(bytes))) % prefix_buckets];
}

bool PrefixLimits::admit(Instant now, const IpAddress& ip, bool crowded) {
    Bucket& own = bucket(ip);
    if (own.half_open >= half_open_per_prefix_max) return false;
    if (crowded && now - own.begun_at < half_open_life) return false;
    if (!own.rate.take(now, handshakes_per_prefix)) return false;
    own.begun_at = now;
    return true;
}

HalfOpenTable::HalfOpenTable(RandomSource& random, std::pmr::memory_resource& secrets)
    : hash_(random),
      prefixes_(random),
      slots_(half_open_max, &secrets),
      by_key_(half_open_max, none),
      by_sid_(half_open_max, none) {
    for (std::size_t i = 0; i + 1 < half_open_max; ++i)
        slots_[i].next_by_key = static_cast<Index>(i + 1);
}

std::uint64_t HalfOpenTable::hash_of(const HalfOpenKey& key) const {
    std::array<std::byte, 16 + 2 + 4 + 8 + 32> input;
    Writer writer(input);
    writer.bytes(std::as_bytes(std::span(key.peer.ip.bytes)));
    writer.u16(key.peer.port);
    writer.u32(key.peer.scope);
    writer.u64(key.client_nonce);
    writer.bytes(key.ephemeral);
    return hash_(input);
}

HalfOpen* HalfOpenTable::find(const HalfOpenKey& key) {
    for (Index i = by_key_[chain_of(hash_of(key))]; i != none; i = slots_[i].next_by_key) {
        if (slots_[i].entry.key == key) return &slots_[i].entry;
    }
    return nullptr;
}

HalfOpen* HalfOpenTable::find(std::uint32_t server_sid) {
    for (Index i = by_sid_[chain_of_sid(server_sid)]; i != none; i = slots_[i].next_by_sid) {
        if (slots_[i].entry.server_sid == server_sid) return &slots_[i].entry;
    }
    return nullptr;
}

std::expected<HalfOpen*, HalfOpenTable::Refusal> HalfOpenTable::add(Instant now,
                                                                    const HalfOpenKey& key,
                                                                    std::uint32_t server_sid) {
    assert(find(key) == nullptr && find(server_sid) == nullptr);
    // Before the prefix, whose turn it would cost.
    if (now < rate_.ready_at(handshakes_in_all)) return std::unexpected(Refusal::too_many);
    const bool crowded = now < rate_.ready_at(handshakes_uncrowded);
    if (!prefixes_.admit(now, key.peer.ip, crowded)) {
        return std::unexpected(Refusal::prefix_limited);
    }
    rate_.take(now, handshakes_in_all);
    if (free_ == none) release(oldest_);
    const Index index = free_;
    Slot& slot = slots_[index];
    free_ = slot.next_by_key;

    slot.entry.key = key;
    slot.entry.server_sid = server_sid;
    slot.expires_at = now + half_open_life;
    slot.key_hash = hash_of(key);
    Index& key_chain = by_key_[chain_of(slot.key_hash)];
    slot.next_by_key = key_chain;
    key_chain = index;
    Index& sid_chain = by_sid_[chain_of_sid(server_sid)];
    slot.next_by_sid = sid_chain;
    sid_chain = index;

    slot.older = newest_;
    (newest_ == none ? oldest_ : slots_[newest_].newer) = index;
    newest_ = index;
    prefixes_.opened(key.peer.ip);
    ++size_;
    return &slot.entry;
}

void HalfOpenTable::remove(std::uint32_t server_sid) {
    for (Index i = by_sid_[chain_of_sid(server_sid)]; i != none; i = slots_[i].next_by_sid) {
        if (slots_[i].entry.server_sid == server_sid) return release(i);
    }
}

void HalfOpenTable::unchain(Index& first, Index Slot::* next, Index wanted) {
    Index* link = &first;
    while (*link != wanted)
        link = &(slots_[*link].*next);
    *link = slots_[wanted].*next;
}

void HalfOpenTable::release(Index index) {
    Slot& slot = slots_[index];
    prefixes_.closed(slot.entry.key.peer.ip);
    unchain(by_key_[chain_of(slot.key_hash)], &Slot::next_by_key, index);
    unchain(by_sid_[chain_of_sid(slot.entry.server_sid)], &Slot::next_by_sid, index);
    (slot.older == none ? oldest_ : slots_[slot.older].newer) = slot.newer;
    (slot.newer == none ? newest_ : slots_[slot.newer].older) = slot.older;
    slot = {};
    slot.next_by_key = free_;
    free_ = index;
    --size_;
}

void HalfOpenTable::expire(Instant now) {
    while (oldest_ != none && slots_[oldest_].expires_at <= now)
        release(oldest_);
}

}  // namespace chat
