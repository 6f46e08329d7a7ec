// SPDX-License-Identifier: MIT
// What processes use, read from /proc: CPU time of all their threads (schedstat, nanoseconds),
// memory, and datagrams that sockets dropped for want of room. A process that is gone has used
// nothing.
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace chat::load {

struct SocketDrops {
    std::uint64_t server = 0;
    std::uint64_t members = 0;
};
// Of UDP sockets on this port and of those connected to it.
SocketDrops socket_drops(std::uint16_t server_port);

// Of this process, all threads.
double own_cpu_s();
// Of a process and its children, and theirs.
double family_cpu_s(pid_t pid);
std::uint64_t rss_kib(pid_t pid);
std::uint64_t rss_peak_kib(pid_t pid);

}  // namespace chat::load
