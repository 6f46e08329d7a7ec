// SPDX-License-Identifier: MIT
#include "bench/load/process_figures.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace chat::load {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
    std::ifstream file(path);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
}

// Itself first.
std::vector<pid_t> family(pid_t pid) {
    std::vector<pid_t> all{pid};
    for (std::size_t i = 0; i < all.size(); ++i) {
        std::error_code none;
        const fs::path tasks = "/proc/" + std::to_string(all[i]) + "/task";
        for (const auto& task : fs::directory_iterator(tasks, none)) {
            std::istringstream children(contents(task.path() / "children"));
            for (pid_t child = 0; children >> child;)
                all.push_back(child);
        }
    }
    return all;
}

double cpu_s_of(pid_t pid) {
    std::uint64_t sum_ns = 0;
    std::error_code none;
    const fs::path tasks = "/proc/" + std::to_string(pid) + "/task";
    for (const auto& task : fs::directory_iterator(tasks, none)) {
        std::istringstream line(contents(task.path() / "schedstat"));
        std::uint64_t ns = 0;
        line >> ns;
        sum_ns += ns;
    }
    return static_cast<double>(sum_ns) / 1e9;
}

std::uint64_t status_kib(pid_t pid, const std::string& key) {
    std::istringstream lines(contents("/proc/" + std::to_string(pid) + "/status"));
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(key)) return std::strtoull(line.c_str() + key.size(), nullptr, 10);
    }
    return 0;
}

// "0100007F:1F90"
unsigned long port_in(const std::string& address) {
    return std::strtoul(address.substr(address.find(':') + 1).c_str(), nullptr, 16);
}

}  // namespace

SocketDrops socket_drops(std::uint16_t server_port) {
    SocketDrops drops;
    for (const char* file : {"/proc/net/udp", "/proc/net/udp6"}) {
        std::istringstream lines(contents(file));
        std::string line;
        std::getline(lines, line);
        while (std::getline(lines, line)) {
            std::istringstream fields(line);
            std::string slot, local, remote, last;
            fields >> slot >> local >> remote;
            for (std::string field; fields >> field;)
                last = field;
            const std::uint64_t count = std::strtoull(last.c_str(), nullptr, 10);
            if (port_in(local) == server_port) drops.server += count;
            if (port_in(remote) == server_port) drops.members += count;
        }
    }
    return drops;
}

double own_cpu_s() {
    return cpu_s_of(getpid());
}

double family_cpu_s(pid_t pid) {
    double sum = 0;
    for (const pid_t each : family(pid))
        sum += cpu_s_of(each);
    return sum;
}

std::uint64_t rss_kib(pid_t pid) {
    return status_kib(pid, "VmRSS:");
}

std::uint64_t rss_peak_kib(pid_t pid) {
    return status_kib(pid, "VmHWM:");
}

}  // namespace chat::load
