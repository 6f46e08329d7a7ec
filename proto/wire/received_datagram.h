// SPDX-License-Identifier: MIT
// A datagram as a socket gave it. It borrows: whose buffer the bytes lie in says how long.
#pragma once

#include <cstddef>
#include <span>

#include "proto/wire/endpoint.h"

namespace chat {

struct ReceivedDatagram {
    Path path;  // local is unspecified on a connected socket and for multicast and broadcast
    std::span<std::byte> bytes;  // may be written to: what is sealed is opened in place
    bool truncated = false;      // it was longer than the buffer; `bytes` is its beginning
};

}  // namespace chat
