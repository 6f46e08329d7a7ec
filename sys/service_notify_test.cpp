// SPDX-License-Identifier: MIT
#include "sys/service_notify.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/descriptor.h"
#include "sys/test_support.h"

using namespace chat::sys;
using namespace chat::sys::test;

namespace {

// Listens under `name` as a service manager would and points the environment at it.
Descriptor listen_as_manager(const std::string& name) {
    Descriptor manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    REQUIRE(manager);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(name.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(manager.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    return manager;
}

}  // namespace

TEST_CASE("the service manager hears of us, by path and by abstract name") {
    const TempFolder folder;
    const std::string names[] = {folder / "notify", "@sys-test-" + std::to_string(getpid())};
    for (const std::string& name : names) {
        CAPTURE(name);
        const Descriptor manager = listen_as_manager(name);
        service_notify("READY=1\nSTATUS=listening");
        REQUIRE(comes(manager.get()));
        char buffer[100];
        const ssize_t got = ::recv(manager.get(), buffer, sizeof buffer, MSG_DONTWAIT);
        REQUIRE(got > 0);
        CHECK(std::string(buffer, static_cast<std::size_t>(got)) == "READY=1\nSTATUS=listening");
    }
    unsetenv("NOTIFY_SOCKET");
}

TEST_CASE("without a service manager nothing happens") {
    const TempFolder folder;
    const std::string manager_path = folder / "notify";
    const Descriptor manager = listen_as_manager(manager_path);
    const std::string overlong = "/" + std::string(200, 'x');
    for (const std::string& name :
         {std::string(), std::string("@"), std::string("relative"), folder / "nobody", overlong}) {
        CAPTURE(name);
        setenv("NOTIFY_SOCKET", name.c_str(), 1);
        service_notify("READY=1");
    }
    unsetenv("NOTIFY_SOCKET");
    service_notify("READY=1");
    char byte = 0;
    CHECK(::recv(manager.get(), &byte, 1, MSG_DONTWAIT) == -1);
}
