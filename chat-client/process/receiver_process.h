// SPDX-License-Identifier: MIT
// The client's child: the receiving side. It reads datagrams, opens and decodes them and hands
// typed events to the terminal process. It parses what strangers send, so it has nothing worth
// taking: no terminal, no files, and it sends nothing to the network.
//
// Frames to the terminal process: first one byte (receiver_is_locked_in or receiver_is_free), then
// packets of events, chat-client/core/receiver_event.h for the secure protocol and server_event.h
// for the plain-text one. Frames from it: orders, for the secure protocol alone.
#pragma once

#include <cstddef>

#include "chat-client/process/protocol.h"
#include "sys/channel.h"
#include "sys/udp_socket.h"

namespace chat::client {

// Frames may wait for a terminal process that is busy or stopped: some ten thousand messages.
// Beyond that it stops reading, and the kernel drops.
inline constexpr std::size_t receiver_queue_bytes_max = 4 * 1024 * 1024;

inline constexpr std::byte receiver_is_locked_in{1};
inline constexpr std::byte receiver_is_free{0};  // the kernel refused the sandbox

// Runs until the terminal process closes its end. Returns the exit status.
int run_receiver_process(Protocol protocol, sys::Channel terminal, sys::UdpSocket& socket);

}  // namespace chat::client
