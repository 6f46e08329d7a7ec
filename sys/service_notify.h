// SPDX-License-Identifier: MIT
// Tells a service manager how we are: the sd_notify protocol, one datagram of "KEY=value" lines to
// $NOTIFY_SOCKET (a path, or @name for an abstract one; see sd_notify(3)). Without a service
// manager, and when it does not listen, nothing happens.
#pragma once

#include <string_view>

namespace chat::sys {

void service_notify(std::string_view state);

}  // namespace chat::sys
