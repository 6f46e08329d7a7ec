// SPDX-License-Identifier: MIT
// The client's child: the receiving side. It reads datagrams, decodes them and hands typed events
// to the terminal process. It parses what strangers send, so it has nothing worth taking: no
// terminal, no files, and it sends nothing to the network.
#pragma once

#include "sys/channel.h"
#include "sys/udp_socket.h"

namespace chat::client {

// Frames may wait for a terminal process that is busy or stopped: some ten thousand messages.
// Beyond that it stops reading, and the kernel drops.
inline constexpr std::size_t receiver_queue_bytes_max = 4 * 1024 * 1024;

// Runs until the terminal process closes its end. Returns the exit status.
int run_receiver_process(sys::Channel terminal, sys::UdpSocket& socket);

}  // namespace chat::client
