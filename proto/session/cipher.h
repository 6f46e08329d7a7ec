// SPDX-License-Identifier: MIT
// Seals and opens DATA datagrams in place. One Sealer per key and one Opener at the other end; each
// is a plain block of memory without pointers, to be placed in a page that the kernel wipes on
// fork: what comes out of such a page is all zero and aborts, in all builds, rather than seal under
// a zero key or repeat a nonce. What a peer got wrong is an OpenError. Sizes in bytes:
//   type u8 = 0xFC | lane u8 = 0 | ts u16 | receiver_sid u32 | counter u64 | ciphertext | tag 16
// ChaCha20-Poly1305 (RFC 8439), nonce = 4 zero bytes || counter, AD = the first 16 bytes, integers
// little-endian, 48 to 1200 bytes in steps of 16.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "proto/session/invariant.h"
#include "proto/session/keys.h"
#include "proto/session/replay_window.h"
#include "proto/wire/datagram.h"

namespace chat {

inline constexpr std::size_t data_overhead_bytes =
    datagram::data_header_bytes + datagram::tag_bytes;

// No key seals or opens a counter from here on.
inline constexpr std::uint64_t data_counter_end = std::uint64_t{1} << 60;
// After so many forgeries a key is given up: far below the 2^36 of RFC 9001, section 6.6.
inline constexpr std::uint64_t forged_datagrams_max = std::uint64_t{1} << 30;

// Length of a plaintext after padding: a multiple of 16, never zero.
constexpr std::size_t padded_size(std::size_t plaintext_bytes) {
    constexpr std::size_t step = datagram::padding_bytes;
    return plaintext_bytes == 0 ? step : (plaintext_bytes + step - 1) / step * step;
}

struct DataHeader {
    std::uint16_t ts = 0;  // send time, milliseconds modulo 65536, with a random offset per session
    std::uint32_t receiver_sid = 0;
    std::uint64_t counter = 0;
};

// Nothing unless length, type, lane and counter are those of a DATA datagram. Proves nothing about
// the sender: good for finding the session to open it with.
std::optional<DataHeader> read_data_header(std::span<const std::byte> data);

// Can be moved, never copied: two that seal under one key would use a nonce twice.
class Sealer {
  public:
    Sealer(const Key32& key, std::uint32_t receiver_sid);

    // `data` has its final length: room for the header, the padded plaintext in its place
    // (from byte 16), room for the tag. Gives the counter used, or nothing once the key is used up.
    [[nodiscard]] std::optional<std::uint64_t> seal(std::uint16_t ts, std::span<std::byte> data);

    std::uint64_t next_counter() const { return next_counter_; }

  private:
    friend struct CipherTestAccess;

    PresenceMark present_;
    SecretKey key_;
    std::uint64_t key_id_;  // for nonce_check.h
    std::uint64_t next_counter_ = 0;
    std::uint32_t receiver_sid_;
};

enum class OpenError : std::uint8_t { malformed, too_old_or_replayed, forged, exhausted };

struct Opened {
    std::uint64_t counter = 0;
    std::uint16_t ts = 0;
    std::span<std::byte> plaintext;  // within the datagram, padding included
};

// The part of an Opener that does not depend on its window.
class OpenerKey {
  public:
    explicit OpenerKey(const Key32& key) : key_(key) {}

    bool exhausted() const { return forged_ >= forged_datagrams_max; }
    std::uint64_t forged() const { return forged_; }

    // A datagram whose header was read. Counts what is forged.
    [[nodiscard]] bool decrypt(const DataHeader& header, std::span<std::byte> data);

  private:
    friend struct CipherTestAccess;

    PresenceMark present_;
    SecretKey key_;
    std::uint64_t forged_ = 0;
};

// The window: 512 packets for a server's sessions, 4096 for a client, which gets long bursts.
template <std::size_t window_packets>
class Opener {
  public:
    explicit Opener(const Key32& key) : key_(key) {}

    // After an error the bytes of the datagram are of no use.
    std::expected<Opened, OpenError> open(std::span<std::byte> data) {
        if (key_.exhausted()) return std::unexpected(OpenError::exhausted);
        const auto header = read_data_header(data);
        if (!header) return std::unexpected(OpenError::malformed);
        if (!window_.is_fresh(header->counter)) {
            return std::unexpected(OpenError::too_old_or_replayed);
        }
        if (!key_.decrypt(*header, data)) return std::unexpected(OpenError::forged);
        window_.record(header->counter);
        return Opened{header->counter, header->ts,
                      data.subspan(datagram::data_header_bytes, data.size() - data_overhead_bytes)};
    }

    // Of the authentic datagrams; 0 before the first.
    std::uint64_t highest_counter() const { return window_.highest(); }
    std::uint64_t forged() const { return key_.forged(); }

  private:
    friend struct CipherTestAccess;

    OpenerKey key_;
    ReplayWindow<window_packets> window_;
};

using ServerOpener = Opener<512>;
using ClientOpener = Opener<4096>;

}  // namespace chat
