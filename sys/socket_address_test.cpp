// SPDX-License-Identifier: MIT
#include "sys/socket_address.h"

#include <cstring>
#include <net/if.h>

#include "tests/support/catch.h"

using namespace chat;
using namespace chat::sys;

namespace {

IpAddress v6(std::initializer_list<std::uint8_t> head, std::uint8_t last) {
    IpAddress ip;
    std::size_t i = 0;
    for (const std::uint8_t byte : head)
        ip.bytes[i++] = byte;
    ip.bytes[15] = last;
    return ip;
}

}  // namespace

TEST_CASE("endpoints as text") {
    struct Row {
        Endpoint endpoint;
        const char* text;
    };
    const Row rows[] = {
        {{IpAddress::v4(127, 0, 0, 1), 8888}, "127.0.0.1:8888"},
        {{IpAddress::v4(255, 255, 255, 255), 65535}, "255.255.255.255:65535"},
        {{v6({}, 1), 8888}, "[::1]:8888"},
        {{v6({}, 0), 0}, "[::]:0"},
        {{v6({0x20, 0x01, 0x0d, 0xb8}, 7), 53}, "[2001:db8::7]:53"},
        {{v6({0xfe, 0x80}, 1), 1, if_nametoindex("lo")}, "[fe80::1%lo]:1"},
        {{v6({0xfe, 0x80}, 1), 1, 0x7ffffff0}, "[fe80::1%2147483632]:1"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(to_string(row.endpoint) == row.text);
    }
    CHECK(to_string(IpAddress::v4(10, 0, 0, 2)) == "10.0.0.2");
    CHECK(to_string(v6({}, 1)) == "::1");
}

TEST_CASE("endpoints survive the way to the kernel's form and back") {
    struct Row {
        Endpoint endpoint;
        int family;
        std::size_t length;
    };
    const Endpoint v4{IpAddress::v4(192, 0, 2, 9), 8888};
    const Endpoint scoped{v6({0xfe, 0x80}, 1), 1234, 3};
    const Row rows[] = {
        {v4, AF_INET, sizeof(sockaddr_in)},
        {v4, AF_INET6, sizeof(sockaddr_in6)},
        {scoped, AF_INET6, sizeof(sockaddr_in6)},
        {scoped, AF_INET, 0},
    };
    for (const Row& row : rows) {
        CAPTURE(to_string(row.endpoint), row.family);
        sockaddr_storage address{};
        REQUIRE(write_socket_address(row.endpoint, row.family, address) == row.length);
        if (row.length == 0) continue;
        CHECK(address.ss_family == row.family);
        CHECK(to_endpoint(address) == row.endpoint);
    }
}

TEST_CASE("on an IPv4 socket the bytes are plain IPv4 in network order") {
    sockaddr_storage address{};
    write_socket_address({IpAddress::v4(192, 0, 2, 9), 0x1234}, AF_INET, address);
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    const std::uint8_t expected[] = {0x12, 0x34, 192, 0, 2, 9};
    CHECK(std::memcmp(&in.sin_port, expected, 2) == 0);
    CHECK(std::memcmp(&in.sin_addr, expected + 2, 4) == 0);
}

TEST_CASE("an address of another kind is no endpoint") {
    sockaddr_storage address{};
    address.ss_family = AF_UNIX;
    CHECK_FALSE(to_endpoint(address));
    CHECK(family_of({IpAddress::v4(0, 0, 0, 0), 0}) == AF_INET);
    CHECK(family_of({IpAddress{}, 0}) == AF_INET6);
}
