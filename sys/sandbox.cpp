// SPDX-License-Identifier: MIT
#include "sys/sandbox.h"

#include <asm/termbits.h>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/landlock.h"
#include "sys/process_hardening.h"
#include "sys/syscall_filter.h"

namespace chat::sys {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
const bool sandbox_is_lax = true;
#elif defined(__has_feature)
const bool sandbox_is_lax = __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||
                            __has_feature(thread_sanitizer);
#else
const bool sandbox_is_lax = false;
#endif

namespace {

constexpr std::uint64_t every_bit = ~std::uint64_t{0};
constexpr std::uint64_t socket_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
constexpr std::uint64_t new_namespaces = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET |
                                         CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS;

constexpr ArgumentRule socket_type_is(int type) {
    return {1, 0xffff'ffff & ~socket_flags, static_cast<std::uint64_t>(type)};
}

// What every program does that only computes and waits; the C library makes some of these calls
// on its own. No memory that can be executed.
void allow_computing(SyscallFilter& filter) {
    filter.allow({SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
                  SCMP_SYS(mlock), SCMP_SYS(mlock2), SCMP_SYS(munlock), SCMP_SYS(getrandom)});
    filter.allow({SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday),
                  SCMP_SYS(time), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
                  SCMP_SYS(restart_syscall)});
    filter.allow({SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(futex), SCMP_SYS(sched_yield),
                  SCMP_SYS(membarrier), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
                  SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigpending), SCMP_SYS(sigaltstack)});
    filter.allow({SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(close),
                  SCMP_SYS(exit), SCMP_SYS(exit_group)});
    filter.allow_if(SCMP_SYS(mmap), {argument_lacks(2, PROT_EXEC)});
    filter.allow_if(SCMP_SYS(mprotect), {argument_lacks(2, PROT_EXEC)});
    filter.allow_if(SCMP_SYS(tgkill), {argument_is(0, getpid())});  // abort()
}

// What a sanitizer does to write its report, into a file of its own, and to look for leaks: a
// thread of its own traces the others. Whether an address is mapped it finds out by a pipe.
void allow_sanitizer(SyscallFilter& filter) {
    if (!sandbox_is_lax) return;
    filter.allow({SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(read), SCMP_SYS(pread64),
                  SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(stat), SCMP_SYS(newfstatat),
                  SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents),
                  SCMP_SYS(getdents64), SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(ptrace),
                  SCMP_SYS(wait4), SCMP_SYS(sched_getaffinity), SCMP_SYS(sysinfo),
                  SCMP_SYS(getrlimit)});
    for (const int option : {PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_SET_PTRACER}) {
        filter.allow_if(SCMP_SYS(prctl), {argument_is(0, option)});
    }
}

void allow_reading(SyscallFilter& filter, int fd) {
    for (const int call :
         {SCMP_SYS(read), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg)}) {
        filter.allow_if(call, {argument_is(0, fd)});
    }
}

// sendto without an address is what send() is. sendmsg could pass an address, or descriptors.
void allow_sending(SyscallFilter& filter, int fd) {
    filter.allow_if(SCMP_SYS(write), {argument_is(0, fd)});
    filter.allow_if(SCMP_SYS(sendto), {argument_is(0, fd), {4, every_bit, 0}});
}

// Files: which ones is for Landlock to say.
void allow_files(SyscallFilter& filter) {
    filter.allow({SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(read), SCMP_SYS(readv),
                  SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pwrite64),
                  SCMP_SYS(lseek), SCMP_SYS(getdents64)});
    filter.allow({SCMP_SYS(fstat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat),
                  SCMP_SYS(statx), SCMP_SYS(fstatfs), SCMP_SYS(access), SCMP_SYS(faccessat),
                  SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
                  SCMP_SYS(umask)});
    filter.allow({SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
                  SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(unlink),
                  SCMP_SYS(unlinkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir)});
}

void allow_sockets(SyscallFilter& filter) {
    filter.allow({SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom),
                  SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(getsockname),
                  SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
                  SCMP_SYS(shutdown)});
}

// Forking, the children's first steps (ours narrow their rights further), signals to them.
void allow_children(SyscallFilter& filter) {
    filter.allow_if(SCMP_SYS(clone), {argument_lacks(0, new_namespaces)});
    // Its flags lie in memory, where no filter sees them; the C library then uses clone.
    filter.deny_as_missing(SCMP_SYS(clone3));
    filter.allow({SCMP_SYS(wait4), SCMP_SYS(waitid), SCMP_SYS(pidfd_open), SCMP_SYS(kill),
                  SCMP_SYS(tgkill), SCMP_SYS(setpgid), SCMP_SYS(getpgid), SCMP_SYS(getpgrp),
                  SCMP_SYS(set_robust_list), SCMP_SYS(set_tid_address), SCMP_SYS(rseq)});
    filter.allow({SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(close_range),
                  SCMP_SYS(fcntl), SCMP_SYS(pipe2), SCMP_SYS(signalfd4), SCMP_SYS(pause),
                  SCMP_SYS(rt_sigsuspend), SCMP_SYS(rt_sigtimedwait)});
    filter.allow_if(SCMP_SYS(socketpair),
                    {argument_is(0, AF_UNIX), socket_type_is(SOCK_SEQPACKET)});
    filter.allow({SCMP_SYS(landlock_create_ruleset), SCMP_SYS(landlock_add_rule),
                  SCMP_SYS(landlock_restrict_self), SCMP_SYS(seccomp)});
    filter.allow_if(SCMP_SYS(prlimit64), {argument_is(0, 0)});
    for (const int option :
         {PR_SET_PDEATHSIG, PR_SET_NAME, PR_GET_NAME, PR_SET_NO_NEW_PRIVS, PR_GET_SECCOMP}) {
        filter.allow_if(SCMP_SYS(prctl), {argument_is(0, option)});
    }
    filter.allow_if(SCMP_SYS(prctl), {argument_is(0, PR_SET_DUMPABLE), argument_is(1, 0)});
}

// Questions about the process and the machine, all harmless.
void allow_questions(SyscallFilter& filter) {
    filter.allow({SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
                  SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrusage), SCMP_SYS(times),
                  SCMP_SYS(getrlimit), SCMP_SYS(sched_getaffinity)});
}

// Not TIOCSTI and its like, which put words into the user's mouth.
constexpr std::uint64_t mode_requests[] = {TCGETS,  TCSETS,  TCSETSW,  TCSETSF,
                                           TCGETS2, TCSETS2, TCSETSW2, TCSETSF2};
constexpr std::uint64_t screen_requests[] = {TIOCGWINSZ, TIOCGPGRP, TCFLSH, TCSBRK, FIONREAD};

constexpr ArgumentRule request_is(std::uint64_t request) {
    return {1, 0xffff'ffff, request};
}

Result<SandboxReport> enter(SyscallFilter& filter, const FileAccess& files, Isolation isolation) {
    allow_sanitizer(filter);
    SandboxReport report;
    report.landlock_abi = landlock_abi();
    if (report.landlock_abi > 0 && !sandbox_is_lax) {
        const auto done = restrict_files(files, isolation);
        if (!done) return std::unexpected(done.error());
        report.landlock = true;
    }
    if (const auto done = forbid_new_privileges(); !done) return std::unexpected(done.error());
    const auto loaded = filter.load();
    if (!loaded) return std::unexpected(loaded.error());
    report.seccomp = *loaded;
    return report;
}

}  // namespace

FileAccess system_files() {
    FileAccess files{{"/dev/null"},
                     {"/etc/localtime", "/usr/share/zoneinfo", "/etc/terminfo", "/lib/terminfo",
                      "/usr/share/terminfo", "/usr/lib/locale", "/usr/share/locale"}};
    for (const char* variable : {"TZDIR", "TERMINFO"}) {
        const char* const path = std::getenv(variable);
        if (path != nullptr && *path == '/') files.readable.emplace_back(path);
    }
    return files;
}

Result<SandboxReport> enter_receiver_sandbox(int socket_fd, int channel_fd) {
    SyscallFilter filter;
    allow_computing(filter);
    allow_reading(filter, socket_fd);
    allow_reading(filter, channel_fd);
    allow_sending(filter, channel_fd);
    // A report goes to a descriptor of its own.
    if (sandbox_is_lax) filter.allow_unless(SCMP_SYS(write), 0, socket_fd);
    return enter(filter, {}, Isolation::everything);
}

Result<SandboxReport> enter_keeper_sandbox(int channel_fd, int terminal_fd, int screen_fd) {
    SyscallFilter filter;
    allow_computing(filter);
    allow_reading(filter, channel_fd);
    for (const std::uint64_t request : mode_requests) {
        filter.allow_if(SCMP_SYS(ioctl), {argument_is(0, terminal_fd), request_is(request)});
    }
    filter.allow_if(SCMP_SYS(write), {argument_is(0, screen_fd)});
    if (sandbox_is_lax) filter.allow({SCMP_SYS(write)});
    return enter(filter, {}, Isolation::everything);
}

Result<SandboxReport> enter_terminal_sandbox(const FileAccess& files) {
    SyscallFilter filter;
    allow_computing(filter);
    allow_files(filter);
    allow_sockets(filter);
    allow_children(filter);
    allow_questions(filter);
    for (const int family : {AF_INET, AF_INET6}) {
        for (const int protocol : {0, static_cast<int>(IPPROTO_UDP)}) {
            filter.allow_if(SCMP_SYS(socket), {argument_is(0, family), socket_type_is(SOCK_DGRAM),
                                               argument_is(2, protocol)});
        }
    }
    filter.allow({SCMP_SYS(connect), SCMP_SYS(select), SCMP_SYS(pselect6)});
    for (const std::uint64_t request : mode_requests)
        filter.allow_if(SCMP_SYS(ioctl), {request_is(request)});
    for (const std::uint64_t request : screen_requests)
        filter.allow_if(SCMP_SYS(ioctl), {request_is(request)});
    return enter(filter, files, Isolation::files);
}

Result<SandboxReport> enter_network_sandbox(const FileAccess& files) {
    SyscallFilter filter;
    allow_computing(filter);
    allow_files(filter);
    allow_sockets(filter);
    allow_children(filter);
    allow_questions(filter);
    // The service manager is told by datagrams over such a socket.
    filter.allow_if(SCMP_SYS(socket), {argument_is(0, AF_UNIX), socket_type_is(SOCK_DGRAM)});
    filter.allow({SCMP_SYS(accept), SCMP_SYS(accept4)});
    filter.allow_if(SCMP_SYS(ioctl), {request_is(TCGETS)});  // isatty(), asked by stdio
    return enter(filter, files, Isolation::files);
}

}  // namespace chat::sys
