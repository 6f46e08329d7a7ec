// SPDX-License-Identifier: MIT
// The receiver process as the terminal process sees it: starts it, and again when it has died;
// hears it, and gives it its orders. An order is never lost while its receiver lives. It may hold
// a key, so it is wiped here as soon as it is on its way.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "chat-client/process/protocol.h"
#include "proto/link/revival.h"
#include "sys/channel.h"
#include "sys/child_process.h"
#include "sys/udp_socket.h"

namespace chat::client {

class ReceiverChild {
  public:
    explicit ReceiverChild(Protocol protocol);
    ReceiverChild(const ReceiverChild&) = delete;
    ReceiverChild& operator=(const ReceiverChild&) = delete;
    ~ReceiverChild() { stop(); }

    // In place of the one that may run. It knows nothing of earlier orders. After an error it is
    // due again as if it had died.
    sys::Result<void> start(Instant now, sys::UdpSocket& socket);
    // It can't be started now, since there is no socket for it: due again, later each time.
    void postpone(Instant now);
    // Orders that still wait are wiped.
    void stop();

    // Poll this for reading, and for writing while wants_write(); -1: there is none.
    int fd() const { return channel_ ? channel_->fd() : -1; }
    bool wants_write() const { return channel_ && channel_->wants_write(); }
    void order(std::vector<std::vector<std::byte>> orders);
    void flush();
    // One packet of events, valid until the next call. Once it has closed its end it is dead or
    // dying, and is made sure of; SIGCHLD follows, and then reap().
    sys::ReceiveStatus receive(std::span<const std::byte>& packet);
    // How it ended, once; what it had sent before can still be received until stop().
    std::optional<sys::ExitStatus> reap(Instant now);

    // When to start it; nothing while it lives.
    std::optional<Instant> due() const { return revival_.due(); }
    bool due(Instant now) const { return revival_.due(now); }
    Instant started_at() const { return revival_.started_at(); }
    // The kernel refused a receiver its sandbox.
    bool was_free() const { return was_free_; }

  private:
    void note_first_frame(std::span<const std::byte> frame);

    Protocol protocol_;
    Revival revival_;
    std::optional<sys::ChildProcess> child_;
    std::optional<sys::Channel> channel_;
    bool heard_first_frame_ = false;
    bool was_free_ = false;
    std::deque<std::vector<std::byte>> orders_;
};

}  // namespace chat::client
