// SPDX-License-Identifier: MIT
#include "sys/resolve.h"

#include <algorithm>
#include <cerrno>

#include "sys/socket_address.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::sys;

TEST_CASE("numeric addresses need no resolver") {
    struct Row {
        const char* host;
        const char* endpoint;
    };
    const Row rows[] = {
        {"127.0.0.1", "127.0.0.1:8888"},
        {"::1", "[::1]:8888"},
        {"::ffff:192.0.2.1", "192.0.2.1:8888"},
        {"fe80::1%lo", "[fe80::1%lo]:8888"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.host);
        const auto found = resolve(row.host, 8888);
        REQUIRE(found);
        REQUIRE(found->size() == 1);
        CHECK(to_string(found->front()) == row.endpoint);
    }
}

TEST_CASE("localhost is loopback") {
    const auto found = resolve("localhost", 1);
    REQUIRE(found);
    CHECK(std::ranges::all_of(*found, [](const Endpoint& e) { return e.ip.is_loopback(); }));
}

TEST_CASE("what can't be resolved gives a sentence and a code") {
    // The first two never leave this host; "invalid" is reserved to never exist (RFC 2606), but
    // without a name server the answer is "try again".
    for (const char* host : {"", "127.0.0.1 ", "nosuch.invalid", "[::1]"}) {
        CAPTURE(host);
        const auto found = resolve(host, 8888);
        REQUIRE_FALSE(found);
        CHECK((found.error().code == ENOENT || found.error().code == EAGAIN));
        const std::string beginning = std::string("cannot find the address of host ") + host + ": ";
        CHECK(found.error().sentence().starts_with(beginning));
        CHECK(found.error().sentence().size() > beginning.size());
    }
}
