// SPDX-License-Identifier: MIT
// Landlock, the kernel's way for a process to give up files for good (landlock(7)), without which
// file access is as before. What newer kernels can forbid in addition is forbidden there.
#pragma once

#include "sys/error.h"
#include "sys/sandbox.h"

namespace chat::sys {

// 0: this kernel has none, or it is switched off or kept from us.
int landlock_abi();

enum class Isolation {
    files,       // only `files` can be opened from now on; no TCP
    everything,  // also no signal to, and no abstract socket of, a process outside
};

// Wants a kernel with landlock_abi() > 0. Also forbids new privileges, without which the kernel
// refuses. Descriptors that are open stay as they are.
Result<void> restrict_files(const FileAccess& files, Isolation isolation);

}  // namespace chat::sys
