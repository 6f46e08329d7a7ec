// SPDX-License-Identifier: MIT
// The way to the server: its addresses, the socket to one of them, and the receiver process that
// shares it. What goes over it and when is the session's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chat-client/core/session.h"
#include "chat-client/process/protocol.h"
#include "chat-client/process/receiver_child.h"
#include "proto/wire/endpoint.h"
#include "proto/wire/time.h"
#include "sys/udp_socket.h"

namespace chat::client {

class ServerConnection {
  public:
    // No socket, or no process: it is due again later. error() says why.
    enum class Start : std::uint8_t { running, no_socket, no_process };

    // There is at least one address.
    ServerConnection(Protocol protocol, std::vector<Endpoint> addresses)
        : addresses_(std::move(addresses)), receiver_(protocol) {}

    // A new receiver, and a socket if there is none.
    Start start(Instant now);
    const std::string& error() const { return error_; }
    void stop() { receiver_.stop(); }
    ReceiverChild& receiver() { return receiver_; }
    const ReceiverChild& receiver() const { return receiver_; }

    // A host with several addresses (localhost has two) may listen on one only. When to try the
    // next one, while none has answered.
    std::optional<Instant> next_address_due() const;
    void take_next_address();
    // To the same address from wherever this machine is now. False: it fails, since the machine is
    // between two networks.
    bool reconnect();

    // What the session wants to send, and its orders for the receiver.
    void transmit(Session& session, const Now& now);
    // Nothing can be sent now.
    bool mute() const { return blocked_ || !socket_; }
    // Poll this for writing; -1: nothing waits for it.
    int blocked_fd() const { return blocked_ && socket_ ? socket_->fd() : -1; }
    void unblock() { blocked_ = false; }

  private:
    bool open_socket();

    std::vector<Endpoint> addresses_;
    std::size_t address_ = 0;
    std::optional<sys::UdpSocket> socket_;
    ReceiverChild receiver_;
    bool blocked_ = false;
    std::string error_;
};

}  // namespace chat::client
