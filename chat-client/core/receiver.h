// SPDX-License-Identifier: MIT
// The receiving side's brain for the secure protocol, run by the receiver process: opens DATA with
// the keys it is given, refuses replays, checks every frame, puts the parts of long entries
// together, and hands on what it decoded (receiver_event.h). Handshake answers are handed on as
// they are, length-checked, for the terminal process to judge. It sends nothing and keeps no more
// than two keys (during a rekey) and one entry in parts per 32 numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>

#include "chat-client/core/receiver_event.h"
#include "proto/wire/time.h"

namespace chat::client {

struct ReceiverCounters {
    std::uint64_t datagrams = 0, malformed = 0, unknown_sid = 0, forged = 0, replayed = 0,
                  bad_frames = 0;
};

class Receiver {
  public:
    // `secrets`: where keys are kept.
    explicit Receiver(std::pmr::memory_resource& secrets);
    ~Receiver();

    // One packet from the terminal process. False: not an order.
    bool on_order(std::span<const std::byte> order);
    // One datagram from the server's address; it is opened in place. Events are added to `out`.
    void on_datagram(Instant now, std::span<std::byte> datagram, ReceiverFrames& out);
    const ReceiverCounters& counters() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace chat::client
