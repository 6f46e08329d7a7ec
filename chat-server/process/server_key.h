// SPDX-License-Identifier: MIT
// The server's static X25519 key: made at the first start, kept in the data folder (mode 0600),
// known to people by its fingerprint. It names the server; the plain-text protocol does not use
// it.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "sys/data_folder.h"
#include "sys/error.h"

namespace chat::server {

struct ServerKey {
    std::array<std::byte, 32> secret;
    std::array<std::byte, 32> public_key;

    static ServerKey generate();
    // Reads DATA/server.key (the 32 bytes of the secret) or makes it.
    static sys::Result<ServerKey> load_or_generate(const sys::DataFolder& folder);

    // The first 20 characters of the base32 (RFC 4648, lower case) of SHA-256 of the public key:
    // 100 bits, to be compared by eye.
    std::string fingerprint() const;
};

}  // namespace chat::server
