// SPDX-License-Identifier: MIT
#include "bench/load/sockets.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/resource.h>

#include "bench/load/fail.h"
#include "sys/clock.h"

namespace chat::load {
namespace {

constexpr std::size_t batch = 16;
constexpr std::size_t bytes_each = 65536;
// As our client asks for.
constexpr int buffer_bytes = 4 * 1024 * 1024;
constexpr std::size_t others = 64;

void set_option(int fd, int level, int option, int value, const char* what) {
    if (setsockopt(fd, level, option, &value, sizeof value) != 0) fail(what);
}

sockaddr_in address(std::uint32_t ip, std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(ip);
    to.sin_port = htons(port);
    return to;
}

std::size_t segment_bytes(msghdr& header, std::size_t whole) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO) continue;
        int bytes = 0;
        std::memcpy(&bytes, CMSG_DATA(c), sizeof bytes);
        return static_cast<std::size_t>(bytes);
    }
    return whole;
}

}  // namespace

std::size_t socket_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) fail("ask for the limit of open files");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("raise the limit of open files");
    return limit.rlim_max - others;
}

Sockets::Sockets(const Options& options, Account& account)
    : options_(options),
      account_(account),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      events_(1024),
      random_(options.seed + 1),
      buffer_(batch * bytes_each),
      headers_(batch),
      vectors_(batch),
      controls_(batch) {
    if (!epoll_) fail("make an epoll");
}

sys::Descriptor Sockets::open(int type, std::uint32_t index) {
    sys::Descriptor fd(::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) fail("open a socket");
    // From 127.1.0.1 on, and 127.2.0.1 for who has moved; no address ends in 0.
    const std::uint32_t net = 1U + moves_[index] % 100U;
    const std::uint32_t ip = 0x7f00'0000U + (net << 16) + index / 254 * 256 + index % 254 + 1;
    const sockaddr_in own = address(ip, 0);
    const sockaddr_in server = address(INADDR_LOOPBACK, port_);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) {
        fail("bind a member's socket");
    }
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0 &&
        errno != EINPROGRESS) {
        fail("connect a member's socket");
    }
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET | (type == SOCK_STREAM ? EPOLLOUT : 0U);
    event.data.u32 = index;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0) fail("watch a socket");
    return fd;
}

std::uint32_t Sockets::add(int type) {
    const auto index = static_cast<std::uint32_t>(open_.size());
    moves_.push_back(0);
    open_.push_back(open(type, index));
    return index;
}

void Sockets::set_datagram_options(int fd) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, buffer_bytes, "ask for a large buffer");
    set_option(fd, SOL_UDP, UDP_GRO, 1, "ask for segments as they were sent");
}

std::uint32_t Sockets::add_datagram() {
    const std::uint32_t index = add(SOCK_DGRAM);
    set_datagram_options(open_[index].get());
    return index;
}

void Sockets::move_datagram(std::uint32_t socket) {
    ++moves_[socket];
    ++account_.traffic.moved;
    open_[socket] = open(SOCK_DGRAM, socket);
    set_datagram_options(open_[socket].get());
}

std::uint32_t Sockets::add_stream() {
    const std::uint32_t index = add(SOCK_STREAM);
    set_option(open_[index].get(), IPPROTO_TCP, TCP_NODELAY, 1, "send at once");
    return index;
}

std::span<const epoll_event> Sockets::wait(Duration at_most) {
    const std::int64_t us = std::max<std::int64_t>(at_most.us, 0);
    const timespec time{us / 1'000'000, us % 1'000'000 * 1000};
    const int count = epoll_pwait2(epoll_.get(), events_.data(), static_cast<int>(events_.size()),
                                   &time, nullptr);
    if (count < 0 && errno != EINTR) fail("wait for sockets");
    return std::span(events_).first(static_cast<std::size_t>(std::max(count, 0)));
}

bool Sockets::drops() {
    if (loss_permille_ == 0 || random_() % 1000 >= loss_permille_) return false;
    ++account_.traffic.dropped;
    return true;
}

bool Sockets::receive(std::uint32_t socket, const Datagram& take) {
    bool any = false;
    for (;;) {
        for (std::size_t i = 0; i < batch; ++i) {
            vectors_[i] = {buffer_.data() + i * bytes_each, bytes_each};
            headers_[i].msg_hdr = {};
            headers_[i].msg_hdr.msg_iov = &vectors_[i];
            headers_[i].msg_hdr.msg_iovlen = 1;
            headers_[i].msg_hdr.msg_control = controls_[i].bytes;
            headers_[i].msg_hdr.msg_controllen = sizeof controls_[i].bytes;
        }
        const int count = recvmmsg(open_[socket].get(), headers_.data(), batch, 0, nullptr);
        if (count < 0) {
            // A server that is not there at the moment is noticed otherwise.
            if (errno == EAGAIN || errno == ECONNREFUSED) return any;
            fail("receive");
        }
        const Instant at = sys::monotonic_now();
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
            auto rest = std::span(buffer_).subspan(i * bytes_each, headers_[i].msg_len);
            const std::size_t each = segment_bytes(headers_[i].msg_hdr, rest.size());
            while (!rest.empty()) {
                const auto one = rest.first(std::min(each, rest.size()));
                rest = rest.subspan(one.size());
                ++account_.traffic.datagrams_in;
                account_.traffic.bytes_in += one.size();
                if (!drops()) take(at, one);
            }
        }
        any = true;
        if (static_cast<std::size_t>(count) < batch) return any;
    }
}

void Sockets::send(std::uint32_t socket, std::span<const std::byte> datagram) {
    ++account_.traffic.datagrams_out;
    account_.traffic.bytes_out += datagram.size();
    if (drops()) return;
    // What does not leave is lost like any datagram, and repeated by whoever sent it.
    if (::send(open_[socket].get(), datagram.data(), datagram.size(), 0) < 0 && errno != EAGAIN &&
        errno != ECONNREFUSED && errno != ENOBUFS) {
        fail("send");
    }
}

std::optional<std::span<const std::byte>> Sockets::read(std::uint32_t socket) {
    const ssize_t count = ::recv(open_[socket].get(), buffer_.data(), buffer_.size(), 0);
    if (count == 0) return std::nullopt;
    if (count < 0) {
        if (errno == EAGAIN) return std::span<const std::byte>();
        fail("read from a server");
    }
    account_.traffic.bytes_in += static_cast<std::size_t>(count);
    return std::span(buffer_).first(static_cast<std::size_t>(count));
}

std::size_t Sockets::write(std::uint32_t socket, std::string_view bytes) {
    const ssize_t count = ::send(open_[socket].get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) {
        if (errno == EAGAIN || errno == ENOTCONN) return 0;
        fail("write to a server");
    }
    account_.traffic.bytes_out += static_cast<std::size_t>(count);
    return static_cast<std::size_t>(count);
}

}  // namespace chat::load
