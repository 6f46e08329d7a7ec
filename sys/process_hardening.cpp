// SPDX-License-Identifier: MIT
#include "sys/process_hardening.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace chat::sys {

Result<void> forbid_core_dumps() {
    const rlimit none{0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0) {
        return os_error("forbid core dumps");
    }
    return {};
}

Result<void> forbid_new_privileges() {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return os_error("give up privileges");
    return {};
}

}  // namespace chat::sys
