// SPDX-License-Identifier: MIT
#include "sys/syscall_filter.h"

#include <cerrno>
#include <sys/prctl.h>

namespace chat::sys {

SyscallFilter::SyscallFilter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release) {
    // Calls by the machine's other conventions (32 bits, x32) come with other numbers.
    note(!context_
             ? -ENOMEM
             : seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM)));
}

void SyscallFilter::note(int negative_errno) {
    if (first_error_ == 0) first_error_ = -negative_errno;
}

void SyscallFilter::allow(std::initializer_list<int> calls) {
    for (const int call : calls)
        allow_if(call, {});
}

void SyscallFilter::allow_if(int call, const std::vector<ArgumentRule>& rules) {
    if (!context_) return;
    std::vector<scmp_arg_cmp> conditions;
    for (const ArgumentRule& rule : rules) {
        conditions.push_back({rule.index, SCMP_CMP_MASKED_EQ, rule.mask, rule.value});
    }
    note(seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, call,
                                static_cast<unsigned>(conditions.size()), conditions.data()));
}

void SyscallFilter::allow_unless(int call, unsigned index, int value) {
    if (!context_) return;
    const scmp_arg_cmp condition{index, SCMP_CMP_NE, static_cast<std::uint32_t>(value), 0};
    note(seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, call, 1, &condition));
}

void SyscallFilter::deny_as_missing(int call) {
    if (!context_) return;
    note(seccomp_rule_add_array(context_.get(), SCMP_ACT_ERRNO(ENOSYS), call, 0, nullptr));
}

Result<bool> SyscallFilter::load() {
    // EINVAL is this question's answer on a kernel built without it.
    if (prctl(PR_GET_SECCOMP) < 0 && errno == EINVAL) return false;
    if (first_error_ == 0) note(seccomp_load(context_.get()));
    if (first_error_ != 0) return os_error(first_error_, "give up system calls");
    return true;
}

}  // namespace chat::sys
