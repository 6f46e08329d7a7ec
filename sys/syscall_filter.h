// SPDX-License-Identifier: MIT
// A list of allowed system calls, put in force by the kernel (seccomp(2)) for this process and
// its children for good. What is not on the list fails with EPERM. Only for sys/sandbox.cpp,
// which has the lists.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <seccomp.h>
#include <vector>

#include "sys/error.h"

namespace chat::sys {

// A condition on the argument with this index (0 the first): the bits in `mask` are `value`.
struct ArgumentRule {
    unsigned index;
    std::uint64_t mask;
    std::uint64_t value;
};

// An int as the kernel sees it: the upper half of the register means nothing.
constexpr ArgumentRule argument_is(unsigned index, int value) {
    return {index, 0xffff'ffff, static_cast<std::uint32_t>(value)};
}
constexpr ArgumentRule argument_lacks(unsigned index, std::uint64_t bits) {
    return {index, bits, 0};
}

class SyscallFilter {
  public:
    SyscallFilter();

    void allow(std::initializer_list<int> calls);
    // One more way to be allowed: all of the conditions, at most one per argument, hold.
    void allow_if(int call, const std::vector<ArgumentRule>& rules);
    // Any value of the argument but this one.
    void allow_unless(int call, unsigned index, int value);
    // Fails with ENOSYS, for calls whose absence the C library knows how to live with.
    void deny_as_missing(int call);

    // False: this kernel has no seccomp. An error: it refused, or an earlier call went wrong.
    Result<bool> load();

  private:
    void note(int negative_errno);

    std::unique_ptr<void, void (*)(scmp_filter_ctx)> context_;
    int first_error_ = 0;
};

}  // namespace chat::sys
