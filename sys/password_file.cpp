// SPDX-License-Identifier: MIT
#include "sys/password_file.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/descriptor.h"

namespace chat::sys {
namespace {

constexpr std::size_t password_bytes_max = 1024;

}  // namespace

Result<Password> read_password(const std::string& path) {
    const std::string doing = "read the password from " + path;
    // A pipe is welcome here (a shell's <(pass show chat)), so this may wait for its writer.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return os_error(doing);
    struct stat status{};
    if (fstat(file.get(), &status) != 0) return os_error(doing);

    // One byte more than allowed, and a line end.
    std::array<char, password_bytes_max + 2> room{};
    std::size_t filled = 0;
    while (filled < room.size()) {
        const ssize_t got = ::read(file.get(), room.data() + filled, room.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return os_error(doing);
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
        if (std::string_view(room.data(), filled).find('\n') != std::string_view::npos) break;
    }
    std::string_view line(room.data(), filled);
    line = line.substr(0, line.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    Password password{std::string(line),
                      S_ISREG(status.st_mode) && (status.st_mode & (S_IRGRP | S_IROTH)) != 0};
    explicit_bzero(room.data(), room.size());
    if (password.text.empty()) return os_error(EINVAL, doing, "its first line is empty");
    if (password.text.size() > password_bytes_max) {
        return os_error(EINVAL, doing, "its first line is longer than 1024 bytes");
    }
    return password;
}

}  // namespace chat::sys
