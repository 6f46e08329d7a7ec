// SPDX-License-Identifier: MIT
// A connected socket that is connected anew, and datagrams that are not to be fragmented.
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sys/child_process.h"
#include "sys/send_batch.h"
#include "sys/socket_address.h"
#include "sys/test_support.h"
#include "sys/udp_socket.h"

using namespace chat;
using namespace chat::sys;
using namespace chat::sys::test;

namespace {

constexpr IpAddress loopback_v4 = IpAddress::v4(127, 0, 0, 1);
constexpr IpAddress any_v4 = IpAddress::v4(0, 0, 0, 0);

UdpSocket or_fail(Result<UdpSocket> socket) {
    REQUIRE(socket);
    return std::move(*socket);
}

struct Received {
    Endpoint peer;
    std::string text;
};

// Empty peer: nothing came.
Received receive(UdpSocket& socket) {
    ReceiveBatch batch(1, 100);
    if (!comes(socket.fd())) return {};
    const auto some = socket.receive(batch);
    if (!some || some->empty()) return {};
    return {(*some)[0].path.peer, text((*some)[0].bytes)};
}

int option(const UdpSocket& socket, int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    REQUIRE(getsockopt(socket.fd(), level, name, &value, &length) == 0);
    return value;
}

}  // namespace

TEST_CASE("a reconnected socket talks with its new peer only, on the same descriptor") {
    for (const IpAddress& ip : {loopback_v4, loopback_v6}) {
        if (ip == loopback_v6 && !has_ipv6()) continue;
        CAPTURE(to_string(ip));
        UdpSocket first = or_fail(UdpSocket::bind({ip, 0}));
        UdpSocket second = or_fail(UdpSocket::bind({ip, 0}));
        UdpSocket client = or_fail(UdpSocket::connect(first.local()));
        const int fd = client.fd();
        REQUIRE(client.reconnect(second.local()));
        CHECK(client.fd() == fd);
        CHECK(client.local().ip == ip);
        CHECK(client.local().port != 0);
        REQUIRE(client.send(bytes("to the second")) == SendOutcome::sent);
        const Received got = receive(second);
        CHECK(got.text == "to the second");
        CHECK(got.peer == client.local());

        UdpSocket from_first = or_fail(UdpSocket::connect(client.local()));
        REQUIRE(from_first.send(bytes("a stranger's")) == SendOutcome::sent);
        SendBatch from_second(second, 1);
        REQUIRE(from_second.send({client.local(), {}}, bytes("the peer's")));
        CHECK(receive(client).text == "the peer's");
    }
}

TEST_CASE("a process that shares the socket has the new peer too") {
    UdpSocket first = or_fail(UdpSocket::bind({loopback_v4, 0}));
    UdpSocket second = or_fail(UdpSocket::bind({loopback_v4, 0}));
    UdpSocket client = or_fail(UdpSocket::connect(first.local()));
    int go[2];
    REQUIRE(pipe2(go, O_CLOEXEC) == 0);
    auto child = ChildProcess::fork(nullptr, [&] {
        char byte = 0;
        if (::read(go[0], &byte, 1) != 1) return 1;
        return client.send(bytes("the child's")) == SendOutcome::sent ? 0 : 2;
    });
    REQUIRE(child);
    REQUIRE(client.reconnect(second.local()));
    REQUIRE(::write(go[1], "x", 1) == 1);
    const Received got = receive(second);
    CHECK(got.text == "the child's");
    CHECK(got.peer == client.local());
    wait_until_ended(child->pid());
    CHECK(child->reap()->success());
    ::close(go[0]);
    ::close(go[1]);
}

TEST_CASE("a peer of the other family can't be reconnected to") {
    UdpSocket server = or_fail(UdpSocket::bind({loopback_v4, 0}));
    UdpSocket client = or_fail(UdpSocket::connect(server.local()));
    const auto other = client.reconnect({loopback_v6, 9});
    REQUIRE_FALSE(other);
    CHECK(other.error().code == EAFNOSUPPORT);
    CHECK(client.send(bytes("still there")) == SendOutcome::sent);
    CHECK(receive(server).text == "still there");
}

TEST_CASE("after a move to another network a reconnect gets through again") {
    // A network of our own, where our address is replaced under a connected socket.
    constexpr int not_permitted = 77;
    auto child = ChildProcess::fork(nullptr, [] {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return not_permitted;
        const Descriptor control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        const auto set = [&control](unsigned long what, ifreq request) {
            request.ifr_name[0] = 'l';
            request.ifr_name[1] = 'o';
            return ioctl(control.get(), what, &request) == 0;
        };
        const auto set_address = [&set](const IpAddress& ip) {
            ifreq request{};
            sockaddr_storage own{};
            write_socket_address({ip, 0}, AF_INET, own);
            std::memcpy(&request.ifr_addr, &own, sizeof(sockaddr_in));
            return set(SIOCSIFADDR, request);
        };
        constexpr IpAddress at_home = IpAddress::v4(10, 1, 2, 3);
        constexpr IpAddress nowhere = IpAddress::v4(192, 168, 3, 3);
        constexpr IpAddress elsewhere = IpAddress::v4(10, 7, 7, 7);
        ifreq up{};
        up.ifr_flags = IFF_UP;
        if (!set(SIOCSIFFLAGS, up) || !set_address(at_home)) return not_permitted;

        auto server = UdpSocket::bind({any_v4, 0});
        if (!server) return 1;
        const Endpoint peer{IpAddress::v4(10, 9, 9, 9), server->local().port};
        auto client = UdpSocket::connect(peer);
        if (!client || client->local().ip != at_home) return 2;
        if (!set_address(nowhere)) return 3;
        if (client->send(bytes("x")) != SendOutcome::unreachable) return 4;
        const auto no_way = client->reconnect(peer);
        if (no_way || no_way.error().code != ENETUNREACH) return 5;
        if (client->send(bytes("x")) != SendOutcome::unreachable) return 6;
        if (!set_address(elsewhere)) return 7;
        if (!client->reconnect(peer) || client->local().ip != elsewhere) return 8;
        if (client->send(bytes("back again")) != SendOutcome::sent) return 9;
        const Received got = receive(*server);
        return got.text == "back again" && got.peer == client->local() ? 0 : 10;
    });
    REQUIRE(child);
    wait_until_ended(child->pid());
    const int code = child->reap()->code;
    if (code == not_permitted) {
        WARN("no network of our own permitted: the test did not run");
    } else {
        CHECK(code == 0);
    }
}

TEST_CASE("no datagram may be fragmented on its way, and forged path MTUs are ignored") {
    UdpSocket server = or_fail(UdpSocket::bind({any_v4, 0}));
    const UdpSocket client = or_fail(UdpSocket::connect({loopback_v4, server.local().port}));
    CHECK(option(server, IPPROTO_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_PROBE);
    CHECK(option(client, IPPROTO_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_PROBE);
    if (!has_ipv6()) return;
    // Both, because a dual-stack socket sends IPv4 too.
    const UdpSocket both = or_fail(UdpSocket::bind({IpAddress{}, 0}));
    const UdpSocket v6 = or_fail(UdpSocket::connect({loopback_v6, both.local().port}));
    CHECK(option(both, IPPROTO_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_PROBE);
    CHECK(option(both, IPPROTO_IPV6, IPV6_MTU_DISCOVER) == IPV6_PMTUDISC_PROBE);
    CHECK(option(v6, IPPROTO_IPV6, IPV6_MTU_DISCOVER) == IPV6_PMTUDISC_PROBE);
}
