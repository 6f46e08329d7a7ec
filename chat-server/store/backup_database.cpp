// SPDX-License-Identifier: MIT
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "chat-server/store/schema.h"
#include "chat-server/store/store_tools.h"

namespace chat::server {
namespace {

// Removed when it dies, unless it has got its name.
class PartialFile {
  public:
    explicit PartialFile(const std::string& target) : target_(target), path_(target + ".part") {}
    PartialFile(const PartialFile&) = delete;
    PartialFile& operator=(const PartialFile&) = delete;
    ~PartialFile() {
        if (made_) ::unlink(path_.c_str());
    }

    const std::string& path() const { return path_; }

    Result<void> make() {
        const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 && errno == EEXIST) {
            return std::unexpected(fmt::format(
                "{}: another backup is being made, or one was broken off; then delete this file",
                path_));
        }
        if (fd < 0) return write_failure(path_);
        made_ = true;
        ::close(fd);
        return {};
    }

    // Whole and on the disk, under its own name.
    Result<void> finish() {
        const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) return write_failure(path_);
        const bool synced = ::fsync(fd) == 0;
        const int cause = errno;
        ::close(fd);
        errno = cause;
        if (!synced) return write_failure(path_);
        if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE) != 0)
            return write_failure(target_);
        made_ = false;
        const std::size_t slash = target_.rfind('/');
        const std::string folder = slash == std::string::npos ? "." : target_.substr(0, slash + 1);
        const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder_fd >= 0) {
            ::fsync(folder_fd);
            ::close(folder_fd);
        }
        return {};
    }

  private:
    std::string target_;
    std::string path_;
    bool made_ = false;
};

}  // namespace

Result<void> backup_database(const std::string& path, const std::string& target) {
    auto database = Database::open(path, Database::Access::read);
    if (!database) return std::unexpected(database.error());
    if (const auto done = require_schema(*database); !done) return done;
    if (::access(target.c_str(), F_OK) == 0)
        return std::unexpected(fmt::format("{}: this file is there already", target));
    PartialFile file(target);
    if (const auto made = file.make(); !made) return made;
    // One state of the database, written tightly, without the parts that are not in use.
    auto copy = database->prepare("VACUUM INTO ?1");
    if (!copy) return std::unexpected(copy.error());
    if (const auto done = copy->run(file.path()); !done) {
        return std::unexpected(
            fmt::format("the copy in {} could not be made: {}", file.path(), done.error()));
    }
    return file.finish();
}

}  // namespace chat::server
