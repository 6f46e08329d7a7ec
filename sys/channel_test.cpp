// SPDX-License-Identifier: MIT
#include "sys/channel.h"

#include <csignal>
#include <sys/socket.h>

#include "sys/child_process.h"
#include "sys/test_support.h"

using namespace chat::sys;
using namespace chat::sys::test;

namespace {

std::pair<Channel, Channel> make_pair(std::size_t queue_bytes_max = Channel::queue_bytes_default) {
    auto pair = Channel::make_pair(queue_bytes_max);
    REQUIRE(pair);
    return std::move(*pair);
}

std::string numbered(std::size_t i) {
    return std::to_string(i) + std::string(900, '.');
}

}  // namespace

TEST_CASE("frames keep their boundaries and their order, both ways") {
    auto [a, b] = make_pair();
    std::span<const std::byte> frame;
    CHECK(b.receive(frame) == ReceiveStatus::empty);

    const std::string largest(Channel::frame_bytes_max, 'x');
    CHECK(a.send(bytes("one")));
    CHECK(a.send(bytes("2")));
    CHECK(a.send(bytes(largest)));
    CHECK_FALSE(a.wants_write());
    for (const std::string& expected : {std::string("one"), std::string("2"), largest}) {
        REQUIRE(b.receive(frame) == ReceiveStatus::frame);
        CHECK(text(frame) == expected);
    }
    CHECK(b.receive(frame) == ReceiveStatus::empty);
    CHECK(b.send(bytes("back")));
    REQUIRE(a.receive(frame) == ReceiveStatus::frame);
    CHECK(text(frame) == "back");
}

TEST_CASE("frames of no length or too long are not sent") {
    auto [a, b] = make_pair();
    CHECK_FALSE(a.send({}));
    CHECK_FALSE(a.send(bytes(std::string(Channel::frame_bytes_max + 1, 'x'))));
    std::span<const std::byte> frame;
    CHECK(b.receive(frame) == ReceiveStatus::empty);
}

TEST_CASE("a peer's empty and overlong frames are skipped and counted, not taken for its end") {
    auto [a, b] = make_pair();
    const std::string overlong(Channel::frame_bytes_max + 1, 'x');
    REQUIRE(::send(a.fd(), nullptr, 0, 0) == 0);
    REQUIRE(::send(a.fd(), overlong.data(), overlong.size(), 0) ==
            static_cast<ssize_t>(overlong.size()));
    CHECK(a.send(bytes("good")));
    std::span<const std::byte> frame;
    REQUIRE(b.receive(frame) == ReceiveStatus::frame);
    CHECK(text(frame) == "good");
    CHECK(b.frames_skipped() == 2);
    CHECK(b.receive(frame) == ReceiveStatus::empty);
}

TEST_CASE("a flood of empty frames gives the loop back now and then") {
    auto [a, b] = make_pair();
    // Fewer than the ten datagrams that every kernel queues (net.unix.max_dgram_qlen).
    for (int i = 0; i < 9; ++i)
        REQUIRE(::send(a.fd(), nullptr, 0, 0) == 0);
    CHECK(a.send(bytes("good")));
    std::span<const std::byte> frame;
    CHECK(b.receive(frame) == ReceiveStatus::empty);
    REQUIRE(b.receive(frame) == ReceiveStatus::frame);
    CHECK(text(frame) == "good");
    CHECK(b.frames_skipped() == 9);
}

TEST_CASE("what the kernel has no room for is queued, up to the limit, and flushed in order") {
    auto [a, b] = make_pair(10'000);
    std::size_t accepted = 0;
    while (a.send(bytes(numbered(accepted))))
        ++accepted;
    CHECK(a.wants_write());
    CHECK_FALSE(a.send(bytes(numbered(accepted))));

    std::span<const std::byte> frame;
    std::size_t received = 0;
    while (received < accepted) {
        const ReceiveStatus status = b.receive(frame);
        if (status == ReceiveStatus::empty) {
            REQUIRE(a.wants_write());
            REQUIRE(comes(a.fd(), POLLOUT));
            a.flush();
            continue;
        }
        REQUIRE(status == ReceiveStatus::frame);
        REQUIRE(text(frame) == numbered(received));
        ++received;
    }
    CHECK_FALSE(a.wants_write());
    CHECK(b.receive(frame) == ReceiveStatus::empty);

    std::size_t accepted_again = 0;
    while (a.send(bytes(numbered(accepted_again))))
        ++accepted_again;
    CHECK(accepted_again == accepted);
}

TEST_CASE("a closed peer is end of file for the reader and refusal for the writer") {
    auto [a, b] = make_pair();
    CHECK(a.send(bytes("last words")));
    a.close();
    CHECK(a.fd() == -1);
    CHECK_FALSE(a.send(bytes("x")));
    std::span<const std::byte> frame;
    CHECK(a.receive(frame) == ReceiveStatus::closed);
    REQUIRE(b.receive(frame) == ReceiveStatus::frame);
    CHECK(text(frame) == "last words");
    CHECK(b.receive(frame) == ReceiveStatus::closed);
    CHECK(b.receive(frame) == ReceiveStatus::closed);
    CHECK_FALSE(b.send(bytes("anyone?")));
    CHECK_FALSE(b.wants_write());
}

TEST_CASE("last words are heard although the peer left ours unread") {
    auto [a, b] = make_pair();
    CHECK(b.send(bytes("never read")));
    CHECK(a.send(bytes("last words")));
    a.close();
    std::span<const std::byte> frame;
    REQUIRE(b.receive(frame) == ReceiveStatus::frame);
    CHECK(text(frame) == "last words");
    CHECK(b.receive(frame) == ReceiveStatus::closed);
}

TEST_CASE("a queue is given up when its reader dies") {
    auto [a, b] = make_pair(4000);
    std::size_t n = 0;
    while (a.send(bytes(numbered(n))))
        ++n;
    REQUIRE(a.wants_write());
    b.close();
    a.flush();
    CHECK_FALSE(a.wants_write());
    CHECK_FALSE(a.send(bytes("x")));
}

TEST_CASE("a killed process is end of file at the other end") {
    auto [mine, its] = make_pair();
    auto child = ChildProcess::fork(nullptr, [&mine, &its] {
        mine.close();
        its.send(bytes("ready"));
        std::span<const std::byte> frame;
        comes(its.fd());
        return static_cast<int>(its.receive(frame));
    });
    REQUIRE(child);
    its.close();
    std::span<const std::byte> frame;
    REQUIRE(comes(mine.fd()));
    REQUIRE(mine.receive(frame) == ReceiveStatus::frame);
    child->kill(SIGKILL);
    REQUIRE(comes(mine.fd()));
    CHECK(mine.receive(frame) == ReceiveStatus::closed);
}
