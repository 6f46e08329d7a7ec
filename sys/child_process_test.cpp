// SPDX-License-Identifier: MIT
#include "sys/child_process.h"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <pthread.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/signals.h"
#include "sys/test_support.h"

using namespace chat::sys;
using namespace chat::sys::test;

namespace {

struct Pipe {
    Descriptor reader;
    Descriptor writer;

    Pipe() {
        int ends[2];
        REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
        reader.reset(ends[0]);
        writer.reset(ends[1]);
    }
};

// What happens in a child between fork and our first line in it: fork itself runs this there.
bool signal_right_after_fork = false;
void raise_right_after_fork() {
    if (signal_right_after_fork) raise(SIGUSR1);
}

int sleep_for_ever() {
    for (;;)
        pause();
}

ChildProcess fork_or_fail(const char* name, const std::function<int()>& body) {
    auto child = ChildProcess::fork(name, body);
    REQUIRE(child);
    return std::move(*child);
}

ExitStatus ended(ChildProcess& child) {
    wait_until_ended(child.pid());
    const auto status = child.reap();
    REQUIRE(status);
    return *status;
}

}  // namespace

TEST_CASE("how a child ended is told in a sentence") {
    struct Row {
        std::function<int()> body;
        int code;
        int signal;
        const char* sentence;
    };
    const Row rows[] = {
        {[] { return 0; }, 0, 0, "exited with status 0"},
        {[] { return 3; }, 3, 0, "exited with status 3"},
        {[] { return kill(getpid(), SIGKILL); }, 0, SIGKILL, "killed by signal 9 (Killed)"},
        {[] { return kill(getpid(), SIGTERM); }, 0, SIGTERM, "killed by signal 15 (Terminated)"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.sentence);
        ChildProcess child = fork_or_fail(nullptr, row.body);
        const ExitStatus status = ended(child);
        CHECK(status.code == row.code);
        CHECK(status.signal == row.signal);
        CHECK(status.success() == (row.code == 0 && row.signal == 0));
        CHECK(status.sentence() == row.sentence);
    }
}

TEST_CASE("a child is a zombie until it is reaped, and gone then") {
    ChildProcess child = fork_or_fail(nullptr, sleep_for_ever);
    CHECK(child.running());
    CHECK_FALSE(child.reap());
    child.kill(SIGTERM);
    wait_until_ended(child.pid());
    CHECK(process_exists(child.pid()));
    const auto status = child.reap();
    REQUIRE(status);
    CHECK(status->signal == SIGTERM);
    CHECK_FALSE(child.running());
    CHECK_FALSE(process_exists(child.pid()));
    REQUIRE(child.reap());
    CHECK(child.reap()->signal == SIGTERM);
    child.kill(SIGTERM);  // its number may be another's now
}

TEST_CASE("an owner that goes takes the child along and leaves no zombie") {
    pid_t first = 0;
    pid_t second = 0;
    {
        ChildProcess child = fork_or_fail(nullptr, sleep_for_ever);
        first = child.pid();
        ChildProcess moved(std::move(child));
        CHECK(moved.pid() == first);
        CHECK(process_exists(first));
        moved = fork_or_fail(nullptr, sleep_for_ever);
        CHECK_FALSE(process_exists(first));
        second = moved.pid();
        CHECK(process_exists(second));
    }
    CHECK_FALSE(process_exists(second));
}

TEST_CASE("a child's copy of the owner does not end its sibling") {
    ChildProcess sibling = fork_or_fail(nullptr, sleep_for_ever);
    ChildProcess child = fork_or_fail(nullptr, [&sibling] {
        sibling.kill(SIGKILL);
        const ChildProcess copy(std::move(sibling));
        return 0;
    });
    CHECK(ended(child).success());
    CHECK(sibling.running());
    CHECK_FALSE(sibling.reap());
}

TEST_CASE("a child that somebody else waited for has ended all the same") {
    ChildProcess child = fork_or_fail(nullptr, [] { return 0; });
    REQUIRE(waitpid(child.pid(), nullptr, 0) == child.pid());
    const auto status = child.reap();
    REQUIRE(status);
    CHECK_FALSE(status->success());
}

TEST_CASE("a signal that comes at once never runs the parent's handler in the child") {
    static const bool registered = pthread_atfork(nullptr, nullptr, raise_right_after_fork) == 0;
    REQUIRE(registered);
    struct sigaction action{};
    action.sa_handler = [](int) { _exit(5); };
    struct sigaction before{};
    REQUIRE(sigaction(SIGUSR1, &action, &before) == 0);
    signal_right_after_fork = true;
    ChildProcess child = fork_or_fail(nullptr, [] { return 0; });
    signal_right_after_fork = false;
    sigaction(SIGUSR1, &before, nullptr);
    CHECK(ended(child).signal == SIGUSR1);
}

TEST_CASE("a child's name is in the process table") {
    Pipe ready;
    ChildProcess child = fork_or_fail("chat: test", [&ready] {
        ready.writer.reset();
        return sleep_for_ever();
    });
    ready.writer.reset();
    REQUIRE(comes(ready.reader.get()));
    std::ifstream file("/proc/" + std::to_string(child.pid()) + "/comm");
    std::string name;
    std::getline(file, name);
    CHECK(name == "chat: test");
}

TEST_CASE("an exception out of a child's body ends the child, not in the parent's code") {
    ChildProcess child = fork_or_fail(nullptr, []() -> int {
        redirect_to_null({2});
        throw 1;
    });
    CHECK(ended(child).signal == SIGABRT);
}

TEST_CASE("a grandchild dies with its parent, even by SIGKILL") {
    Pipe alive;
    ChildProcess child = fork_or_fail(nullptr, [&alive] {
        alive.reader.reset();
        auto grandchild = ChildProcess::fork(nullptr, [&alive] {
            ignore(SIGTERM);
            const pid_t self = getpid();
            if (::write(alive.writer.get(), &self, sizeof self) != sizeof self) return 1;
            return sleep_for_ever();
        });
        alive.writer.reset();
        return grandchild ? sleep_for_ever() : 1;
    });
    alive.writer.reset();
    pid_t grandchild = 0;
    REQUIRE(comes(alive.reader.get()));
    REQUIRE(::read(alive.reader.get(), &grandchild, sizeof grandchild) == sizeof grandchild);
    CHECK(kill(grandchild, 0) == 0);
    child.kill(SIGKILL);
    // The last writer's end of the pipe closes when the grandchild is gone.
    REQUIRE(comes(alive.reader.get()));
    char byte = 0;
    CHECK(::read(alive.reader.get(), &byte, 1) == 0);
    CHECK(ended(child).signal == SIGKILL);
}

TEST_CASE("closing all descriptors but some") {
    Pipe kept;
    Pipe other;
    ChildProcess child = fork_or_fail(nullptr, [&kept, &other] {
        const int spare = fcntl(kept.writer.get(), F_DUPFD, 200);
        const int keep[] = {spare, 0, kept.writer.get(), -1, spare};
        close_descriptors_except(keep);
        const auto open = [](int fd) { return fcntl(fd, F_GETFD) >= 0; };
        if (!open(kept.writer.get()) || !open(spare) || !open(0) || !open(1) || !open(2)) return 1;
        if (open(kept.reader.get()) || open(other.reader.get())) return 2;
        if (open(other.writer.get()) || open(spare + 1) || open(spare - 1)) return 3;
        return 0;
    });
    CHECK(ended(child).sentence() == "exited with status 0");
}

TEST_CASE("redirecting to /dev/null, also what was closed") {
    ChildProcess child = fork_or_fail(nullptr, [] {
        ::close(0);
        if (!redirect_to_null({0, 1})) return 1;
        char byte = 0;
        if (::read(0, &byte, 1) != 0) return 2;
        if (::write(1, &byte, 1) != 1) return 3;
        // For a program started from here they stay open.
        return fcntl(0, F_GETFD) == 0 && fcntl(1, F_GETFD) == 0 ? 0 : 4;
    });
    CHECK(ended(child).sentence() == "exited with status 0");
}

TEST_CASE("waiting for a child until it has ended or a deadline") {
    Pipe go;
    ChildProcess child = fork_or_fail(nullptr, [&go] {
        go.writer.reset();
        char byte = 0;
        return ::read(go.reader.get(), &byte, 1) == 0 ? 7 : 1;
    });
    go.reader.reset();
    const chat::Instant start = monotonic_now();
    CHECK_FALSE(child.wait_until(start));
    CHECK_FALSE(child.wait_until(start + chat::milliseconds(5)));
    CHECK(monotonic_now() >= start + chat::milliseconds(5));
    CHECK(child.running());
    go.writer.reset();
    CHECK(child.wait_until(monotonic_now() + chat::seconds(20)));
    CHECK_FALSE(child.running());
    REQUIRE(child.reap());
    CHECK(child.reap()->code == 7);
    CHECK(child.wait_until({}));  // a deadline long past changes nothing
}

TEST_CASE("a signal does not cut waiting for a child short") {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    struct sigaction before{};
    REQUIRE(sigaction(SIGUSR1, &action, &before) == 0);
    const pid_t parent = getpid();
    ChildProcess child = fork_or_fail(nullptr, [parent] {
        for (int i = 0; i < 50; ++i) {
            kill(parent, SIGUSR1);
            usleep(100);
        }
        return 0;
    });
    CHECK(child.wait_until(monotonic_now() + chat::seconds(20)));
    sigaction(SIGUSR1, &before, nullptr);
    CHECK(child.reap()->success());
}
