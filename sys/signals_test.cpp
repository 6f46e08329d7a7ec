// SPDX-License-Identifier: MIT
#include "sys/signals.h"

#include <csignal>
#include <unistd.h>

#include "sys/child_process.h"
#include "sys/test_support.h"

using namespace chat::sys;
using namespace chat::sys::test;

namespace {

class MaskGuard {
  public:
    MaskGuard() { sigprocmask(SIG_SETMASK, nullptr, &before_); }
    MaskGuard(const MaskGuard&) = delete;
    MaskGuard& operator=(const MaskGuard&) = delete;
    ~MaskGuard() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_{};
};

bool is_default(int signal) {
    struct sigaction action{};
    return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_DFL;
}

}  // namespace

TEST_CASE("signals come out of the queue, once each, and never interrupt") {
    const MaskGuard guard;
    auto queue = SignalQueue::open({SIGUSR1, SIGTERM});
    REQUIRE(queue);
    CHECK_FALSE(queue->take());
    REQUIRE(kill(getpid(), SIGUSR1) == 0);
    REQUIRE(kill(getpid(), SIGUSR1) == 0);
    REQUIRE(kill(getpid(), SIGTERM) == 0);
    REQUIRE(comes(queue->fd()));
    int user = 0;
    int term = 0;
    while (const auto signal = queue->take()) {
        user += *signal == SIGUSR1;
        term += *signal == SIGTERM;
    }
    CHECK(user == 1);
    CHECK(term == 1);
}

TEST_CASE("a child's end arrives as SIGCHLD") {
    const MaskGuard guard;
    auto queue = SignalQueue::open({SIGCHLD});
    REQUIRE(queue);
    auto child = ChildProcess::fork(nullptr, [] { return 0; });
    REQUIRE(child);
    REQUIRE(comes(queue->fd()));
    CHECK(queue->take() == SIGCHLD);
    CHECK(child->reap());
}

TEST_CASE("a child starts with default signals, none blocked") {
    const MaskGuard guard;
    auto queue = SignalQueue::open({SIGTERM, SIGUSR1});
    REQUIRE(queue);
    ignore(SIGPIPE);
    ignore(SIGTTOU);
    auto child = ChildProcess::fork(nullptr, [] {
        sigset_t mask;
        sigprocmask(SIG_SETMASK, nullptr, &mask);
        for (int signal = 1; signal < NSIG; ++signal) {
            if (sigismember(&mask, signal) == 1) return 1;
        }
        return is_default(SIGPIPE) && is_default(SIGTTOU) ? 0 : 2;
    });
    REQUIRE(child);
    wait_until_ended(child->pid());
    CHECK_FALSE(is_default(SIGPIPE));
    std::signal(SIGPIPE, SIG_DFL);
    std::signal(SIGTTOU, SIG_DFL);
    const auto status = child->reap();
    REQUIRE(status);
    CHECK(status->sentence() == "exited with status 0");
}
