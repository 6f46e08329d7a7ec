// SPDX-License-Identifier: MIT
// Between our Endpoint, which keeps IPv4 as mapped IPv6, and the kernel's socket addresses, which
// depend on the socket's family; and their text for people. Parsing text is sys/resolve.h.
#pragma once

#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>

#include "proto/wire/endpoint.h"

namespace chat::sys {

// The family of a socket that serves this endpoint: AF_INET for a mapped address, else AF_INET6.
int family_of(const Endpoint& endpoint);

// Writes `endpoint` for a socket of `family` (AF_INET or AF_INET6) and returns the length; 0 when
// an AF_INET socket can't reach it. On an AF_INET6 socket IPv4 stays mapped.
socklen_t write_socket_address(const Endpoint& endpoint, int family, sockaddr_storage& out);

// Empty when the address is neither IPv4 nor IPv6.
std::optional<Endpoint> to_endpoint(const sockaddr_storage& address);

in_addr to_in_addr(const IpAddress& mapped);  // the address must be IPv4
in6_addr to_in6_addr(const IpAddress& ip);
IpAddress to_ip_address(const in_addr& v4);
IpAddress to_ip_address(const in6_addr& v6);

// "127.0.0.1", "::1"; never the mapped form.
std::string to_string(const IpAddress& ip);
// "127.0.0.1:8888", "[::1]:8888", "[fe80::1%eth0]:8888".
std::string to_string(const Endpoint& endpoint);

}  // namespace chat::sys
