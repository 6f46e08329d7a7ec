// SPDX-License-Identifier: MIT
#include "sys/descriptor.h"

#include <cerrno>
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

}  // namespace chat::sys
