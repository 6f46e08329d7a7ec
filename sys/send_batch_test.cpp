// SPDX-License-Identifier: MIT
#include "sys/send_batch.h"

#include <netinet/udp.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "sys/socket_address.h"
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

constexpr IpAddress loopback = IpAddress::v4(127, 0, 0, 1);

UdpSocket bind_or_fail(const IpAddress& ip) {
    auto socket = UdpSocket::bind({ip, 0});
    REQUIRE(socket);
    return std::move(*socket);
}

// So many datagrams, in the order of their coming.
std::vector<std::string> receive(UdpSocket& socket, std::size_t count) {
    ReceiveBatch batch(64, 2048);
    std::vector<std::string> all;
    while (all.size() < count) {
        REQUIRE(comes(socket.fd()));
        const auto some = socket.receive(batch);
        REQUIRE(some);
        for (const ReceivedDatagram& d : *some)
            all.push_back(text(d.bytes));
    }
    REQUIRE(all.size() == count);
    return all;
}

std::string sized(std::size_t i, std::size_t bytes) {
    std::string one = std::to_string(i) + " ";
    one.resize(bytes, '.');
    return one;
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

TEST_CASE("what follows one another to one peer leaves as one message and arrives as it was") {
    struct Row {
        const char* what;
        std::vector<std::size_t> sizes;
        std::size_t messages;
    };
    const Row table[] = {
        {"one", {1200}, 1},
        {"of one size", {1200, 1200, 1200}, 1},
        {"the last is shorter", {1200, 1200, 48}, 1},
        {"a shorter one ends it", {1200, 48, 48, 48, 1200}, 3},
        {"a longer one begins anew", {48, 64, 64, 1200}, 3},
        {"an empty one stays alone", {48, 0, 48, 48}, 3},
        {"as many as one packet holds", std::vector<std::size_t>(55, 1200), 2},
        {"as many segments as the kernel takes", std::vector<std::size_t>(65, 48), 2},
    };
    for (const IpAddress& ip : {loopback, loopback_v6}) {
        if (ip == loopback_v6 && !has_ipv6()) continue;
        UdpSocket receiver = bind_or_fail(ip);
        UdpSocket sender = bind_or_fail(ip);
        for (const bool from_there : {false, true}) {
            const Path path{receiver.local(), from_there ? ip : IpAddress{}};
            for (const Row& row : table) {
                CAPTURE(to_string(ip), from_there, row.what);
                std::vector<std::string> texts;
                for (const std::size_t bytes : row.sizes)
                    texts.push_back(sized(texts.size(), bytes));
                SendBatch batch(sender, 100);
                REQUIRE(batch.gathers());
                for (const std::string& one : texts)
                    REQUIRE(batch.send(path, bytes(one)));
                batch.flush();
                CHECK(batch.counters().calls == 1);
                CHECK(batch.counters().messages == row.messages);
                CHECK(batch.counters().datagrams == texts.size());
                CHECK(batch.counters().dropped == 0);
                CHECK(receive(receiver, texts.size()) == texts);
                CHECK(batch.gathers());
            }
        }
    }
}

TEST_CASE("datagrams of different paths and of different flushes stay apart") {
    UdpSocket first = bind_or_fail(loopback);
    UdpSocket second = bind_or_fail(loopback);
    UdpSocket sender = bind_or_fail(IpAddress::v4(0, 0, 0, 0));
    const IpAddress other = IpAddress::v4(127, 0, 0, 2);
    const Path a{first.local(), loopback};
    const Path a_from_other{first.local(), other};
    const Path b{second.local(), loopback};
    const Path unreachable{{loopback_v6, 9}, {}};
    SendBatch batch(sender, 8);
    const std::string x = sized(1, 100), y = sized(2, 100), z = sized(3, 100);
    REQUIRE(batch.send(a, bytes(x)));
    REQUIRE(batch.send(b, bytes(x)));
    REQUIRE(batch.send(a, bytes(y)));
    REQUIRE(batch.send(unreachable, bytes(y)));
    REQUIRE(batch.send(a, bytes(z)));
    REQUIRE(batch.send(a_from_other, bytes(z)));
    batch.flush();
    CHECK(batch.counters().messages == 4);
    CHECK(batch.counters().dropped == 1);
    REQUIRE(batch.send(a_from_other, bytes(y)));
    batch.flush();
    CHECK(batch.counters().messages == 5);
    CHECK(batch.counters().datagrams == 6);
    CHECK(batch.counters().bytes == 600);
    CHECK(receive(second, 1) == std::vector<std::string>{x});

    ReceiveBatch in(8, 200);
    std::vector<std::string> got;
    while (got.size() < 5) {
        REQUIRE(comes(first.fd()));
        const auto some = first.receive(in);
        REQUIRE(some);
        for (const ReceivedDatagram& d : *some)
            got.push_back(to_string(d.path.peer.ip) + " " + text(d.bytes).substr(0, 1));
    }
    CHECK(got == std::vector<std::string>{"127.0.0.1 1", "127.0.0.1 2", "127.0.0.1 3",
                                          "127.0.0.2 3", "127.0.0.2 2"});
}

TEST_CASE("so many messages leave as one call takes, and the last of them may grow until then") {
    UdpSocket sender = bind_or_fail(loopback);
    const UdpSocket first = bind_or_fail(loopback);
    const UdpSocket second = bind_or_fail(loopback);
    const Path a{first.local(), {}};
    const Path b{second.local(), {}};
    const std::string x = sized(1, 100);
    SendBatch batch(sender);
    constexpr std::size_t messages = SendBatch::messages_max;
    static_assert(messages % 2 == 0);
    for (std::size_t i = 0; i < messages; ++i)
        REQUIRE(batch.send(i % 2 == 0 ? a : b, bytes(x)));
    REQUIRE(batch.send(b, bytes(x)));
    REQUIRE(batch.send(b, bytes(x)));
    CHECK(batch.counters().calls == 0);
    REQUIRE(batch.send(a, bytes(x)));
    CHECK(batch.counters().messages == messages);
    CHECK(batch.counters().datagrams == messages + 2);
    batch.flush();
    CHECK(batch.counters().messages == messages + 1);
    CHECK(batch.counters().datagrams == messages + 3);
}

TEST_CASE("a kernel that can't cut messages gets single datagrams, for good") {
    struct Row {
        IpAddress ip;
        int level, option;  // without checksums there are no segments
    };
    const Row table[] = {{loopback, SOL_SOCKET, SO_NO_CHECK},
                         {loopback_v6, SOL_UDP, UDP_NO_CHECK6_TX}};
    for (const Row& row : table) {
        CAPTURE(to_string(row.ip));
        if (row.ip == loopback_v6 && !has_ipv6()) continue;
        UdpSocket receiver = bind_or_fail(row.ip);
        UdpSocket other = bind_or_fail(row.ip);
        UdpSocket sender = bind_or_fail(row.ip);
        if (row.option == UDP_NO_CHECK6_TX) {
            const int yes = 1;
            REQUIRE(setsockopt(receiver.fd(), SOL_UDP, UDP_NO_CHECK6_RX, &yes, sizeof yes) == 0);
            REQUIRE(setsockopt(other.fd(), SOL_UDP, UDP_NO_CHECK6_RX, &yes, sizeof yes) == 0);
        }
        const int yes = 1;
        REQUIRE(setsockopt(sender.fd(), row.level, row.option, &yes, sizeof yes) == 0);
        SendBatch batch(sender, 16);
        REQUIRE(batch.gathers());
        // Singles before, between and behind the gathered ones.
        std::vector<std::string> sent, sent_other;
        const auto send = [&](UdpSocket& to, std::size_t bytes) {
            auto& list = &to == &receiver ? sent : sent_other;
            list.push_back(sized(list.size(), bytes));
        };
        for (const std::size_t size : {100U, 50U, 200U, 200U, 200U, 30U})
            send(receiver, size);
        for (const std::size_t size : {300U, 300U})
            send(other, size);
        for (const std::string& one : sent)
            REQUIRE(batch.send({receiver.local(), row.ip}, bytes(one)));
        for (const std::string& one : sent_other)
            REQUIRE(batch.send({other.local(), {}}, bytes(one)));
        batch.flush();
        CHECK_FALSE(batch.gathers());
        CHECK(batch.counters().datagrams == 8);
        CHECK(batch.counters().messages == 8);
        CHECK(batch.counters().bytes == 1380);
        CHECK(batch.counters().dropped == 0);
        CHECK(receive(receiver, sent.size()) == sent);
        CHECK(receive(other, sent_other.size()) == sent_other);

        const std::uint64_t calls = batch.counters().calls;
        for (const std::string& one : sent)
            REQUIRE(batch.send({receiver.local(), {}}, bytes(one)));
        batch.flush();
        CHECK(batch.counters().calls == calls + 1);
        CHECK(batch.counters().messages == 14);
        CHECK(receive(receiver, sent.size()) == sent);
    }
}

TEST_CASE("a gathered message that fails as single datagrams do says nothing about gathering") {
    UdpSocket receiver = bind_or_fail(loopback);
    UdpSocket sender = bind_or_fail(IpAddress::v4(0, 0, 0, 0));
    const std::string x = sized(1, 100), y = sized(2, 100);
    SendBatch batch(sender, 8);
    const Path wrong{receiver.local(), IpAddress::v4(192, 0, 2, 1)};
    REQUIRE(batch.send(wrong, bytes(x)));
    REQUIRE(batch.send(wrong, bytes(x)));
    REQUIRE(batch.send({receiver.local(), {}}, bytes(x)));
    REQUIRE(batch.send({receiver.local(), {}}, bytes(y)));
    batch.flush();
    CHECK(batch.counters().dropped == 2);
    CHECK(batch.counters().datagrams == 2);
    CHECK(batch.gathers());
    CHECK(receive(receiver, 2) == std::vector<std::string>{x, y});
}

TEST_CASE(
    "of a gathered message too long for the kernel the singles leave, those without room "
    "later") {
    // A Unix socket takes a gathered message for one datagram, and this one is longer than all it
    // has room for.
    const Narrow narrow;
    constexpr std::size_t count = 40;
    SendBatch batch(narrow.in.get(), AF_INET, count, true);
    {
        std::vector<std::string> borrowed;
        for (std::size_t i = 0; i < count; ++i)
            borrowed.push_back(sized(i, 1000));
        for (const std::string& t : borrowed)
            REQUIRE(batch.send(somewhere, bytes(t)));
        REQUIRE(batch.blocked());
        for (std::string& t : borrowed)
            t.assign(t.size(), '#');
    }
    CHECK(batch.counters().datagrams > 0);
    CHECK(batch.counters().datagrams < count);
    std::size_t received = 0;
    while (received < count) {
        while (const auto got = narrow.take())
            REQUIRE(*got == sized(received++, 1000));
        if (!batch.blocked()) continue;
        REQUIRE(comes(narrow.in.get(), POLLOUT));
        batch.flush();
    }
    CHECK(batch.counters().datagrams == count);
    CHECK(batch.counters().dropped == 0);
    CHECK(batch.gathers());
}

TEST_CASE("gathered messages without room are copied and leave whole") {
    const Narrow narrow;
    SendBatch batch(narrow.in.get(), AF_INET, 60, true);
    constexpr std::size_t runs = 20;
    {
        std::vector<std::string> borrowed;
        for (std::size_t i = 0; i < runs; ++i) {
            for (const std::size_t bytes : {500U, 500U, 200U})
                borrowed.push_back(sized(i, bytes));
        }
        for (const std::string& t : borrowed)
            REQUIRE(batch.send(somewhere, bytes(t)));
        REQUIRE(batch.blocked());
        for (std::string& t : borrowed)
            t.assign(t.size(), '#');
    }
    CHECK(batch.counters().datagrams % 3 == 0);
    std::size_t received = 0;
    while (received < runs) {
        while (const auto got = narrow.take()) {
            const std::string whole =
                sized(received, 500) + sized(received, 500) + sized(received, 200);
            REQUIRE(*got == whole);
            ++received;
        }
        if (!batch.blocked()) continue;
        REQUIRE(comes(narrow.in.get(), POLLOUT));
        batch.flush();
    }
    CHECK(batch.counters().datagrams == 3 * runs);
    CHECK(batch.counters().messages == runs);
    CHECK(batch.counters().bytes == 1200 * runs);
}
