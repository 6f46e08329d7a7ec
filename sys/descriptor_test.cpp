// SPDX-License-Identifier: MIT
#include "sys/descriptor.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "tests/support/catch.h"

using namespace chat::sys;

namespace {

int open_null() {
    return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}
bool is_open(int fd) {
    return fcntl(fd, F_GETFD) >= 0;
}

}  // namespace

TEST_CASE("a descriptor is closed exactly by its last owner") {
    CHECK_FALSE(Descriptor());
    CHECK(Descriptor().get() == -1);

    const int fd = open_null();
    {
        Descriptor first(fd);
        REQUIRE(first);
        const Descriptor& emptied = first;
        Descriptor second(std::move(first));
        CHECK_FALSE(emptied);
        CHECK(second.get() == fd);
        Descriptor third;
        third = std::move(second);
        CHECK(is_open(fd));
        Descriptor& alias = third;
        third = std::move(alias);
        CHECK(third.get() == fd);
    }
    CHECK_FALSE(is_open(fd));
}

TEST_CASE("reset closes the old descriptor and keeps errno") {
    const int old_fd = open_null();
    const int new_fd = open_null();
    Descriptor descriptor(old_fd);
    errno = EDOM;
    descriptor.reset(new_fd);
    CHECK(errno == EDOM);
    CHECK_FALSE(is_open(old_fd));
    CHECK(descriptor.get() == new_fd);
}

TEST_CASE("a released descriptor stays open") {
    const int fd = open_null();
    int released = -1;
    {
        Descriptor descriptor(fd);
        released = descriptor.release();
        CHECK_FALSE(descriptor);
    }
    CHECK(released == fd);
    CHECK(is_open(fd));
    ::close(fd);
}
