// SPDX-License-Identifier: MIT
// The end of a measurement that the system does not let happen: one sentence, EX_OSERR.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sysexits.h>

namespace chat::load {

[[noreturn]] inline void fail(const char* what) {
    std::fprintf(stderr, "chat-load: cannot %s: %s\n", what, std::strerror(errno));
    std::exit(EX_OSERR);
}

}  // namespace chat::load
