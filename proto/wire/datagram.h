// SPDX-License-Identifier: MIT
// The datagrams of the secure protocol as they lie on the wire (docs/PROTOCOL.md, section 2):
// fixed sizes, little-endian. Only the layout is known here; what is sealed inside is handled in
// proto/session (the Noise messages and DATA) and proto/wire/frame.h (the plaintext of DATA).
// The decoders accept exactly the stated length, type and version, and no session id that is zero;
// everything else is for the session to judge.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace chat::datagram {

inline constexpr std::size_t bytes_max = 1200;
inline constexpr std::uint8_t version = 1;
inline constexpr std::uint32_t versions_bitmap = 1U << version;

enum class Type : std::uint8_t {
    init = 0xf8,
    retry = 0xf9,
    resp = 0xfa,
    fini = 0xfb,
    data = 0xfc,
    reset = 0xfd,
    refuse = 0xfe,
};

inline constexpr std::size_t init_bytes = 1200;
inline constexpr std::size_t retry_bytes = 48;
inline constexpr std::size_t resp_bytes = 144;
inline constexpr std::size_t fini_bytes = 256;
inline constexpr std::size_t fini_mac_offset = 240;
inline constexpr std::size_t data_bytes_min = 48;
inline constexpr std::size_t data_header_bytes = 16;
inline constexpr std::size_t tag_bytes = 16;
inline constexpr std::size_t reset_bytes = 24;
inline constexpr std::size_t refuse_bytes = 32;
inline constexpr std::size_t refuse_mac_offset = 16;
inline constexpr std::size_t plaintext_bytes_max = bytes_max - data_header_bytes - tag_bytes;
// Sealed frames are filled up to a multiple of this, so that lengths say less.
inline constexpr std::size_t padding_bytes = 16;

// RETRY's flags.
inline constexpr std::uint16_t flag_password = 1;
// REFUSE's codes.
inline constexpr std::uint16_t refuse_password = 1;

template <std::size_t N>
using Bytes = std::array<std::byte, N>;

struct Cookie {
    std::uint32_t made_at_s = 0;
    std::uint8_t generation = 0;
    Bytes<16> mac{};
    Bytes<3> zero{};  // of our making; kept, so that a client repeats what it was given

    friend bool operator==(const Cookie&, const Cookie&) = default;
};

struct Init {
    std::uint32_t client_sid = 0;
    std::uint64_t client_nonce = 0;
    Cookie cookie;      // all zero: none yet
    Bytes<48> noise{};  // e 32 | tag 16; the tag is zero without a cookie
};

struct Retry {
    std::uint16_t server_flags = 0;
    std::uint32_t client_sid = 0;
    std::uint64_t client_nonce = 0;
    Bytes<24> cookie{};  // for the client to repeat, not to read
    std::uint32_t versions = versions_bitmap;
};

struct Resp {
    std::uint32_t client_sid = 0;
    std::uint32_t server_sid = 0;
    Bytes<128> noise{};
};

struct Fini {
    std::uint32_t server_sid = 0;
    std::uint64_t client_nonce = 0;
    Bytes<224> noise{};
    Bytes<16> mac{};
};

struct Reset {
    std::uint32_t receiver_sid = 0;
    Bytes<16> token{};
};

struct Refuse {
    std::uint16_t code = 0;
    std::uint32_t client_sid = 0;
    std::uint64_t client_nonce = 0;
    Bytes<16> mac{};
};

// Whether the first byte is one of the types above: never so for text in UTF-8.
bool is_secure(std::span<const std::byte> datagram);
// The type if the length fits it and the version is ours, else nothing.
std::optional<Type> type_of(std::span<const std::byte> datagram);
// Receiver of a DATA datagram; only after type_of said so.
std::uint32_t receiver_sid(std::span<const std::byte> data);

Bytes<init_bytes> encode(const Init& init);
Bytes<retry_bytes> encode(const Retry& retry);
Bytes<resp_bytes> encode(const Resp& resp);
Bytes<fini_bytes> encode(const Fini& fini);
Bytes<reset_bytes> encode(const Reset& reset);
Bytes<refuse_bytes> encode(const Refuse& refuse);

std::optional<Init> decode_init(std::span<const std::byte> datagram);
std::optional<Retry> decode_retry(std::span<const std::byte> datagram);
std::optional<Resp> decode_resp(std::span<const std::byte> datagram);
std::optional<Fini> decode_fini(std::span<const std::byte> datagram);
std::optional<Reset> decode_reset(std::span<const std::byte> datagram);
std::optional<Refuse> decode_refuse(std::span<const std::byte> datagram);

// A cookie as the 24 bytes that travel, for the client, who does not read it.
Bytes<24> encode(const Cookie& cookie);
Cookie decode_cookie(std::span<const std::byte, 24> bytes);

// What the sealed payloads of Noise messages 2 and 3 hold.
struct RespPayload {
    std::uint64_t log_epoch = 0;
    std::uint16_t ack_delay_ms = 25;
    std::uint16_t keepalive_s = 25;
    std::uint16_t idle_s = 180;
    std::uint32_t server_sid = 0;  // the one that counts: in front of it, it is in the clear
};
struct FiniPayload {
    std::uint64_t client_epoch = 0;
    std::uint64_t acked_msg_id = 0;
    std::uint32_t prev_server_sid = 0;
    std::uint64_t log_epoch = 0;  // the log that next_seq counts; 0 with next_seq 0
    std::uint64_t next_seq = 0;   // in the landing room; 0: nothing seen yet
    std::uint8_t name_bytes = 0;
    std::array<char, 32> name{};
    std::uint8_t room_bytes = 0;  // where he lands
    std::array<char, 32> room{};
};
inline constexpr std::size_t resp_payload_bytes = 32;
inline constexpr std::size_t fini_payload_bytes = 160;
Bytes<resp_payload_bytes> encode(const RespPayload& payload);
Bytes<fini_payload_bytes> encode(const FiniPayload& payload);
std::optional<RespPayload> decode_resp_payload(std::span<const std::byte> bytes);
std::optional<FiniPayload> decode_fini_payload(std::span<const std::byte> bytes);

}  // namespace chat::datagram
