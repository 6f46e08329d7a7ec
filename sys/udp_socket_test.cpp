// SPDX-License-Identifier: MIT
#include "sys/udp_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

#include "sys/child_process.h"
#include "sys/send_batch.h"
#include "sys/socket_address.h"
#include "sys/test_support.h"

using namespace chat;
using namespace chat::sys;
using namespace chat::sys::test;

namespace {

constexpr IpAddress loopback_v4 = IpAddress::v4(127, 0, 0, 1);
constexpr IpAddress any_v4 = IpAddress::v4(0, 0, 0, 0);
constexpr IpAddress any_v6{};

UdpSocket bind_or_fail(const IpAddress& ip) {
    auto socket = UdpSocket::bind({ip, 0});
    REQUIRE(socket);
    return std::move(*socket);
}

UdpSocket connect_or_fail(const Endpoint& peer) {
    auto socket = UdpSocket::connect(peer);
    REQUIRE(socket);
    return std::move(*socket);
}

struct Received {
    Path path;
    std::string text;
    bool truncated;
};

// Copies out of the batch, and waits for `count` datagrams.
std::vector<Received> receive(UdpSocket& socket, std::size_t count,
                              ReceiveBatch batch = ReceiveBatch(64, 2048)) {
    std::vector<Received> all;
    while (all.size() < count) {
        REQUIRE(comes(socket.fd()));
        const auto some = socket.receive(batch);
        REQUIRE(some);
        for (const ReceivedDatagram& d : *some) {
            all.push_back({d.path, text(d.bytes), d.truncated});
        }
    }
    REQUIRE(all.size() == count);
    return all;
}

void send_one(UdpSocket& socket, const Path& path, std::string_view text) {
    SendBatch batch(socket, 1);
    REQUIRE(batch.send(path, bytes(text)));
    REQUIRE(batch.counters().datagrams == 1);
}

// A port that was just ours and is closed now.
Endpoint closed_port(const IpAddress& ip) {
    return bind_or_fail(ip).local();
}

bool receives_nothing(UdpSocket& socket) {
    ReceiveBatch batch(4, 100);
    const auto result = socket.receive(batch);
    REQUIRE(result);
    return result->empty();
}

// Asks `server` at `asked` from a connected socket, which hears no other address.
void check_answer_comes_from(UdpSocket& server, const IpAddress& asked, std::uint32_t scope = 0) {
    CAPTURE(to_string(asked));
    UdpSocket client = connect_or_fail({asked, server.local().port, scope});
    REQUIRE(client.send(bytes("who are you?")) == SendOutcome::sent);
    const Received question = receive(server, 1).front();
    CHECK(question.text == "who are you?");
    CHECK(question.path.local == asked);
    CHECK(question.path.peer == client.local());
    send_one(server, question.path, "me");
    const Received answer = receive(client, 1).front();
    CHECK(answer.text == "me");
    CHECK(answer.path.peer == Endpoint{asked, server.local().port, scope});
}

}  // namespace

TEST_CASE("a bound socket knows its real port and does not share it") {
    UdpSocket first = bind_or_fail(loopback_v4);
    CHECK(first.local().ip == loopback_v4);
    CHECK(first.local().port != 0);
    const auto second = UdpSocket::bind(first.local());
    REQUIRE_FALSE(second);
    CHECK(second.error().code == EADDRINUSE);
    CHECK(second.error().sentence() == "cannot bind 127.0.0.1 port " +
                                           std::to_string(first.local().port) +
                                           ": Address already in use");
    // A documentation address (RFC 5737) is nobody's.
    const auto foreign = UdpSocket::bind({IpAddress::v4(192, 0, 2, 1), 0});
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error().code == EADDRNOTAVAIL);
}

TEST_CASE("without IPv6 the error says so") {
    // A sandbox can't take IPv6 from one process, so only the other branch may be seen here.
    const auto socket = UdpSocket::bind({any_v6, 0});
    if (socket) {
        CHECK(socket->family() == AF_INET6);
    } else {
        CHECK(socket.error().sentence() == "cannot bind :: port 0: this host has no IPv6");
    }
}

TEST_CASE("an answer leaves from the address that was asked") {
    SECTION("IPv4") {
        UdpSocket server = bind_or_fail(any_v4);
        check_answer_comes_from(server, loopback_v4);
        check_answer_comes_from(server, IpAddress::v4(127, 0, 0, 2));
    }
    SECTION("both families on one socket") {
        if (!has_ipv6()) return;
        UdpSocket server = bind_or_fail(any_v6);
        check_answer_comes_from(server, loopback_v6);
        check_answer_comes_from(server, loopback_v4);
        check_answer_comes_from(server, IpAddress::v4(127, 0, 0, 2));
    }
    SECTION("an IPv6 address is not deaf to itself") {
        if (!has_ipv6()) return;
        UdpSocket server = bind_or_fail(loopback_v6);
        check_answer_comes_from(server, loopback_v6);
    }
}

TEST_CASE("a link-local address keeps its scope") {
    ifaddrs* list = nullptr;
    REQUIRE(getifaddrs(&list) == 0);
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
    for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
        if (i->ifa_addr == nullptr || i->ifa_addr->sa_family != AF_INET6) continue;
        sockaddr_storage storage{};
        std::memcpy(&storage, i->ifa_addr, sizeof(sockaddr_in6));
        const auto endpoint = to_endpoint(storage);
        if (!endpoint || endpoint->scope == 0) continue;
        UdpSocket server = bind_or_fail(any_v6);
        check_answer_comes_from(server, endpoint->ip, endpoint->scope);
        return;
    }
    WARN("no link-local address here: the test did not run");
}

TEST_CASE("datagrams come in batches, each whole") {
    UdpSocket server = bind_or_fail(any_v4);
    UdpSocket client = bind_or_fail(loopback_v4);
    SendBatch out(client, 64);
    const Path path{{loopback_v4, server.local().port}, {}};
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < 200; ++i)
        texts.push_back(std::string(i * 7, 'a'));
    for (const std::string& t : texts)
        REQUIRE(out.send(path, bytes(t)));
    out.flush();
    CHECK(out.counters().datagrams == 200);
    CHECK(out.counters().calls < 200);

    ReceiveBatch batch(16, 2048);
    std::vector<std::string> got;
    while (got.size() < texts.size()) {
        REQUIRE(comes(server.fd()));
        const auto some = server.receive(batch);
        REQUIRE(some);
        REQUIRE(some->size() <= 16);
        for (const ReceivedDatagram& d : *some) {
            CHECK_FALSE(d.truncated);
            CHECK(d.path.peer == client.local());
            got.push_back(text(d.bytes));
        }
    }
    std::ranges::sort(got);
    CHECK(got == texts);
    CHECK(receives_nothing(server));
    CHECK(server.receive_overflows() == 0);
}

TEST_CASE("a batch that was not filled says that there was no more") {
    UdpSocket server = bind_or_fail(loopback_v4);
    UdpSocket client = connect_or_fail(server.local());
    for (const char* const t : {"a", "b", "c", "d", "e"})
        REQUIRE(client.send(bytes(t)) == SendOutcome::sent);
    REQUIRE(comes(server.fd()));
    ReceiveBatch batch(2, 100);
    for (const std::size_t expected : {2U, 2U, 1U, 0U}) {
        const auto some = server.receive(batch);
        REQUIRE(some);
        CHECK(some->size() == expected);
        CHECK(batch.is_full() == (expected == 2));
        // Places that were not used by the last receive are as good as those that were.
        for (const ReceivedDatagram& d : *some) {
            CHECK(d.path == Path{client.local(), loopback_v4});
            CHECK_FALSE(d.truncated);
        }
    }
    REQUIRE(client.send(bytes("f")) == SendOutcome::sent);
    REQUIRE(client.send(bytes("g")) == SendOutcome::sent);
    REQUIRE(comes(server.fd()));
    const auto some = server.receive(batch);
    REQUIRE(some);
    REQUIRE(some->size() == 2);
    CHECK(text((*some)[1].bytes) == "g");
    CHECK((*some)[1].path == Path{client.local(), loopback_v4});
    CHECK(batch.is_full());
}

TEST_CASE("a datagram longer than allowed is cut and says so") {
    UdpSocket server = bind_or_fail(loopback_v4);
    UdpSocket client = connect_or_fail(server.local());
    REQUIRE(client.send(bytes("0123456789abcdef!")) == SendOutcome::sent);
    REQUIRE(client.send(bytes("0123456789abcdef")) == SendOutcome::sent);
    REQUIRE(client.send({}) == SendOutcome::sent);
    const auto got = receive(server, 3, ReceiveBatch(4, 16));
    CHECK(got[0].text == "0123456789abcdef");
    CHECK(got[0].truncated);
    CHECK(got[1].text == "0123456789abcdef");
    CHECK_FALSE(got[1].truncated);
    CHECK(got[2].text.empty());
    CHECK_FALSE(got[2].truncated);
}

TEST_CASE("the largest datagram there is passes") {
    UdpSocket server = bind_or_fail(loopback_v4);
    UdpSocket client = connect_or_fail(server.local());
    const std::string largest(65'507, 'x');
    REQUIRE(client.send(bytes(largest)) == SendOutcome::sent);
    const auto got = receive(server, 1, ReceiveBatch());
    CHECK(got[0].text == largest);
    CHECK_FALSE(got[0].truncated);

    const auto overlong = client.send(bytes(largest + "x"));
    REQUIRE_FALSE(overlong);
    CHECK(overlong.error().code == EMSGSIZE);
}

TEST_CASE("what the kernel had to drop is counted") {
    UdpSocket server = bind_or_fail(loopback_v4);
    UdpSocket client = connect_or_fail(server.local());
    const int tiny = 1;
    REQUIRE(setsockopt(server.fd(), SOL_SOCKET, SO_RCVBUF, &tiny, sizeof tiny) == 0);
    const std::string datagram(1000, 'x');
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    ReceiveBatch batch(64, 2048);
    for (; sent < 100; ++sent)
        REQUIRE(client.send(bytes(datagram)) == SendOutcome::sent);
    // The count comes with a later datagram, which must find room itself.
    for (int round = 0; round < 2; ++round) {
        REQUIRE(comes(server.fd()));
        while (true) {
            const auto some = server.receive(batch);
            REQUIRE(some);
            if (some->empty()) break;
            received += some->size();
        }
        if (round == 0) {
            REQUIRE(client.send(bytes("after")) == SendOutcome::sent);
            ++sent;
        }
    }
    CHECK(server.receive_overflows() > 0);
    CHECK(server.receive_overflows() == sent - received);
}

TEST_CASE("a closed port is told by the error queue and fails no other call") {
    struct Row {
        const char* title;
        IpAddress server;
        IpAddress gone;
    };
    const Row rows[] = {
        {"IPv4", any_v4, loopback_v4},
        {"IPv4 over a socket for both", any_v6, loopback_v4},
        {"IPv6", any_v6, loopback_v6},
    };
    for (const Row& row : rows) {
        INFO(row.title);
        if (row.server == any_v6 && !has_ipv6()) continue;
        UdpSocket server = bind_or_fail(row.server);
        const Endpoint gone = closed_port(row.gone);
        send_one(server, {gone, {}}, "are you there?");
        REQUIRE(comes(server.fd(), 0));  // POLLERR needs no asking
        CHECK(receives_nothing(server));
        std::array<Endpoint, 4> room;
        const auto unreachable = server.take_unreachable(room);
        REQUIRE(unreachable.size() == 1);
        CHECK(unreachable[0] == gone);
        CHECK(server.take_unreachable(room).empty());
        pollfd entry{server.fd(), 0, 0};
        CHECK(poll(&entry, 1, 0) == 0);
    }
}

TEST_CASE("the living are served among the dead") {
    UdpSocket server = bind_or_fail(any_v4);
    UdpSocket living = bind_or_fail(loopback_v4);
    std::vector<Endpoint> dead;
    for (int i = 0; i < 20; ++i)
        dead.push_back(closed_port(loopback_v4));

    send_one(server, {dead.front(), {}}, "to nobody");
    REQUIRE(comes(server.fd(), 0));
    send_one(server, {living.local(), {}}, "to you");  // while the error is pending

    SendBatch out(server);
    for (const Endpoint& peer : dead) {
        REQUIRE(out.send({peer, {}}, bytes("to nobody")));
        REQUIRE(out.send({living.local(), loopback_v4}, bytes("to you")));
    }
    out.flush();
    CHECK(out.counters().datagrams == 40);
    CHECK(out.counters().dropped == 0);
    for (const Received& r : receive(living, 21))
        CHECK(r.text == "to you");

    // Little room at a time; a port may have been given out twice above, hence no exact count.
    std::vector<Endpoint> told;
    while (comes(server.fd(), 0)) {
        std::array<Endpoint, 3> room;
        for (const Endpoint& e : server.take_unreachable(room))
            told.push_back(e);
        pollfd entry{server.fd(), 0, 0};
        if (poll(&entry, 1, 0) == 0) break;
    }
    CHECK_FALSE(told.empty());
    CHECK(std::ranges::all_of(
        told, [&dead](const Endpoint& e) { return std::ranges::count(dead, e) > 0; }));
    CHECK(std::ranges::count(told, living.local()) == 0);
}

TEST_CASE("a client is told that its server is not there") {
    const Endpoint nobody = closed_port(loopback_v4);
    UdpSocket client = connect_or_fail(nobody);
    CHECK_FALSE(client.take_refused());

    SECTION("on receiving") {
        REQUIRE(client.send(bytes("hello?")) == SendOutcome::sent);
        REQUIRE(comes(client.fd(), 0));
        CHECK(receives_nothing(client));
        CHECK(client.take_refused());
        CHECK_FALSE(client.take_refused());
    }
    SECTION("on sending, and the next may go") {
        REQUIRE(client.send(bytes("hello?")) == SendOutcome::sent);
        REQUIRE(comes(client.fd(), 0));
        CHECK(client.send(bytes("hello?")) == SendOutcome::refused);
        CHECK(client.take_refused());
        CHECK(client.send(bytes("hello?")) == SendOutcome::sent);
    }
    SECTION("in whichever process asks first, if it shares the socket") {
        REQUIRE(client.send(bytes("hello?")) == SendOutcome::sent);
        REQUIRE(comes(client.fd(), 0));
        auto child = ChildProcess::fork(nullptr, [&client] {
            ReceiveBatch batch(4, 100);
            return client.receive(batch) && client.take_refused() ? 0 : 1;
        });
        REQUIRE(child);
        wait_until_ended(child->pid());
        CHECK(child->reap()->success());
        CHECK(receives_nothing(client));
        CHECK_FALSE(client.take_refused());
    }
}

TEST_CASE("a peer without a way to it is unreachable, not an error") {
    // A network of our own, where our address is replaced under a connected socket, as happens to
    // a laptop that is carried elsewhere.
    constexpr int not_permitted = 77;
    auto child = ChildProcess::fork(nullptr, [] {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return not_permitted;
        const Descriptor control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        const auto set = [&control](unsigned long what, ifreq request) {
            request.ifr_name[0] = 'l';
            request.ifr_name[1] = 'o';
            return ioctl(control.get(), what, &request) == 0;
        };
        const Endpoint neighbour{IpAddress::v4(10, 1, 2, 9), 9};
        const auto set_address = [&set](const IpAddress& ip) {
            ifreq request{};
            sockaddr_storage own{};
            write_socket_address({ip, 0}, AF_INET, own);
            std::memcpy(&request.ifr_addr, &own, sizeof(sockaddr_in));
            return set(SIOCSIFADDR, request);
        };
        ifreq up{};
        up.ifr_flags = IFF_UP;

        const auto without_route = UdpSocket::connect(neighbour);
        if (without_route || without_route.error().code != ENETUNREACH) return 1;
        // In this order, because going up gives the interface 127.0.0.1, and it is the first
        // address that is replaced.
        if (!set(SIOCSIFFLAGS, up) || !set_address(IpAddress::v4(10, 1, 2, 3))) {
            return not_permitted;
        }
        auto client = UdpSocket::connect(neighbour);
        if (!client || !set_address(IpAddress::v4(192, 168, 3, 3))) return 2;
        if (client->send(bytes("x")) != SendOutcome::unreachable) return 3;
        return client->take_refused() && !client->take_refused() ? 0 : 4;
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
