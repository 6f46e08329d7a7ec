// SPDX-License-Identifier: MIT
// Rights that every process of ours gives up at its start, whatever its role, and that no child
// gets back. What depends on the role is sys/sandbox.h.
#pragma once

#include "sys/error.h"

namespace chat::sys {

// No core file of this process is written, and nobody without CAP_SYS_PTRACE can attach to it or
// read its memory. Its /proc/PID then belongs to root, but the process itself goes on seeing its
// own (/proc/self/fd works); PR_SET_PDEATHSIG is not affected. Forked children inherit it.
Result<void> forbid_core_dumps();

// No program that is executed from here on gains rights (set-user-ID and the like).
Result<void> forbid_new_privileges();

}  // namespace chat::sys
