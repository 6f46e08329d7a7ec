// SPDX-License-Identifier: MIT
#include "sys/send_batch.h"

#include <optional>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "sys/test_support.h"

using namespace chat;
using namespace chat::sys;
using namespace chat::sys::test;

namespace {

constexpr Path somewhere{{IpAddress::v4(127, 0, 0, 1), 9}, {}};

// UDP over loopback never runs out of room, so these tests send into a Unix socket, which ignores
// addresses and sources and does run out.
struct Narrow {
    Descriptor in;
    Descriptor out;

    Narrow() {
        int ends[2];
        REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        in.reset(ends[0]);
        out.reset(ends[1]);
        const int small = 8192;
        REQUIRE(setsockopt(in.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
    }
    std::optional<std::string> take() const {
        char buffer[2048];
        const ssize_t got = ::recv(out.get(), buffer, sizeof buffer, 0);
        if (got <= 0) return std::nullopt;
        return std::string(buffer, static_cast<std::size_t>(got));
    }
};

std::string numbered(std::size_t i) {
    return std::to_string(i) + std::string(1000 + i, '.');
}

}  // namespace

TEST_CASE("a full batch leaves by itself, the rest at the flush") {
    const Narrow narrow;
    SendBatch batch(narrow.in.get(), AF_INET, 3);
    const std::string texts[] = {"a", "bb", "ccc", "dddd"};
    for (const std::string& t : texts) {
        REQUIRE(batch.send({somewhere.peer, IpAddress::v4(127, 0, 0, 2)}, bytes(t)));
    }
    CHECK(batch.counters().datagrams == 3);
    CHECK(batch.counters().bytes == 6);
    CHECK(batch.counters().calls == 1);
    batch.flush();
    CHECK(batch.counters().datagrams == 4);
    CHECK(batch.counters().bytes == 10);
    for (const std::string& t : texts)
        CHECK(narrow.take() == t);
    batch.flush();
    CHECK(batch.counters().calls == 2);
    CHECK_FALSE(batch.blocked());
}

TEST_CASE("without room what is left is copied, and leaves in order once there is room") {
    const Narrow narrow;
    constexpr std::size_t count = 40;
    SendBatch batch(narrow.in.get(), AF_INET, count);
    {
        std::vector<std::string> borrowed;
        for (std::size_t i = 0; i < count; ++i)
            borrowed.push_back(numbered(i));
        for (const std::string& t : borrowed)
            REQUIRE(batch.send(somewhere, bytes(t)));
        REQUIRE(batch.blocked());
        // Whoever still looked at the borrowed bytes would send these instead.
        for (std::string& t : borrowed)
            t.assign(t.size(), '#');
    }
    const std::uint64_t at_first = batch.counters().datagrams;
    REQUIRE(at_first < count);
    CHECK_FALSE(batch.send(somewhere, bytes("refused")));
    batch.flush();
    CHECK(batch.blocked());
    CHECK(batch.counters().datagrams == at_first);

    std::size_t received = 0;
    int flushes = 0;
    while (received < count) {
        while (const auto got = narrow.take())
            REQUIRE(*got == numbered(received++));
        if (!batch.blocked()) continue;
        REQUIRE(comes(narrow.in.get(), POLLOUT));
        batch.flush();
        ++flushes;
    }
    CHECK(flushes > 1);  // it blocked again on the way
    CHECK_FALSE(batch.blocked());
    CHECK(batch.counters().datagrams == count);
    CHECK(batch.counters().dropped == 0);

    REQUIRE(batch.send(somewhere, bytes("after")));
    batch.flush();
    CHECK(narrow.take() == "after");
    CHECK_FALSE(narrow.take());
}

TEST_CASE("what the kernel won't take is dropped alone") {
    auto receiver = UdpSocket::bind({IpAddress::v4(127, 0, 0, 1), 0});
    auto sender = UdpSocket::bind({IpAddress::v4(127, 0, 0, 1), 0});
    REQUIRE(receiver);
    REQUIRE(sender);
    const IpAddress loopback_v6{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    const std::string overlong(65'508, 'x');
    const Endpoint to = receiver->local();
    SendBatch batch(*sender);
    REQUIRE(batch.send({to, {}}, bytes("first")));
    REQUIRE(batch.send({to, {}}, bytes(overlong)));
    REQUIRE(batch.send({{IpAddress::v4(255, 255, 255, 255), 9}, {}}, bytes("broadcast")));
    REQUIRE(batch.send({to, IpAddress::v4(192, 0, 2, 1)}, bytes("not our address")));
    REQUIRE(batch.send({{loopback_v6, 9}, {}}, bytes("of the other family")));
    REQUIRE(batch.send({to, loopback_v6}, bytes("from the other family")));
    REQUIRE(batch.send({{to.ip, 0}, {}}, bytes("to no port")));
    REQUIRE(batch.send({to, IpAddress::v4(127, 0, 0, 1)}, bytes("last")));
    batch.flush();
    CHECK_FALSE(batch.blocked());
    CHECK(batch.counters().datagrams == 2);
    CHECK(batch.counters().bytes == 9);
    CHECK(batch.counters().dropped == 6);

    ReceiveBatch in(8, 100);
    std::string got;
    while (got.size() < 9) {
        REQUIRE(comes(receiver->fd()));
        const auto some = receiver->receive(in);
        REQUIRE(some);
        for (const ReceivedDatagram& d : *some)
            got += text(d.bytes);
    }
    CHECK(got == "firstlast");
}
