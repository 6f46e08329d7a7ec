// SPDX-License-Identifier: MIT
#include "sys/error.h"

#include <cerrno>

#include "tests/support/catch.h"

using namespace chat::sys;

TEST_CASE("an error's sentence says what was tried and why it failed") {
    CHECK(OsError{EADDRINUSE, "bind 0.0.0.0 port 8888"}.sentence() ==
          "cannot bind 0.0.0.0 port 8888: Address already in use");
    CHECK(OsError{EWOULDBLOCK, "use the folder x", "another server uses this folder"}.sentence() ==
          "cannot use the folder x: another server uses this folder");
}

TEST_CASE("os_error captures errno") {
    errno = ENOSPC;
    const Result<int> result = os_error("write the log");
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ENOSPC);
    CHECK(result.error().sentence() == "cannot write the log: No space left on device");
}
