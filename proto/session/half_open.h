// SPDX-License-Identifier: MIT
// The handshakes that a server has begun and no client has completed yet, and how many of them one
// prefix (an IPv4 address, the /56 of an IPv6 address) may begin. Both tables have a fixed size
// and are allocated once, whatever is sent; every look-up is O(1), by hashes that nobody outside
// can aim. The handshakes hold secrets and lie in the memory given for them. All lives are equal,
// so the oldest entry is the first to go, also when another one needs its place, and nothing is
// ever searched for. When very many come at once, a prefix that had its turn waits:
// else whoever sends most would take every place.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory_resource>
#include <optional>
#include <span>
#include <vector>

#include "proto/link/token_bucket.h"
#include "proto/session/noise.h"
#include "proto/session/random_source.h"
#include "proto/wire/datagram.h"
#include "proto/wire/endpoint.h"
#include "proto/wire/time.h"

namespace chat {

inline constexpr std::size_t half_open_max = 4096;
inline constexpr std::uint16_t half_open_per_prefix_max = 64;
inline constexpr Duration half_open_life = seconds(10);
inline constexpr TokenRate handshakes_per_prefix{milliseconds(20), 100};
// All prefixes together: 0.4 of one core at 0.2 ms each, and once 0.4 s of it. The burst is twice
// what comes when a thousand people are back at the same time: those are not crowded yet, and none
// of them waits 500 ms because he shares a bucket with another one.
inline constexpr TokenRate handshakes_in_all{microseconds(500), 2000};
// Fewer than half of the burst are left: it is crowded.
inline constexpr TokenRate handshakes_uncrowded{microseconds(500), 1000};
inline constexpr std::size_t prefix_buckets = 65'536;

// SipHash under a key of its own (libsodium's crypto_shorthash).
class KeyedHash {
  public:
    explicit KeyedHash(RandomSource& random) { random.fill(key_); }
    std::uint64_t operator()(std::span<const std::byte> input) const;

  private:
    std::array<std::byte, 16> key_;
};

// Two prefixes may meet in one bucket and share its limits; which ones, nobody can know.
class PrefixLimits {
  public:
    explicit PrefixLimits(RandomSource& random);

    // Takes one handshake out of the rate, unless there are too many already; when it is crowded,
    // one in half_open_life is enough.
    bool admit(Instant now, const IpAddress& ip, bool crowded);
    void opened(const IpAddress& ip) { ++bucket(ip).half_open; }
    void closed(const IpAddress& ip) { --bucket(ip).half_open; }

  private:
    struct Bucket {
        TokenBucket rate;
        Instant begun_at{INT64_MIN / 2};  // the latest
        std::uint16_t half_open = 0;
    };
    Bucket& bucket(const IpAddress& ip);

    KeyedHash hash_;
    std::vector<Bucket> buckets_;
};

// What names a handshake before the server has given it a number.
struct HalfOpenKey {
    Endpoint peer;
    std::uint64_t client_nonce = 0;
    std::array<std::byte, 32> ephemeral{};

    friend bool operator==(const HalfOpenKey&, const HalfOpenKey&) = default;
};

struct HalfOpen {
    HalfOpenKey key;
    std::uint32_t client_sid = 0;
    std::uint32_t server_sid = 0;
    std::optional<HandshakeState> noise;  // nothing once a FINI has been decided on
    // Nothing until then. Afterwards `answer` is what this very FINI gets, perhaps nothing, and
    // any other FINI gets nothing: one handshake is one guess at the password.
    std::optional<std::array<std::byte, 16>> fini_digest;
    std::array<std::byte, datagram::resp_bytes> answer{};  // RESP at first
    std::size_t answer_bytes = 0;
};

class HalfOpenTable {
  public:
    enum class Refusal : std::uint8_t { prefix_limited, too_many };

    HalfOpenTable(RandomSource& random, std::pmr::memory_resource& secrets);

    // Entries live until the next call that changes the table.
    HalfOpen* find(const HalfOpenKey& key);
    HalfOpen* find(std::uint32_t server_sid);
    // Neither the key nor the server_sid may be there already. In a full table the oldest goes.
    std::expected<HalfOpen*, Refusal> add(Instant now, const HalfOpenKey& key,
                                          std::uint32_t server_sid);
    void remove(std::uint32_t server_sid);
    void expire(Instant now);

    std::size_t size() const { return size_; }

  private:
    using Index = std::uint16_t;
    static constexpr Index none = 0xffff;
    static_assert(half_open_max < none);

    struct Slot {
        HalfOpen entry;
        Instant expires_at;
        std::uint64_t key_hash = 0;
        Index older = none, newer = none;
        Index next_by_key = none, next_by_sid = none;  // next_by_key chains the free slots too
    };
    static_assert(sizeof(Slot) <= 640);
    using Chains = std::vector<Index>;

    std::uint64_t hash_of(const HalfOpenKey& key) const;
    static std::size_t chain_of(std::uint64_t hash) { return hash % half_open_max; }
    static std::size_t chain_of_sid(std::uint32_t sid) { return (sid >> 8) % half_open_max; }
    void unchain(Index& first, Index Slot::* next, Index wanted);
    void release(Index index);

    KeyedHash hash_;
    PrefixLimits prefixes_;
    TokenBucket rate_;
    std::pmr::vector<Slot> slots_;
    Chains by_key_, by_sid_;
    Index free_ = 0, oldest_ = none, newest_ = none;
    std::size_t size_ = 0;
};

}  // namespace chat
