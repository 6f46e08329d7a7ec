// SPDX-License-Identifier: MIT
#include "sys/descriptor.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace chat::sys {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
}

void Descriptor::reset(int fd) {
    if (fd_ >= 0) {
        const int kept = errno;
        ::close(fd_);
        errno = kept;
    }
    fd_ = fd;
}

int Descriptor::release() {
    return std::exchange(fd_, -1);
}

void fill_standard_descriptors() {
    // open() takes the lowest free number, so this ends with the first that is above 2.
    for (;;) {
        const int fd = ::open("/dev/null", O_RDWR);
        if (fd <= STDERR_FILENO && fd >= 0) continue;
        if (fd >= 0) ::close(fd);
        return;
    }
}

}  // namespace chat::sys
