// SPDX-License-Identifier: MIT
#include "sys/error.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace chat::sys {

std::string OsError::sentence() const {
    const std::string reason = detail.empty() ? std::generic_category().message(code) : detail;
    return "cannot " + doing + ": " + reason;
}

std::unexpected<OsError> os_error(std::string doing) {
    return os_error(errno, std::move(doing));
}

std::unexpected<OsError> os_error(int code, std::string doing, std::string detail) {
    return std::unexpected(OsError{code, std::move(doing), std::move(detail)});
}

}  // namespace chat::sys
