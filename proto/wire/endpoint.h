// SPDX-License-Identifier: MIT
// Where a datagram comes from or goes to. IPv4 is kept as an IPv4-mapped IPv6 address
// (RFC 4291, section 2.5.5.2), so that one member is one key whatever the socket's family.
// Conversion from and to the kernel's structures is in sys/socket_address.h.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace chat {

struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};

    friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

    static constexpr IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
        return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}};
    }
    constexpr bool is_v4() const {
        for (std::size_t i = 0; i < 10; ++i) {
            if (bytes[i] != 0) return false;
        }
        return bytes[10] == 0xff && bytes[11] == 0xff;
    }
    // 127.0.0.0/8 or ::1.
    constexpr bool is_loopback() const {
        if (is_v4()) return bytes[12] == 127;
        for (std::size_t i = 0; i < 15; ++i) {
            if (bytes[i] != 0) return false;
        }
        return bytes[15] == 1;
    }
    constexpr bool is_unspecified() const {
        return *this == IpAddress{} || *this == v4(0, 0, 0, 0);
    }
};

struct Endpoint {
    IpAddress ip;
    std::uint16_t port = 0;
    std::uint32_t scope = 0;  // interface index of a link-local IPv6 address, else 0

    friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// The two ends of one exchange: an answer leaves from the address that was asked, or a host with
// several addresses would answer from one its peer does not know.
struct Path {
    Endpoint peer;
    IpAddress local;  // unspecified: let the kernel choose

    friend constexpr auto operator<=>(const Path&, const Path&) = default;
};

// For hash tables keyed by address. The seed is random per process, because whoever logs in
// chooses the address and must not be able to choose the bucket as well.
struct EndpointHash {
    std::uint64_t seed = 0;

    constexpr std::size_t operator()(const Endpoint& e) const {
        std::uint64_t h = mix(seed) ^ (std::uint64_t{e.port} << 32 | e.scope);
        for (std::size_t i = 0; i < 16; i += 8) {
            std::uint64_t word = 0;
            for (std::size_t j = 0; j < 8; ++j)
                word = word << 8 | e.ip.bytes[i + j];
            h = mix(h ^ word);
        }
        return static_cast<std::size_t>(h);
    }

  private:
    // The finaliser of splitmix64 (Steele, Lea, Flood 2014), keyed by what came before.
    static constexpr std::uint64_t mix(std::uint64_t x) {
        x += 0x9e3779b97f4a7c15U;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
        return x ^ (x >> 31);
    }
};

}  // namespace chat
