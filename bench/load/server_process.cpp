// SPDX-License-Identifier: MIT
#include "bench/load/server_process.h"

#include <charconv>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "bench/load/fail.h"
#include "bench/load/process_figures.h"
#include "sys/descriptor.h"

namespace chat::load {
namespace {

constexpr int start_patience_ms = 20'000;
constexpr int stop_patience_ms = 5000;

// Whoever ends the program early leaves no server behind. (Its parent's death is no signal any more
// to a server that has changed its user.)
pid_t started = -1;
void kill_started() {
    if (started > 0) ::kill(started, SIGKILL);
}

}  // namespace

void pin_to_core(int core) {
    if (core < 0) return;
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(static_cast<unsigned>(core), &cores);
    if (sched_setaffinity(0, sizeof cores, &cores) != 0) fail("choose a core");
}

void wait_for_listener(std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    for (int waited = 0; waited < start_patience_ms; waited += 20) {
        const sys::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (!fd) fail("open a socket");
        if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return;
        poll(nullptr, 0, 20);
    }
    fail("reach the server");
}

ServerProcess ServerProcess::fork(const std::function<void(int)>& body, int core) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail("make a pipe");
    const pid_t parent = getpid();
    const pid_t pid = ::fork();
    if (pid < 0) fail("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(1);
        pin_to_core(core);
        ::close(ends[0]);
        body(ends[1]);
        _exit(0);
    }
    ::close(ends[1]);
    static const int registered = std::atexit(kill_started);
    if (registered != 0) fail("promise to end the server");
    started = pid;
    ServerProcess server(pid, true);
    server.read_first_line(ends[0]);
    ::close(ends[0]);
    return server;
}

ServerProcess ServerProcess::start(const std::string& command, int core, bool says_port) {
    const std::string line = "exec " + command;
    return fork(
        [&](int out) {
            const int null = ::open("/dev/null", O_RDWR);
            dup2(null, STDIN_FILENO);
            // Who waits for a line of a server that prints none would wait for ever.
            if (!says_port && ::write(out, "\n", 1) != 1) _exit(1);
            dup2(says_port ? out : null, STDOUT_FILENO);
            execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
        },
        core);
}

void ServerProcess::read_first_line(int from) {
    std::string line;
    while (!line.ends_with('\n')) {
        pollfd wait{from, POLLIN, 0};
        char byte = 0;
        if (poll(&wait, 1, start_patience_ms) <= 0 || ::read(from, &byte, 1) != 1) {
            std::fprintf(stderr, "chat-load: the server did not start\n");
            std::exit(EX_UNAVAILABLE);
        }
        line += byte;
    }
    const std::size_t key = line.find(" key ");
    if (key != std::string::npos) {
        fingerprint_ = line.substr(key + 5, line.size() - key - 6);
    }
    const std::size_t colon = line.rfind(':', key);
    if (colon == std::string::npos) return;
    std::from_chars(line.data() + colon + 1, line.data() + line.size(), port_);
}

ServerProcess::ServerProcess(ServerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      ours_(std::exchange(other.ours_, false)),
      port_(other.port_),
      fingerprint_(std::move(other.fingerprint_)) {}

ServerProcess& ServerProcess::operator=(ServerProcess&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(ours_, other.ours_);
    std::swap(port_, other.port_);
    std::swap(fingerprint_, other.fingerprint_);
    return *this;
}

double ServerProcess::cpu_s() const {
    return family_cpu_s(pid_);
}

std::uint64_t ServerProcess::rss_kib() const {
    return load::rss_kib(pid_);
}

std::uint64_t ServerProcess::rss_peak_kib() const {
    return load::rss_peak_kib(pid_);
}

void ServerProcess::kill() {
    if (!ours_) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    ours_ = false;
    started = -1;
}

void ServerProcess::stop() {
    if (!ours_) return;
    ::kill(pid_, SIGTERM);
    for (int waited = 0; waited < stop_patience_ms; waited += 20) {
        if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
            ours_ = false;
            started = -1;
            return;
        }
        poll(nullptr, 0, 20);
    }
    kill();
}

}  // namespace chat::load
