// SPDX-License-Identifier: MIT
#include "sys/socket_address.h"

#include <arpa/inet.h>
#include <bit>
#include <cassert>
#include <cstring>
#include <fmt/format.h>
#include <net/if.h>

namespace chat::sys {

int family_of(const Endpoint& endpoint) {
    return endpoint.ip.is_v4() ? AF_INET : AF_INET6;
}

socklen_t write_socket_address(const Endpoint& endpoint, int family, sockaddr_storage& out) {
    if (family == AF_INET) {
        if (!endpoint.ip.is_v4()) return 0;
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(endpoint.port);
        address.sin_addr = to_in_addr(endpoint.ip);
        std::memcpy(&out, &address, sizeof address);
        return sizeof address;
    }
    assert(family == AF_INET6);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    address.sin6_addr = to_in6_addr(endpoint.ip);
    address.sin6_scope_id = endpoint.scope;
    std::memcpy(&out, &address, sizeof address);
    return sizeof address;
}

std::optional<Endpoint> to_endpoint(const sockaddr_storage& address) {
    if (address.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        return Endpoint{to_ip_address(v4.sin_addr), ntohs(v4.sin_port), 0};
    }
    if (address.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &address, sizeof v6);
        return Endpoint{to_ip_address(v6.sin6_addr), ntohs(v6.sin6_port), v6.sin6_scope_id};
    }
    return std::nullopt;
}

in_addr to_in_addr(const IpAddress& mapped) {
    assert(mapped.is_v4());
    in_addr v4{};
    std::memcpy(&v4, mapped.bytes.data() + 12, sizeof v4);
    return v4;
}

in6_addr to_in6_addr(const IpAddress& ip) {
    return std::bit_cast<in6_addr>(ip.bytes);
}

IpAddress to_ip_address(const in_addr& v4) {
    IpAddress ip = IpAddress::v4(0, 0, 0, 0);
    std::memcpy(ip.bytes.data() + 12, &v4, sizeof v4);
    return ip;
}

IpAddress to_ip_address(const in6_addr& v6) {
    IpAddress ip;
    std::memcpy(ip.bytes.data(), &v6, sizeof v6);
    return ip;
}

std::string to_string(const IpAddress& ip) {
    char text[INET6_ADDRSTRLEN] = "";
    if (ip.is_v4()) {
        inet_ntop(AF_INET, ip.bytes.data() + 12, text, sizeof text);
    } else {
        inet_ntop(AF_INET6, ip.bytes.data(), text, sizeof text);
    }
    return text;
}

std::string to_string(const Endpoint& endpoint) {
    const std::string ip = to_string(endpoint.ip);
    if (endpoint.ip.is_v4()) return fmt::format("{}:{}", ip, endpoint.port);
    if (endpoint.scope == 0) return fmt::format("[{}]:{}", ip, endpoint.port);
    char name[IF_NAMESIZE] = "";
    const std::string scope = if_indextoname(endpoint.scope, name) != nullptr
                                  ? std::string(name)
                                  : std::to_string(endpoint.scope);
    return fmt::format("[{}%{}]:{}", ip, scope, endpoint.port);
}

}  // namespace chat::sys
