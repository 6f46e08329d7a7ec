// SPDX-License-Identifier: MIT
#include "sys/control_socket.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace chat::sys {
namespace {

constexpr int callers_waiting_max = 16;

struct Place {
    Descriptor folder;
    std::string folder_path;
    std::string name;
};

Result<Place> open_place(const std::string& path) {
    const std::filesystem::path whole(path);
    const std::string folder_path = whole.has_parent_path() ? whole.parent_path().string() : ".";
    Descriptor folder(::open(folder_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return os_error("open the folder " + folder_path);
    return Place{std::move(folder), folder_path, whole.filename().string()};
}

// By the folder's descriptor where the path is too long for the kernel's structure.
Result<sockaddr_un> to_socket_address(const Place& place, const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::string text = place.folder_path + "/" + name;
    if (text.size() >= sizeof address.sun_path) {
        text = fmt::format("/proc/self/fd/{}/{}", place.folder.get(), name);
    }
    if (text.size() >= sizeof address.sun_path) {
        return os_error(ENAMETOOLONG, "use the socket name " + name);
    }
    std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

// 0 when a server answers at the address; else why not.
int try_connect(int fd, const sockaddr_un& address) {
    while (::connect(fd, generic(address), sizeof address) != 0) {
        if (errno != EINTR) return errno;
    }
    return 0;
}

Result<void> check_replaceable(const Place& place, const std::string& path, bool sole_owner) {
    const std::string doing = "open the control socket " + path;
    struct stat status{};
    if (fstatat(place.folder.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) return {};
        return os_error(doing);
    }
    if (!S_ISSOCK(status.st_mode)) {
        return os_error(EEXIST, doing, "something else has that name");
    }
    if (sole_owner) return {};
    const auto address = to_socket_address(place, place.name);
    if (!address) return std::unexpected(address.error());
    const Descriptor probe(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!probe) return os_error(doing);
    const int refusal = try_connect(probe.get(), *address);
    // EAGAIN: it lives and has too many callers waiting.
    if (refusal == 0 || refusal == EAGAIN) {
        return os_error(EADDRINUSE, doing, "a running server answers there");
    }
    return {};
}

}  // namespace

Result<ControlListener> ControlListener::open(const std::string& path, bool sole_owner) {
    const std::string doing = "open the control socket " + path;
    auto place = open_place(path);
    if (!place) return std::unexpected(place.error());
    if (auto free = check_replaceable(*place, path, sole_owner); !free)
        return std::unexpected(free.error());

    // Under a name of its own first: rename replaces a dead server's socket in one step.
    const std::string own_name = fmt::format("{}.{}", place->name, getpid());
    const auto address = to_socket_address(*place, own_name);
    if (!address) return std::unexpected(address.error());
    const int folder = place->folder.get();
    unlinkat(folder, own_name.c_str(), 0);

    ControlListener result;
    result.listener_.reset(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!result.listener_) return os_error(doing);
    // bind() gives the file the mode of the socket's own inode less the umask, and nobody can
    // connect before listen(): at no instant is it open to others.
    if (fchmod(result.fd(), 0600) != 0 ||
        ::bind(result.fd(), generic(*address), sizeof *address) != 0) {
        return os_error(doing);
    }
    struct stat status{};
    if (fchmodat(folder, own_name.c_str(), 0600, 0) != 0 ||
        fstatat(folder, own_name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        ::listen(result.fd(), callers_waiting_max) != 0 ||
        renameat(folder, own_name.c_str(), folder, place->name.c_str()) != 0) {
        const int code = errno;
        unlinkat(folder, own_name.c_str(), 0);
        return os_error(code, doing);
    }
    result.reserve_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    result.device_ = status.st_dev;
    result.inode_ = status.st_ino;
    result.folder_ = std::move(place->folder);
    result.name_ = std::move(place->name);
    return result;
}

std::optional<Channel> ControlListener::accept() {
    Descriptor caller(accept4(fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (caller) return Channel(std::move(caller));
    if ((errno == EMFILE || errno == ENFILE) && reserve_) {
        // A caller left waiting would keep the socket readable and the loop spinning.
        reserve_.reset();
        caller.reset(accept4(fd(), nullptr, nullptr, SOCK_CLOEXEC));
        caller.reset();
        reserve_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
    return std::nullopt;
}

void ControlListener::remove() {
    struct stat status{};
    if (fstatat(folder_.get(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        status.st_dev == device_ && status.st_ino == inode_) {
        unlinkat(folder_.get(), name_.c_str(), 0);
    }
}

Result<Channel> connect_control(const std::string& path) {
    const std::string doing = "reach a server through " + path;
    auto place = open_place(path);
    if (!place) return os_error(place.error().code, doing);
    const auto address = to_socket_address(*place, place->name);
    if (!address) return std::unexpected(address.error());
    Descriptor descriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!descriptor) return os_error(doing);
    if (const int refusal = try_connect(descriptor.get(), *address)) {
        return os_error(
            refusal, doing,
            refusal == ENOENT || refusal == ECONNREFUSED ? "none is running there" : "");
    }
    return Channel(std::move(descriptor));
}

}  // namespace chat::sys
