// SPDX-License-Identifier: MIT
// The password of --password-file: the file's first line without its end. It is kept in a file and
// not given on the command line, which everybody on the machine can read. Both programs read it
// here, so that the same file is the same password to both.
#pragma once

#include <string>

#include "sys/error.h"

namespace chat::sys {

struct Password {
    std::string text;
    bool readable_by_others = false;  // worth a warning
};

// EINVAL: its first line is empty, or longer than any password.
Result<Password> read_password(const std::string& path);

}  // namespace chat::sys
