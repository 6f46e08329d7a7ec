// SPDX-License-Identifier: MIT
// The server's parent: owns the UDP socket, drives the brain, keeps the log, and looks after its
// admin child. Everything happens in one loop; signals, the child's death included, arrive as
// something to read.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "chat-server/core/server.h"
#include "chat-server/process/log_keeper.h"
#include "proto/link/revival.h"
#include "sys/channel.h"
#include "sys/child_process.h"
#include "sys/control_socket.h"
#include "sys/poll_set.h"
#include "sys/send_batch.h"
#include "sys/signals.h"
#include "sys/udp_socket.h"

namespace chat::server {

class NetworkProcess {
  public:
    // Reads the configuration again; nothing if it is wrong, which it then has said.
    using Reload = std::function<std::optional<ServerConfig>()>;

    // What it serves with, opened by whoever can still explain a refusal.
    struct Equipment {
        sys::UdpSocket socket;
        sys::ControlListener listener;
        sys::SignalQueue signals;
    };
    // The log and the server outlive it.
    NetworkProcess(Equipment equipment, Server& server, Log& log, Reload reload);

    // Forks the admin process, calls `ready` once members can join, and serves until SIGTERM or
    // SIGINT, or until the terminal that is its console is closed (not under nohup, which ignores
    // SIGHUP). The exit status.
    int run(const std::function<void()>& ready);

  private:
    void start_admin();
    void turn();
    void take_signals();
    // True: there were some.
    bool take_datagrams();
    void take_unreachable();
    void take_control_frames();
    void drive();
    void report_events();
    void begin_shutdown();
    void end_admin();
    std::optional<Instant> next_deadline() const;

    sys::UdpSocket socket_;
    sys::ControlListener listener_;
    sys::SignalQueue signals_;
    Server& server_;
    LogKeeper keeper_;
    Reload reload_;

    sys::ReceiveBatch received_;
    sys::SendBatch to_send_;
    sys::PollSet poll_;
    Now now_;

    std::optional<sys::ChildProcess> admin_;
    std::optional<sys::Channel> to_admin_;
    Revival admin_revival_;

    std::optional<Instant> stop_at_;  // set once shutting down
    bool stopped_ = false;
    const bool ends_with_console_;
};

}  // namespace chat::server
