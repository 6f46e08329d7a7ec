// SPDX-License-Identifier: MIT
// Takes rights away from a process that has opened what it needs: a list of the system calls it
// may still make (seccomp), and of the files it may still open (Landlock, where the kernel has
// it). Everything else fails with EPERM, or EACCES from Landlock: an error, not a crash. There is
// no way back, and children inherit it. Call while the process has one thread.
//
// Builds with a sanitizer are laxer, or its reports would be lost: they may open and read files,
// write to what is no network socket, and be traced by the leak checker; no Landlock.
#pragma once

#include <string>
#include <vector>

#include "sys/error.h"

namespace chat::sys {

// Whether this is such a build.
extern const bool sandbox_is_lax;

// What is in force. A kernel without one of the two is no error: the caller decides and says so.
struct SandboxReport {
    bool seccomp = false;
    bool landlock = false;
    int landlock_abi = 0;  // of this kernel; 0: it has no Landlock, or it is switched off
};

// Files and folders, with all that is beneath. What does not exist is passed over. Files that may
// be replaced while the process runs are covered by naming their folder.
struct FileAccess {
    std::vector<std::string> writable;  // also readable
    std::vector<std::string> readable;
};

// /dev/null, time zones, terminal descriptions, locales: nothing secret, wanted at odd moments.
// TZ and TERMINFO, if set, count too.
FileAccess system_files();

// Reads from both descriptors, writes to the channel. Nothing else: no file, no sending to the
// network, no terminal, no other process.
Result<SandboxReport> enter_receiver_sandbox(int socket_fd, int channel_fd);

// Reads from the channel; asks for and sets the terminal's modes and writes to the screen.
Result<SandboxReport> enter_keeper_sandbox(int channel_fd, int terminal_fd, int screen_fd);

// Opens `files`, handles the terminal, makes UDP sockets and connects them, forks children (who
// may enter a narrower sandbox) and signals them. No program is executed, nothing listens.
Result<SandboxReport> enter_terminal_sandbox(const FileAccess& files);

// Opens `files`; sends and receives on the sockets it has; accepts callers; forks children and
// signals them. No new network socket, no connect, no bind, no program.
Result<SandboxReport> enter_network_sandbox(const FileAccess& files);

}  // namespace chat::sys
