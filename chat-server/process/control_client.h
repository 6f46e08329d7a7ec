// SPDX-License-Identifier: MIT
// `chat-server announce` and `chat-server ctl`: one request to a running server over its control
// socket, the answer on standard output.
#pragma once

#include "chat-server/process/options.h"

namespace chat::server {

// The exit status of the program.
int run_control_client(const Options& options);

}  // namespace chat::server
