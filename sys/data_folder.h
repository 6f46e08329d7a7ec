// SPDX-License-Identifier: MIT
// The folder a program keeps its files in, held by one process at a time unless it is opened as
// shared. The lock (fcntl on the file `lock`) belongs to the process and is not inherited: where a
// process was killed, the next one can have the folder at once, though a child of the dead one may
// live an instant longer. Within one process a second open() is not refused, and the end of either
// gives the folder back: nobody opens a folder twice. Names of files are plain, without a slash.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sys/descriptor.h"
#include "sys/error.h"

namespace chat::sys {

class DataFolder {
  public:
    // Makes the folder and its parents where missing, mode 0700. EWOULDBLOCK: in use.
    static Result<DataFolder> open(const std::string& path);
    // The same without the lock, for programs of which several may use the folder at once.
    static Result<DataFolder> open_shared(const std::string& path);

    const std::string& path() const { return path_; }

    // ENOENT: there is no such file. EFBIG: it is longer than `bytes_max`.
    Result<std::vector<std::byte>> read_file(std::string_view name, std::size_t bytes_max) const;

    // After a crash at any instant the file has its old or its new content, whole; once this
    // returned, the new one. Mode 0600.
    Result<void> write_file_atomically(std::string_view name,
                                       std::span<const std::byte> bytes) const;

    // The same for a file that must not be there yet. EEXIST: it is, and stays as it is; so of
    // several programs at once one succeeds.
    Result<void> create_file(std::string_view name, std::span<const std::byte> bytes) const;

    // Once this returned, the bytes are at the file's end for good; after a crash or a full disk
    // before that, a part of them may be. Makes the file where missing, mode 0600.
    Result<void> append_to_file(std::string_view name, std::span<const std::byte> bytes) const;

  private:
    DataFolder() = default;

    std::string path_;
    Descriptor folder_;
    Descriptor lock_;
};

}  // namespace chat::sys
