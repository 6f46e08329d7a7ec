// SPDX-License-Identifier: MIT
// How many have seen a member's messages, as far as one of his programs may not know it yet
// (SEEN; docs/PROTOCOL.md, section 5). A newer figure replaces an older one of the same message.
// The figures sent last are kept until the datagrams up to the last one with some of them are
// known to have arrived; after a loss, whatever it was, they are sent again.
#pragma once

#include <cstdint>
#include <vector>

#include "chat-server/core/entry.h"
#include "chat-server/core/packet.h"
#include "proto/link/link.h"
#include "proto/wire/frame.h"

namespace chat::server {

class Receipts {
  public:
    void set(RoomId room, const frame::SeenCount& count);
    // It is in that room no longer.
    void forget(RoomId room);

    bool empty() const { return figures_.empty(); }
    bool has_unsent() const;
    bool has_sent() const;

    // Writes what is not sent yet, as far as it fits. True: something was written, and on_sent()
    // follows.
    bool write(Packet& packet);
    void on_sent(std::uint64_t counter, const Link& link);
    // The link has heard an acknowledgement.
    void on_ack(const Link& link);
    // Nobody knows what became of those sent: a probe is due, or a new key counts anew.
    void send_again();

  private:
    struct Figure {
        RoomId room = 0;
        bool sent = false;
        frame::SeenCount count;
    };

    std::vector<Figure> figures_;  // by room and number
    std::uint64_t counter_ = 0;    // of the last datagram with some of them
    std::uint32_t lost_ = 0;       // datagrams lost by then
};

}  // namespace chat::server
