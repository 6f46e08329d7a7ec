// SPDX-License-Identifier: MIT
// A refusal by the operating system: the errno and what we were doing, which is enough to build
// one sentence for the user. It is a value, never thrown; who calls decides at the rim whether it
// ends the program. Refusals without an errno (name resolution, a folder in use) bring their own
// reason in `detail`.
//
// Files of this folder must not be named like a header of the C library's own <sys/...>: the
// tree's top is on the include path and would win.
#pragma once

#include <expected>
#include <string>

namespace chat::sys {

struct OsError {
    int code = 0;          // errno
    std::string doing;     // completes "cannot ...", for example "bind 0.0.0.0 port 8888"
    std::string detail{};  // the reason, where the text of `code` would not say it

    // "cannot bind 0.0.0.0 port 8888: Address already in use", without a full stop.
    std::string sentence() const;
};

template <class T>
using Result = std::expected<T, OsError>;

// Captures errno, so it comes right after the call that failed.
std::unexpected<OsError> os_error(std::string doing);
std::unexpected<OsError> os_error(int code, std::string doing, std::string detail = {});

}  // namespace chat::sys
