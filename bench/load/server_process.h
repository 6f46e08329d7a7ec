// SPDX-License-Identifier: MIT
// The server under test: started on its own core (or found by its PID), ended with the run, and
// what it uses (process_figures.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>

namespace chat::load {

void pin_to_core(int core);
// Until a TCP server on 127.0.0.1 takes connections; ends the program if it never does.
void wait_for_listener(std::uint16_t port);

class ServerProcess {
  public:
    // Runs it with a shell, and waits for the first line that it prints if `says_port`.
    // core < 0: wherever the kernel likes.
    static ServerProcess start(const std::string& command, int core, bool says_port);
    // A server that is part of this program: `body` gets a descriptor to write its first line to.
    static ServerProcess fork(const std::function<void(int)>& body, int core);
    static ServerProcess attach(pid_t pid) { return ServerProcess(pid, false); }
    ServerProcess(ServerProcess&& other) noexcept;
    ServerProcess& operator=(ServerProcess&& other) noexcept;
    ~ServerProcess() { stop(); }

    pid_t pid() const { return pid_; }
    // What stands behind "listening on HOST:" and " key ".
    std::uint16_t port() const { return port_; }
    const std::string& fingerprint() const { return fingerprint_; }

    double cpu_s() const;
    std::uint64_t rss_kib() const;
    std::uint64_t rss_peak_kib() const;
    void kill();  // at once, without a farewell
    void stop();

  private:
    ServerProcess(pid_t pid, bool ours) : pid_(pid), ours_(ours) {}
    void read_first_line(int from);

    pid_t pid_;
    bool ours_;
    std::uint16_t port_ = 0;
    std::string fingerprint_;
};

}  // namespace chat::load
