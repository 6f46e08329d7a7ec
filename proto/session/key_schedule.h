// SPDX-License-Identifier: MIT
// From a finished handshake to the two keys of a session, and from a join password to a Noise psk.
// Each key seals in one direction only, in one process only. Nothing here keeps a key.
#pragma once

#include <optional>
#include <string_view>

#include "proto/session/keys.h"
#include "proto/session/noise.h"

namespace chat {

struct SessionKeys {
    SecretKey client_to_server;  // HMAC-SHA256(k1, "client" || h)
    SecretKey server_to_client;  // HMAC-SHA256(k2, "server" || h)
};

SessionKeys session_keys(const SplitKeys& split, const Key32& handshake_hash);

// A server without a password mixes this one, so that there is one pattern for all.
inline constexpr Key32 open_server_psk{};

// Argon2id(password, first 16 bytes of SHA-256("psk-salt" || server's public key), 2 passes,
// 64 MiB, 32 bytes). Nothing when the system does not give the memory. It takes a good part of a
// second: a server computes it once at its start and never because of a datagram, a client after
// it has seen the right server key.
std::optional<SecretKey> password_key(std::string_view password, const PublicKey& server);

}  // namespace chat
