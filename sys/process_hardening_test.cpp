// SPDX-License-Identifier: MIT
#include "sys/process_hardening.h"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sys/child_process.h"
#include "sys/test_support.h"

using namespace chat::sys;
using namespace chat::sys::test;

namespace {

int code_of(const std::function<int()>& body) {
    auto child = ChildProcess::fork(nullptr, body);
    REQUIRE(child);
    wait_until_ended(child->pid());
    CHECK(child->reap()->signal == 0);
    return child->reap()->code;
}

int without_core_dumps() {
    rlimit limit{};
    if (getrlimit(RLIMIT_CORE, &limit) != 0) return 1;
    if (limit.rlim_cur != 0 || limit.rlim_max != 0) return 2;
    return prctl(PR_GET_DUMPABLE) == 0 ? 0 : 3;
}

}  // namespace

TEST_CASE("core dumps are forbidden to a process and its children") {
    CHECK(code_of([] {
              if (prctl(PR_GET_DUMPABLE) != 1) return 10;
              if (!forbid_core_dumps()) return 11;
              if (const int code = without_core_dumps()) return code;
              auto child = ChildProcess::fork(nullptr, without_core_dumps);
              if (!child) return 12;
              wait_until_ended(child->pid());
              return child->reap()->success() ? 0 : 13;
          }) == 0);
}

TEST_CASE("without core dumps a process that is not root still sees its own descriptors") {
    CHECK(code_of([] {
              if (::geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return 1;
              if (!forbid_core_dumps()) return 2;
              const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
              const std::string link = "/proc/self/fd/" + std::to_string(null);
              std::error_code error;
              if (!std::filesystem::is_symlink(link, error)) return 3;
              return ::open(link.c_str(), O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 4;
          }) == 0);
}

TEST_CASE("without core dumps a child still dies with its parent") {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    auto child = ChildProcess::fork(nullptr, [] {
        if (!forbid_core_dumps()) return 1;
        auto grandchild = ChildProcess::fork(nullptr, []() -> int {
            for (;;)
                ::pause();
        });
        return ::kill(getpid(), SIGKILL);
    });
    REQUIRE(child);
    ::close(ends[1]);
    REQUIRE(comes(ends[0], POLLIN));
    char byte = 0;
    CHECK(::read(ends[0], &byte, 1) == 0);
    ::close(ends[0]);
    wait_until_ended(child->pid());
    CHECK(child->reap()->signal == SIGKILL);
}

TEST_CASE("new privileges are forbidden") {
    CHECK(code_of([] {
              if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0) return 10;
              if (!forbid_new_privileges()) return 11;
              return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 12;
          }) == 0);
}
