// SPDX-License-Identifier: MIT
#include "sys/service_notify.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>

#include "sys/descriptor.h"

namespace chat::sys {

void service_notify(std::string_view state) {
    const char* variable = std::getenv("NOTIFY_SOCKET");
    if (variable == nullptr) return;
    const std::string_view name = variable;
    sockaddr_un address{};
    if (name.size() < 2 || name.size() >= sizeof address.sun_path) return;
    if (name.front() != '/' && name.front() != '@') return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    // An abstract name starts with a zero byte and ends where the length says.
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());

    const Descriptor descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!descriptor) return;
    sendto(descriptor.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
           reinterpret_cast<const sockaddr*>(&address), length);
}

}  // namespace chat::sys
