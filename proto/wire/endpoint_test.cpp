// SPDX-License-Identifier: MIT
#include "proto/wire/endpoint.h"

#include <set>

#include "tests/support/catch.h"

using namespace chat;

TEST_CASE("loopback is recognised in both families, and nothing else is") {
    IpAddress v6_loopback;
    v6_loopback.bytes[15] = 1;
    CHECK(v6_loopback.is_loopback());
    CHECK(IpAddress::v4(127, 0, 0, 1).is_loopback());
    CHECK(IpAddress::v4(127, 255, 0, 9).is_loopback());
    CHECK_FALSE(IpAddress::v4(128, 0, 0, 1).is_loopback());
    CHECK_FALSE(IpAddress{}.is_loopback());
    IpAddress almost = v6_loopback;
    almost.bytes[3] = 1;
    CHECK_FALSE(almost.is_loopback());
    CHECK(IpAddress{}.is_unspecified());
    CHECK(IpAddress::v4(0, 0, 0, 0).is_unspecified());
}

TEST_CASE("the hash depends on every part of an endpoint and on the seed") {
    const Endpoint base{IpAddress::v4(10, 0, 0, 1), 8888, 0};
    Endpoint port = base, scope = base, ip = base, high = base;
    port.port = 8889;
    scope.scope = 1;
    ip.ip.bytes[15] = 2;
    high.ip.bytes[0] = 1;
    std::set<std::size_t> hashes;
    for (const std::uint64_t seed : {0ULL, 1ULL}) {
        for (const auto& e : {base, port, scope, ip, high})
            hashes.insert(EndpointHash{seed}(e));
    }
    CHECK(hashes.size() == 10);
}
