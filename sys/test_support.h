// SPDX-License-Identifier: MIT
// What the tests of this folder share: bytes from text, a folder that vanishes, waiting that ends
// with the event and not with the time. For tests only.
#pragma once

#include <cstddef>
#include <filesystem>
#include <poll.h>
#include <span>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <system_error>

#include "sys/udp_socket.h"
#include "tests/support/catch.h"

namespace chat::sys::test {

inline std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

inline constexpr IpAddress loopback_v6{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

inline bool has_ipv6() {
    const bool yes = UdpSocket::bind({loopback_v6, 0}).has_value();
    if (!yes) WARN("this host has no IPv6: its half of the test did not run");
    return yes;
}

inline std::string text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// False only if nothing came for so long that it never will.
inline bool comes(int fd, short events = POLLIN) {
    pollfd entry{fd, events, 0};
    return poll(&entry, 1, 20'000) == 1;
}

// Returns once the child has ended, and leaves it to be reaped.
inline void wait_until_ended(pid_t pid) {
    siginfo_t info{};
    REQUIRE(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
}

// Zombies count.
inline bool process_exists(pid_t pid) {
    return std::filesystem::exists("/proc/" + std::to_string(pid));
}

class TempFolder {
  public:
    TempFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "sys-test-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::string& path() const { return path_; }
    std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

  private:
    std::string path_;
};

}  // namespace chat::sys::test
