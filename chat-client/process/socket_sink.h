// SPDX-License-Identifier: MIT
// The session's datagrams into the connected socket, one by one: a client sends little. What the
// kernel will not take is as good as lost; only a full socket makes the session wait.
#pragma once

#include "proto/wire/transmit.h"
#include "sys/udp_socket.h"

namespace chat::client {

class SocketSink final : public TransmitSink {
  public:
    // The socket is borrowed.
    explicit SocketSink(sys::UdpSocket& socket) : socket_(socket) {}

    bool send(const Path&, std::span<const std::byte> datagram) override {
        for (int attempt = 0; attempt < 2; ++attempt) {
            const auto outcome = socket_.send(datagram);
            if (!outcome) return true;  // too long or forbidden
            if (*outcome == sys::SendOutcome::sent) return true;
            if (*outcome == sys::SendOutcome::would_block) {
                blocked_ = true;
                return false;
            }
            // An earlier datagram's fate; this one has not gone out yet.
        }
        return true;
    }
    // Poll the socket for writing then.
    bool blocked() const { return blocked_; }

  private:
    sys::UdpSocket& socket_;
    bool blocked_ = false;
};

}  // namespace chat::client
