// SPDX-License-Identifier: MIT
#include "sys/child_process.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <string_view>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/poll_set.h"
#include "sys/signals.h"

namespace chat::sys {
namespace {

[[noreturn]] void run_child(pid_t parent, const char* name,
                            const std::function<int()>& body) noexcept {
    reset_for_child();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before that, and then nobody tells us.
    if (getppid() != parent) ::kill(getpid(), SIGKILL);
    if (name != nullptr) prctl(PR_SET_NAME, name);
    _exit(body());
}

ExitStatus to_exit_status(int wait_status) {
    if (WIFSIGNALED(wait_status)) return {0, WTERMSIG(wait_status)};
    return {WEXITSTATUS(wait_status), 0};
}

// For kernels and sandboxes without close_range.
void close_one_by_one(std::span<const int> kept) {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), &closedir);
    if (folder == nullptr) return;
    std::vector<int> others;
    while (const dirent* entry = readdir(folder.get())) {
        const std::string_view text = entry->d_name;
        int fd = -1;
        std::from_chars(text.data(), text.data() + text.size(), fd);
        if (fd > STDERR_FILENO && fd != dirfd(folder.get()) && !std::ranges::count(kept, fd)) {
            others.push_back(fd);
        }
    }
    for (const int fd : others)
        ::close(fd);
}

}  // namespace

std::string ExitStatus::sentence() const {
    if (signal == 0) return fmt::format("exited with status {}", code);
    return fmt::format("killed by signal {} ({})", signal, strsignal(signal));
}

Result<ChildProcess> ChildProcess::fork(const char* name, const std::function<int()>& body) {
    // Blocked meanwhile, or a signal sent to the child at once would run a handler of the parent
    // (curses has some, which write to the terminal) in the child.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    const pid_t parent = getpid();
    const pid_t pid = ::fork();
    if (pid == 0) run_child(parent, name, body);
    const int code = errno;
    sigprocmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return os_error(code, "start another process");
    return ChildProcess(pid, parent);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), parent_(other.parent_), status_(other.status_) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    if (this != &other) {
        end();
        pid_ = std::exchange(other.pid_, -1);
        parent_ = other.parent_;
        status_ = other.status_;
    }
    return *this;
}

ChildProcess::~ChildProcess() {
    end();
}

std::optional<ExitStatus> ChildProcess::reap() {
    if (!running()) return status_;
    int wait_status = 0;
    pid_t reaped = 0;
    do {
        reaped = waitpid(pid_, &wait_status, WNOHANG);
    } while (reaped < 0 && errno == EINTR);
    if (reaped == pid_) {
        status_ = to_exit_status(wait_status);
    } else if (reaped < 0) {
        // Somebody else has waited for it (SIGCHLD ignored, say): it has ended, how is lost.
        status_ = ExitStatus{EXIT_FAILURE, 0};
    }
    return status_;
}

bool ChildProcess::wait_until(Instant deadline) {
    if (reap()) return true;
    // It has not been reaped, so its number is still its own.
    const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    if (!process) return false;
    PollSet poll;
    poll.add(process.get(), true);
    for (Instant now = monotonic_now(); now < deadline; now = monotonic_now()) {
        if (!poll.wait(deadline, now)) return false;
        if (reap()) return true;
    }
    return false;
}

void ChildProcess::kill(int signal) {
    if (running() && getpid() == parent_) ::kill(pid_, signal);
}

void ChildProcess::end() {
    if (!running() || getpid() != parent_ || reap()) return;
    ::kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

void close_descriptors_except(std::span<const int> kept) {
    std::vector<int> sorted(kept.begin(), kept.end());
    std::ranges::sort(sorted);
    unsigned first = STDERR_FILENO + 1;
    for (const int fd : sorted) {
        const auto limit = static_cast<unsigned>(fd);
        if (fd < 0 || limit < first) continue;
        if (limit > first && close_range(first, limit - 1, 0) != 0) return close_one_by_one(kept);
        first = limit + 1;
    }
    if (close_range(first, ~0U, 0) != 0) close_one_by_one(kept);
}

Result<void> redirect_to_null(std::initializer_list<int> descriptors) {
    Descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) return os_error("open /dev/null");
    for (const int fd : descriptors) {
        if (fd == null.get()) {
            // It was closed, so /dev/null got its number. dup2 would keep it close-on-exec.
            if (fcntl(fd, F_SETFD, 0) != 0) return os_error("redirect to /dev/null");
            null.release();
            return redirect_to_null(descriptors);
        }
        if (dup2(null.get(), fd) < 0) return os_error("redirect to /dev/null");
    }
    return {};
}

}  // namespace chat::sys
