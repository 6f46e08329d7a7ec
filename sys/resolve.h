// SPDX-License-Identifier: MIT
// From a host's name to its addresses, by the system's resolver. It blocks as long as the
// resolver takes, so it is called at start or in a process that may wait, never in a server's
// loop.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/wire/endpoint.h"
#include "sys/error.h"

namespace chat::sys {

// Every UDP address of `host` in the resolver's order of preference, both families, never empty.
// `host` is a name or a numeric address without brackets ("fe80::1%eth0" keeps its scope). The
// error's sentence carries the resolver's own reason; its code is ENOENT for an unknown name,
// EAGAIN when the resolver could not be asked, else EIO or the errno behind it.
Result<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port);

}  // namespace chat::sys
