// SPDX-License-Identifier: MIT
#include "sys/signals.h"

#include <cerrno>
#include <csignal>
#include <sys/signalfd.h>
#include <unistd.h>

namespace chat::sys {

Result<SignalQueue> SignalQueue::open(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals)
        sigaddset(&set, signal);
    Descriptor descriptor(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!descriptor) return os_error("watch for signals");
    if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return os_error("block signals");
    return SignalQueue(std::move(descriptor));
}

std::optional<int> SignalQueue::take() {
    signalfd_siginfo info{};
    ssize_t got = 0;
    do {
        got = ::read(fd(), &info, sizeof info);
    } while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(sizeof info)) return std::nullopt;
    return static_cast<int>(info.ssi_signo);
}

void ignore(int signal) {
    std::signal(signal, SIG_IGN);
}

void reset_for_child() {
    // Refused for SIGKILL, SIGSTOP and the two the C library keeps to itself: these need nothing.
    for (int signal = 1; signal < NSIG; ++signal)
        std::signal(signal, SIG_DFL);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, nullptr);
}

}  // namespace chat::sys
