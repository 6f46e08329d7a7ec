// SPDX-License-Identifier: MIT
// What the tests of sandboxes share: acts, each tried in a child of its own that has entered the
// sandbox, and in one that has not, so that no test passes because the act can't work anyway. For
// tests only.
#pragma once

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <span>
#include <string>
#include <unistd.h>

#include "sys/child_process.h"
#include "sys/descriptor.h"
#include "sys/sandbox.h"
#include "sys/test_support.h"

namespace chat::sys::test {

using Enter = std::function<Result<SandboxReport>()>;

struct Act {
    const char* name;
    std::function<bool()> run;  // false: refused, with errno
    // Outside it may be refused with EPERM too (for want of root, or by a container).
    bool needs_privilege = false;
    // Allowed where sandbox_is_lax.
    bool sanitizers_do_it = false;
};

constexpr int could_not_enter = 250;
constexpr int failed_without_errno = 251;

// 0, or errno, or one of the two above.
inline int outcome(const Enter& enter, const Act& act) {
    auto child = ChildProcess::fork(nullptr, [&] {
        if (enter && !enter()) return could_not_enter;
        errno = 0;
        if (act.run()) return 0;
        return errno != 0 ? errno : failed_without_errno;
    });
    REQUIRE(child);
    wait_until_ended(child->pid());
    const auto status = child->reap();
    REQUIRE(status);
    INFO(act.name << " " << status->sentence());
    REQUIRE(status->signal == 0);
    return status->code;
}

inline void check_denied(const Enter& enter, std::span<const Act> acts, int code = EPERM) {
    for (const Act& act : acts) {
        if (act.sanitizers_do_it && sandbox_is_lax) continue;
        INFO(act.name);
        const int inside = outcome(enter, act);
        CHECK(inside == code);
        const int outside = outcome({}, act);
        CHECK((outside != code || act.needs_privilege));
    }
}

inline void check_allowed(const Enter& enter, std::span<const Act> acts) {
    for (const Act& act : acts) {
        const int inside = outcome(enter, act);
        INFO(act.name << ": " << std::strerror(inside));
        CHECK(inside == 0);
    }
}

template <class... Arguments>
std::function<bool()> call(long number, Arguments... arguments) {
    return [=] { return ::syscall(number, arguments...) != -1; };
}

inline bool execute() {
    char name[] = "true";
    char* arguments[] = {name, nullptr};
    ::execv("/bin/true", arguments);
    return false;
}

// True if something could be opened.
inline bool opens(const std::string& path, int flags) {
    return Descriptor(::open(path.c_str(), flags | O_CLOEXEC, 0600)).get() >= 0;
}

}  // namespace chat::sys::test
