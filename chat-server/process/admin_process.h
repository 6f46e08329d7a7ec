// SPDX-License-Identifier: MIT
// The server's child: the operator's voice. It reads console lines from standard input and
// requests from the control socket, hands them to the network process as typed frames, and
// writes the answers. It has no UDP socket, no roster and no keys, so whatever happens to it,
// members notice nothing, and nothing from the network can speak through it.
#pragma once

#include "sys/channel.h"
#include "sys/control_socket.h"

namespace chat::server {

// Runs until the network process closes its end of `parent`. Returns the exit status.
int run_admin_process(sys::Channel parent, sys::ControlListener& listener);

}  // namespace chat::server
