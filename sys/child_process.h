// SPDX-License-Identifier: MIT
// A forked child that can neither outlive its parent nor stay behind as a zombie. It runs a
// function of this program (no exec) and leaves with _exit, so neither atexit handlers nor the
// parent's half-filled stdio buffers run twice; what it wants written it must write itself.
// Memory and descriptors are copies: a child closes what is not its business.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <sys/types.h>

#include "proto/wire/time.h"
#include "sys/error.h"

namespace chat::sys {

struct ExitStatus {
    int code = 0;    // of exit; means nothing if `signal` is set
    int signal = 0;  // that killed it, or 0

    bool success() const { return code == 0 && signal == 0; }
    // "exited with status 3", "killed by signal 9 (Killed)".
    std::string sentence() const;
};

class ChildProcess {
  public:
    // In the child: default signals, SIGKILL when the thread that forked dies, `name` (at most 15
    // bytes, may be null) in the process table, then _exit(body()). An exception out of `body`
    // aborts the child.
    static Result<ChildProcess> fork(const char* name, const std::function<int()>& body);

    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&& other) noexcept;
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    // SIGKILL and wait, if it has not been reaped.
    ~ChildProcess();

    // The child's number, also after it was reaped (for a message; the kernel may reuse it).
    pid_t pid() const { return pid_; }
    bool running() const { return pid_ > 0 && !status_; }
    // Empty while it runs; never blocks. Once it has ended, always the same answer.
    std::optional<ExitStatus> reap();
    // Blocks until it has ended, and reaps it; at most until `deadline`. True if it has ended.
    // Where the kernel cannot be asked for this (before Linux 5.3) it does not wait.
    bool wait_until(Instant deadline);
    // Nothing happens once it was reaped.
    void kill(int signal);

  private:
    ChildProcess(pid_t pid, pid_t parent) : pid_(pid), parent_(parent) {}
    void end();

    pid_t pid_ = -1;
    pid_t parent_ = -1;  // a later child's copy of this object must not end its sibling
    std::optional<ExitStatus> status_;
};

// Closes all descriptors but 0, 1, 2 and those in `kept`.
void close_descriptors_except(std::span<const int> kept);

// Replaces descriptors, open or not, by /dev/null.
Result<void> redirect_to_null(std::initializer_list<int> descriptors);

}  // namespace chat::sys
