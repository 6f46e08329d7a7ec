// SPDX-License-Identifier: MIT
#include "sys/landlock.h"

#include <array>
#include <cassert>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/descriptor.h"
#include "sys/process_hardening.h"

namespace chat::sys {
namespace {

// Of newer kernels than the headers of Debian 12 know: uapi/linux/landlock.h.
constexpr std::uint64_t fs_truncate = 1U << 14;   // ABI 3
constexpr std::uint64_t fs_ioctl_dev = 1U << 15;  // ABI 5
constexpr std::uint64_t net_tcp_bind = 1U << 0;   // ABI 4
constexpr std::uint64_t net_tcp_connect = 1U << 1;
constexpr std::uint64_t scope_abstract_socket = 1U << 0;  // ABI 6
constexpr std::uint64_t scope_signal = 1U << 1;

// The kernel takes a longer structure than it knows as long as the rest is zero.
struct RulesetAttributes {
    std::uint64_t handled_access_fs;
    std::uint64_t handled_access_net;
    std::uint64_t scoped;
};

constexpr std::uint64_t fs_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t fs_write = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                   LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                   LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                   LANDLOCK_ACCESS_FS_REFER | fs_truncate;
// What makes sense for something that is no folder; the kernel refuses the rest there.
constexpr std::uint64_t fs_of_file =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | fs_truncate;

constexpr std::uint64_t all_fs(int abi) {
    constexpr std::uint64_t first_abi = (1U << 13) - 1;
    return first_abi | (abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) | (abi >= 3 ? fs_truncate : 0) |
           (abi >= 5 ? fs_ioctl_dev : 0);
}

RulesetAttributes attributes(int abi, Isolation isolation) {
    RulesetAttributes all{all_fs(abi), 0, 0};
    if (abi >= 4) all.handled_access_net = net_tcp_bind | net_tcp_connect;
    if (abi >= 6 && isolation == Isolation::everything) {
        all.scoped = scope_abstract_socket | scope_signal;
    }
    return all;
}

Result<void> grant(int ruleset, const std::string& path, std::uint64_t access) {
    const Descriptor place(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!place && (errno == ENOENT || errno == ENOTDIR || errno == EACCES)) return {};
    struct stat status{};
    if (!place || fstat(place.get(), &status) != 0) return os_error("keep the right to " + path);
    if (!S_ISDIR(status.st_mode)) access &= fs_of_file;
    const landlock_path_beneath_attr rule{access, place.get()};
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
        return os_error("keep the right to " + path);
    }
    return {};
}

}  // namespace

int landlock_abi() {
    const long abi =
        syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi > 0 ? static_cast<int>(abi) : 0;
}

Result<void> restrict_files(const FileAccess& files, Isolation isolation) {
    const int abi = landlock_abi();
    assert(abi > 0);
    const RulesetAttributes all = attributes(abi, isolation);
    const Descriptor ruleset(
        static_cast<int>(syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0)));
    if (!ruleset) return os_error("give up files");
    for (const auto& [paths, access] :
         {std::pair(&files.writable, fs_read | fs_write), std::pair(&files.readable, fs_read)}) {
        for (const std::string& path : *paths) {
            const auto granted = grant(ruleset.get(), path, access & all.handled_access_fs);
            if (!granted) return granted;
        }
    }
    if (const auto done = forbid_new_privileges(); !done) return done;
    if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
        return os_error("give up files");
    }
    return {};
}

}  // namespace chat::sys
