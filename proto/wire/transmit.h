// SPDX-License-Identifier: MIT
// How a brain hands datagrams to whoever owns the socket. The sink lends its own buffers or
// borrows the caller's, so a delivery costs no allocation and, for text shared by a whole room,
// no copy.
#pragma once

#include <cstddef>
#include <span>

#include "proto/wire/endpoint.h"

namespace chat {

class TransmitSink {
  public:
    virtual ~TransmitSink() = default;

    // Queues `datagram` for `path`. The bytes are borrowed until the sink has been flushed, which
    // happens at the latest when poll_transmit has returned and before anything else is called on
    // the brain. False: no room now; offer it again in the next poll_transmit.
    virtual bool send(const Path& path, std::span<const std::byte> datagram) = 0;
};

}  // namespace chat
