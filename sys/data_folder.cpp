// SPDX-License-Identifier: MIT
#include "sys/data_folder.h"

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace chat::sys {
namespace {

// 0 or errno. Only what is missing is touched, so parents that we may not read are no obstacle.
int make_folders(const std::filesystem::path& path) {
    if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return 0;
    if (errno != ENOENT) return errno;
    const std::filesystem::path parent = path.parent_path();
    if (parent.empty() || parent == path) return ENOENT;
    if (const int code = make_folders(parent)) return code;
    return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST ? 0 : errno;
}

[[maybe_unused]] bool is_plain_name(std::string_view name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos;
}

bool write_all(int fd, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            return false;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

Result<DataFolder> DataFolder::open_shared(const std::string& path) {
    if (const int code = make_folders(path)) return os_error(code, "make the folder " + path);

    DataFolder result;
    result.path_ = path;
    result.folder_.reset(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!result.folder_) return os_error("open the folder " + path);
    return result;
}

Result<DataFolder> DataFolder::open(const std::string& path) {
    auto result = open_shared(path);
    if (!result) return result;
    result->lock_.reset(
        openat(result->folder_.get(), "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!result->lock_) return os_error("write to the folder " + path);
    struct flock whole{};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (fcntl(result->lock_.get(), F_SETLK, &whole) != 0) {
        if (errno != EACCES && errno != EAGAIN) return os_error("lock the folder " + path);
        return os_error(EWOULDBLOCK, "use the folder " + path, "another server uses this folder");
    }
    return result;
}

Result<std::vector<std::byte>> DataFolder::read_file(std::string_view name,
                                                     std::size_t bytes_max) const {
    assert(is_plain_name(name));
    const std::string file(name);
    const std::string doing = "read " + path_ + "/" + file;
    // Not blocking, because opening a named pipe would wait for a writer.
    const Descriptor descriptor(
        openat(folder_.get(), file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!descriptor) return os_error(doing);
    struct stat status{};
    if (fstat(descriptor.get(), &status) != 0) return os_error(doing);
    if (!S_ISREG(status.st_mode)) return os_error(EINVAL, doing, "it is no ordinary file");

    // One byte more than allowed is asked for, so that a file that grows meanwhile is noticed.
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > bytes_max) return os_error(EFBIG, doing);
    std::vector<std::byte> bytes(bytes_max < size + 1 ? bytes_max + 1 : size + 1);
    std::size_t filled = 0;
    while (filled <= bytes_max) {
        if (filled == bytes.size()) bytes.resize(bytes.size() * 2);
        const ssize_t got = ::read(descriptor.get(), bytes.data() + filled, bytes.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return os_error(doing);
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    if (filled > bytes_max) return os_error(EFBIG, doing);
    bytes.resize(filled);
    return bytes;
}

Result<void> DataFolder::write_file_atomically(std::string_view name,
                                               std::span<const std::byte> bytes) const {
    assert(is_plain_name(name));
    const std::string file(name);
    const std::string unfinished = file + ".new";
    const std::string doing = "write " + path_ + "/" + file;
    const int folder = folder_.get();

    // A left-over of a crash may have any mode, or be a link.
    unlinkat(folder, unfinished.c_str(), 0);
    Descriptor descriptor(
        openat(folder, unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!descriptor) return os_error(doing);
    if (!write_all(descriptor.get(), bytes) || fsync(descriptor.get()) != 0 ||
        renameat(folder, unfinished.c_str(), folder, file.c_str()) != 0) {
        const int code = errno;
        unlinkat(folder, unfinished.c_str(), 0);
        return os_error(code, doing);
    }
    if (fsync(folder) != 0) return os_error(doing);
    return {};
}

Result<void> DataFolder::create_file(std::string_view name,
                                     std::span<const std::byte> bytes) const {
    assert(is_plain_name(name));
    const std::string file(name);
    // Its own, so that nobody who does the same at this moment is disturbed.
    const std::string unfinished = file + ".new." + std::to_string(getpid());
    const std::string doing = "write " + path_ + "/" + file;
    const int folder = folder_.get();

    unlinkat(folder, unfinished.c_str(), 0);
    Descriptor descriptor(
        openat(folder, unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!descriptor) return os_error(doing);
    const bool made = write_all(descriptor.get(), bytes) && fsync(descriptor.get()) == 0 &&
                      linkat(folder, unfinished.c_str(), folder, file.c_str(), 0) == 0;
    const int code = errno;
    unlinkat(folder, unfinished.c_str(), 0);
    if (!made) return os_error(code, doing);
    if (fsync(folder) != 0) return os_error(doing);
    return {};
}

Result<void> DataFolder::append_to_file(std::string_view name,
                                        std::span<const std::byte> bytes) const {
    assert(is_plain_name(name));
    const std::string file(name);
    const std::string doing = "write " + path_ + "/" + file;
    const Descriptor descriptor(
        openat(folder_.get(), file.c_str(),
               O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    if (!descriptor) return os_error(doing);
    struct stat status{};
    if (fstat(descriptor.get(), &status) != 0) return os_error(doing);
    if (!S_ISREG(status.st_mode)) return os_error(EINVAL, doing, "it is no ordinary file");
    if (!write_all(descriptor.get(), bytes) || fsync(descriptor.get()) != 0) {
        return os_error(doing);
    }
    // The file's name is in the folder, which is another thing to make last.
    if (status.st_size == 0 && fsync(folder_.get()) != 0) return os_error(doing);
    return {};
}

}  // namespace chat::sys
