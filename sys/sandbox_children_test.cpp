// SPDX-License-Identifier: MIT
// The narrow sandboxes: a receiver of strangers' bytes, and a keeper of the terminal.
#include <csignal>
#include <cstdlib>
#include <linux/prctl.h>
#include <memory>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "sys/channel.h"
#include "sys/clock.h"
#include "sys/landlock.h"
#include "sys/poll_set.h"
#include "sys/sandbox_test_support.h"
#include "sys/secret_memory.h"
#include "sys/socket_address.h"
#include "sys/terminal_state.h"
#include "sys/udp_socket.h"

using namespace chat;
using namespace chat::sys;
using namespace chat::sys::test;

namespace {

constexpr IpAddress loopback = IpAddress::v4(127, 0, 0, 1);

UdpSocket or_fail(Result<UdpSocket> socket) {
    REQUIRE(socket);
    return std::move(*socket);
}

// What both kinds of child find open, or lying about.
struct Stage {
    TempFolder folder;
    std::string file = folder / "file";
    Descriptor open_file{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    UdpSocket server = or_fail(UdpSocket::bind({loopback, 0}));
    UdpSocket socket = or_fail(UdpSocket::connect(server.local()));
    Channel ours{Descriptor()};
    Channel theirs{Descriptor()};
    Descriptor terminal;
    Descriptor screen;

    Stage() {
        auto pair = Channel::make_pair();
        REQUIRE(pair);
        ours = std::move(pair->first);
        theirs = std::move(pair->second);
        int ends[2];
        REQUIRE(openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr) == 0);
        screen.reset(ends[0]);
        terminal.reset(ends[1]);
        REQUIRE(::write(open_file.get(), "x", 1) == 1);
        REQUIRE(lseek(open_file.get(), 0, SEEK_SET) == 0);
    }

    sockaddr_storage server_address() const {
        sockaddr_storage address{};
        write_socket_address(server.local(), AF_INET, address);
        return address;
    }
};

bool fork_works() {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(0);
    return pid > 0;
}

bool change_modes(int fd) {
    termios modes{};
    // Not tcgetattr first: that is another act.
    return ::ioctl(fd, TCSETS, &modes) == 0;
}

// Never works outside of x86-64, where the convention does not exist.
[[maybe_unused]] bool foreign_call() {
    constexpr long x32_bit = 0x4000'0000;
    return ::syscall(x32_bit | SYS_getpid) != -1;
}

std::vector<Act> files(const Stage& stage) {
    const auto path = stage.file.c_str();
    const int held = stage.open_file.get();
    return {
        {"open for reading", [=] { return opens(path, O_RDONLY); }, false, true},
        {"open for writing", [=] { return opens(path, O_WRONLY); }, false, true},
        {"open /dev/tty", [] { return opens("/dev/tty", O_RDWR); }, false, true},
        {"open by handle", call(SYS_openat2, AT_FDCWD, path, nullptr, 0)},
        {"read another descriptor",
         [=] {
             char c;
             return ::read(held, &c, 1) == 1;
         },
         false, true},
        {"duplicate", [=] { return ::dup2(held, held + 50) >= 0; }},
        {"fcntl", [=] { return ::fcntl(held, F_SETFL, O_ASYNC) == 0; }},
        {"delete", [=] { return ::unlink(path) == 0 && opens(path, O_CREAT | O_RDWR); }},
        {"rename", [=] { return ::rename(path, path) == 0; }},
        {"make a folder", call(SYS_mkdirat, AT_FDCWD, "/", 0700)},
        {"change a mode", [=] { return ::chmod(path, 0600) == 0; }},
        {"truncate", [=] { return ::ftruncate(held, 1) == 0; }},
        {"change the folder", [] { return ::chdir("/") == 0; }},
        {"memory as a file", [] { return ::memfd_create("x", MFD_CLOEXEC) >= 0; }},
    };
}

std::vector<Act> processes() {
    return {
        {"execve", execute},
        {"execveat", call(SYS_execveat, -1, "/bin/true", nullptr, nullptr, 0)},
        {"fork", fork_works},
        {"clone3", call(SYS_clone3, nullptr, 0)},
        {"signal the parent", [] { return ::kill(getppid(), 0) == 0; }},
        {"signal itself", [] { return ::kill(getpid(), 0) == 0; }},
        {"signal a thread of the parent", [] { return ::tgkill(getppid(), getppid(), 0) == 0; }},
        {"a descriptor of the parent", call(SYS_pidfd_open, ::getpid(), 0)},
        {"be traced", [] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }, false, true},
        {"read another's memory",
         call(SYS_process_vm_readv, ::getpid(), nullptr, 0, nullptr, 0, 0)},
        {"executable memory",
         [] {
             return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                           0) != MAP_FAILED;
         }},
        {"memory made executable",
         [] {
             void* const page =
                 ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
             return ::mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
         }},
        {"another personality", call(SYS_personality, 0xffffffff)},
        {"a name", [] { return ::prctl(PR_SET_NAME, "other") == 0; }},
        {"core dumps back", [] { return ::prctl(PR_SET_DUMPABLE, 1) == 0; }, false, true},
        {"another limit", call(SYS_prlimit64, 0, 0, nullptr, nullptr)},
        {"another user", call(SYS_setresuid, -1, -1, -1)},
        {"io_uring", call(SYS_io_uring_setup, 0, nullptr), true},
        {"keys of the kernel", call(SYS_keyctl, 0, 0, 0), true},
        {"bpf", call(SYS_bpf, 0, nullptr, 0), true},
        {"mount", call(SYS_mount, nullptr, nullptr, nullptr, 0, nullptr), true},
        {"a namespace", [] { return ::unshare(CLONE_NEWUSER) == 0; }, true},
        {"a kernel module", call(SYS_finit_module, -1, "", 0), true},
        {"performance counters", call(SYS_perf_event_open, nullptr, 0, 0, 0, 0), true},
        {"user faults", call(SYS_userfaultfd, 0), true},
    };
}

std::vector<Act> new_sockets() {
    return {
        {"a UDP socket", call(SYS_socket, AF_INET, SOCK_DGRAM, 0)},
        {"a TCP socket", call(SYS_socket, AF_INET6, SOCK_STREAM, 0)},
        {"a local socket", call(SYS_socket, AF_UNIX, SOCK_DGRAM, 0)},
        {"a pair of sockets",
         [] {
             int ends[2];
             return ::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0;
         }},
    };
}

std::vector<Act> network(const Stage& stage) {
    const int fd = stage.socket.fd();
    const sockaddr_storage address = stage.server_address();
    const auto with_address = [fd, address](auto&& what) {
        return [=] { return what(fd, reinterpret_cast<const sockaddr*>(&address)); };
    };
    return {
        {"send on the UDP socket", [fd] { return ::send(fd, "x", 1, 0) == 1; }},
        {"write to the UDP socket", [fd] { return ::write(fd, "x", 1) == 1; }},
        {"writev to the UDP socket",
         [fd] {
             char byte = 'x';
             const iovec vector{&byte, 1};
             return ::writev(fd, &vector, 1) == 1;
         }},
        {"sendto", with_address([](int socket, const sockaddr* peer) {
             return ::sendto(socket, "x", 1, 0, peer, sizeof(sockaddr_in)) == 1;
         })},
        {"sendmsg",
         [fd] {
             const msghdr empty{};
             return ::sendmsg(fd, &empty, 0) == 0;
         }},
        {"sendmmsg",
         [fd] {
             mmsghdr empty{};
             return ::sendmmsg(fd, &empty, 1, 0) == 1;
         }},
        {"connect", with_address([](int socket, const sockaddr* peer) {
             return ::connect(socket, peer, sizeof(sockaddr_in)) == 0;
         })},
        {"bind", call(SYS_bind, fd, nullptr, 0)},
        {"listen", call(SYS_listen, fd, 1)},
        {"accept", call(SYS_accept4, fd, nullptr, nullptr, 0)},
        {"a socket option",
         [fd] {
             const int size = 4096;
             return ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0;
         }},
    };
}

std::vector<Act> others_terminal(const Stage& stage) {
    const int fd = stage.terminal.get();
    return {
        {"ask for the terminal's modes",
         [fd] {
             termios modes;
             return ::tcgetattr(fd, &modes) == 0;
         }},
        {"set the terminal's modes", [fd] { return change_modes(fd); }},
        {"type into the terminal", [fd] { return ::ioctl(fd, TIOCSTI, "x") == 0; }, true},
        {"take the terminal over", [fd] { return ::ioctl(fd, TIOCSCTTY, 0) == 0; }, true},
    };
}

}  // namespace

TEST_CASE("a receiver can neither open, send, execute, fork, signal nor touch the terminal") {
    Stage stage;
    const Enter enter = [&stage] {
        return enter_receiver_sandbox(stage.socket.fd(), stage.theirs.fd());
    };
    check_denied(enter, files(stage));
    check_denied(enter, processes());
    check_denied(enter, new_sockets());
    check_denied(enter, network(stage));
    check_denied(enter, others_terminal(stage));
    const Act write_elsewhere[] = {
        {"write to a file", [&] { return ::write(stage.open_file.get(), "x", 1) == 1; }, false,
         true},
        {"sendmsg on the channel",
         [&] {
             const msghdr empty{};
             return ::sendmsg(stage.theirs.fd(), &empty, 0) == 0;
         }},
    };
    check_denied(enter, write_elsewhere);
#ifdef __x86_64__
    const Act foreign[] = {{"by the x32 convention", foreign_call}};
    check_denied(enter, foreign);
#endif
}

TEST_CASE("a receiver receives, and tells the terminal process") {
    Stage stage;
    const Path path{stage.socket.local(), {}};
    const Enter enter = [&stage] {
        return enter_receiver_sandbox(stage.socket.fd(), stage.theirs.fd());
    };
    const auto datagram = [&stage, path] {
        const sockaddr_storage to = [&] {
            sockaddr_storage address{};
            write_socket_address(path.peer, AF_INET, address);
            return address;
        }();
        REQUIRE(::sendto(stage.server.fd(), "hi", 2, 0, reinterpret_cast<const sockaddr*>(&to),
                         sizeof(sockaddr_in)) == 2);
        REQUIRE(comes(stage.socket.fd()));
    };
    const Act receives[] = {{"receive", [&stage] {
                                 ReceiveBatch batch(4, 100);
                                 const auto got = stage.socket.receive(batch);
                                 return got && got->size() == 1 && text((*got)[0].bytes) == "hi";
                             }}};
    datagram();
    check_allowed(enter, receives);

    const Act others[] = {
        {"hand over a frame", [&] { return stage.theirs.send(bytes("event")); }},
        {"write to the channel", [&] { return ::write(stage.theirs.fd(), "event", 5) == 5; }},
        {"look for a frame",
         [&] {
             std::span<const std::byte> frame;
             return stage.theirs.receive(frame) == ReceiveStatus::empty;
         }},
        {"wait",
         [&] {
             PollSet poll;
             poll.add(stage.theirs.fd(), true);
             poll.add(stage.socket.fd(), true);
             const Instant now = monotonic_now();
             return poll.wait(now + milliseconds(1), now).has_value();
         }},
        {"memory, small and large",
         [] {
             for (const std::size_t size : {100UZ, 10'000'000UZ}) {
                 const auto piece = std::make_unique<char[]>(size);
                 if (piece[size - 1] != 0) return false;
             }
             return true;
         }},
        {"memory for keys",
         [] {
             SecretMemory memory;
             void* const piece = memory.allocate(32);
             memory.deallocate(piece, 32);
             return true;
         }},
        {"random numbers",
         [] {
             char bytes[16];
             return ::getentropy(bytes, sizeof bytes) == 0;
         }},
        {"ignore a signal", [] { return ::signal(SIGUSR1, SIG_IGN) != SIG_ERR; }},
        {"close", [&] { return ::close(stage.open_file.get()) == 0; }},
    };
    check_allowed(enter, others);
    for (int i = 0; i < 2; ++i) {
        std::span<const std::byte> frame;
        REQUIRE(stage.ours.receive(frame) == ReceiveStatus::frame);
        CHECK(text(frame) == "event");
    }
}

TEST_CASE("a receiver that fails an assertion ends by the signal that says so") {
    Stage stage;
    auto child = ChildProcess::fork(nullptr, [&stage]() -> int {
        if (!enter_receiver_sandbox(stage.socket.fd(), stage.theirs.fd())) return 1;
        std::abort();
    });
    REQUIRE(child);
    wait_until_ended(child->pid());
    CHECK(child->reap()->signal == SIGABRT);
}

TEST_CASE("a keeper has the terminal and its channel, and nothing else") {
    Stage stage;
    const Enter enter = [&stage] {
        return enter_keeper_sandbox(stage.theirs.fd(), stage.terminal.get(), stage.screen.get());
    };
    check_denied(enter, files(stage));
    check_denied(enter, processes());
    check_denied(enter, new_sockets());
    // write() to any descriptor is what a sanitizer's report needs.
    std::vector<Act> sending = network(stage);
    sending[1].sanitizers_do_it = true;
    check_denied(enter, sending);
    const int terminal = stage.terminal.get();
    const int screen = stage.screen.get();
    const Act denied[] = {
        {"type into the terminal", [=] { return ::ioctl(terminal, TIOCSTI, "x") == 0; }, true},
        {"take the terminal over", [=] { return ::ioctl(terminal, TIOCSCTTY, 0) == 0; }, true},
        {"set another terminal's modes", [=] { return change_modes(screen); }},
        {"receive from the network",
         [&] {
             char c;
             return ::recv(stage.socket.fd(), &c, 1, MSG_DONTWAIT) >= 0;
         }},
        {"talk on the channel", [&] { return ::send(stage.theirs.fd(), "x", 1, 0) == 1; }},
        {"write to a file", [&] { return ::write(stage.open_file.get(), "x", 1) == 1; }, false,
         true},
    };
    check_denied(enter, denied);

    const Act allowed[] = {
        {"set the modes",
         [=] {
             auto modes = TerminalState::of(terminal);
             if (!modes) return false;
             termios raw = modes->modes();
             cfmakeraw(&raw);
             return ::tcsetattr(terminal, TCSANOW, &raw) == 0 && modes->restore();
         }},
        {"write to the screen", [=] { return ::write(screen, "x", 1) == 1; }},
        {"hear the channel",
         [&] {
             std::span<const std::byte> frame;
             return stage.theirs.receive(frame) == ReceiveStatus::empty;
         }},
    };
    check_allowed(enter, allowed);
}

TEST_CASE("a sandbox says what is in force") {
    Stage stage;
    auto child = ChildProcess::fork(nullptr, [&stage] {
        const int abi = landlock_abi();
        const auto report = enter_receiver_sandbox(stage.socket.fd(), stage.theirs.fd());
        if (!report || report->landlock_abi != abi) return 1;
        if (report->landlock != (abi > 0 && !sandbox_is_lax)) return 2;
        return report->seccomp ? 0 : 3;
    });
    REQUIRE(child);
    wait_until_ended(child->pid());
    CHECK(child->reap()->code == 0);
}
