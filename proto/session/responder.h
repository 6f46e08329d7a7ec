// SPDX-License-Identifier: MIT
// The server's side of the handshake (docs/PROTOCOL.md, sections 2 and 3): cookies, the table of
// half-open handshakes, per-prefix limits, and the Noise exchange. It is handed INIT and FINI and
// answers each with at most one datagram no longer than it. Before a cookie has proved an address
// it keeps nothing and computes one hash. Its memory is allocated once; secrets lie in what
// `secrets` gives.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>

#include "proto/session/keys.h"
#include "proto/session/random_source.h"
#include "proto/wire/datagram.h"
#include "proto/wire/endpoint.h"
#include "proto/wire/time.h"

namespace chat {

struct ResponderConfig {
    std::uint8_t start_count = 0;       // its low 8 bits: the low 8 bits of every server_sid
    std::optional<Key32> password_key;  // computed once at start-up; nothing: open to all
    datagram::RespPayload offer;        // what message 2 tells the client
};

// A handshake whose client has proved address, static key and password. Keys are to be installed,
// then wiped.
struct Established {
    std::uint32_t client_sid = 0;
    std::uint32_t server_sid = 0;
    PublicKey client;
    Key32 client_key{};  // K_cli: opens what the client sends
    Key32 server_key{};  // K_srv: seals what we send
    datagram::FiniPayload request;
    std::array<std::byte, 16> fini_digest{};  // of the FINI that did it
};

// What identifies a repetition of exactly this FINI, for whoever has to answer it again.
std::array<std::byte, 16> fini_digest(std::span<const std::byte> datagram);

struct ResponderCounters {
    std::uint64_t retries = 0, bad_cookies = 0, resps = 0, too_many = 0, prefix_limited = 0,
                  bad_messages = 0, wrong_passwords = 0, established = 0;
};

class Responder {
  public:
    // Whether a server_sid is used by a live session.
    using SidTaken = std::function<bool(std::uint32_t)>;

    Responder(const ResponderConfig& config, const KeyPair& identity, RandomSource& random,
              std::pmr::memory_resource& secrets, SidTaken sid_taken);
    ~Responder();

    void set_offer(const datagram::RespPayload& offer);

    // The answer (RETRY, RESP), or nothing. Valid until the next call.
    std::span<const std::byte> on_init(const Now& now, const Endpoint& peer,
                                       std::span<const std::byte> datagram);

    struct FiniOutcome {
        std::span<const std::byte> answer;       // REFUSE or a cached refusal; else empty
        std::optional<Established> established;  // the caller decides on name and membership
    };
    // A handshake is decided by the first FINI whose mac is right, once. That very FINI gets the
    // same answer again, which is none until refuse(); another one gets nothing, so that each
    // guess at the password costs a handshake.
    FiniOutcome on_fini(const Now& now, const Endpoint& peer, std::span<const std::byte> datagram);
    // The caller refused the membership with this sealed datagram: it is repeated for a repeated
    // FINI as long as the half-open entry lives.
    void refuse(std::uint32_t server_sid, std::span<const std::byte> sealed_close);
    // The caller made a session of it: the half-open entry is freed.
    void accepted(std::uint32_t server_sid);

    std::size_t half_open() const;
    const ResponderCounters& counters() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace chat
