// SPDX-License-Identifier: MIT
// The parts of frame_fuzz, one file each: what a client and what a server may seal under real keys.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "proto/session/cipher.h"
#include "tests/fuzz/fuzz.h"

namespace chat::fuzz {

using Bytes = std::vector<std::byte>;

// A member whose plaintexts are the script's, and the server.
void play_frames_from_client(Script script);
// A server whose plaintexts are the script's, and our client.
void play_frames_from_server(Script script);

// The script's next plaintext: a length, then so many bytes, filled up with zeros.
inline Bytes take_plaintext(Script& script) {
    const auto given = script.bytes(script.u16() % (datagram::plaintext_bytes_max + 1));
    Bytes plaintext(given.begin(), given.end());
    plaintext.resize(padded_size(plaintext.size()));
    return plaintext;
}

inline Bytes seal(Sealer& sealer, std::span<const std::byte> plaintext, std::uint16_t ts) {
    Bytes data(plaintext.size() + data_overhead_bytes);
    std::ranges::copy(plaintext, data.begin() + datagram::data_header_bytes);
    require(sealer.seal(ts, data).has_value(), "a key lasts");
    return data;
}

}  // namespace chat::fuzz
