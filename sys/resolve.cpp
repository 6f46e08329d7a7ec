// SPDX-License-Identifier: MIT
#include "sys/resolve.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>

#include "sys/socket_address.h"

namespace chat::sys {
namespace {

int errno_of(int failure) {
    switch (failure) {
        case EAI_SYSTEM:
            return errno;
        case EAI_NONAME:
        case EAI_NODATA:
            return ENOENT;
        case EAI_AGAIN:
            return EAGAIN;
        default:
            return EIO;
    }
}

}  // namespace

Result<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port) {
    addrinfo wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_DGRAM;
    wanted.ai_protocol = IPPROTO_UDP;
    wanted.ai_flags = AI_NUMERICSERV;

    addrinfo* found = nullptr;
    const std::string service = std::to_string(port);
    if (const int failure = getaddrinfo(host.c_str(), service.c_str(), &wanted, &found)) {
        const int code = errno_of(failure);
        return os_error(code, "find the address of host " + host,
                        failure == EAI_SYSTEM ? "" : gai_strerror(failure));
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);

    std::vector<Endpoint> endpoints;
    for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
        sockaddr_storage address{};
        if (a->ai_addrlen > sizeof address) continue;
        std::memcpy(&address, a->ai_addr, a->ai_addrlen);
        if (const auto endpoint = to_endpoint(address)) endpoints.push_back(*endpoint);
    }
    if (endpoints.empty()) {
        return os_error(ENOENT, "find the address of host " + host, "it has no internet address");
    }
    return endpoints;
}

}  // namespace chat::sys
