// SPDX-License-Identifier: MIT
#include "sys/udp_socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <linux/errqueue.h>
#include <optional>

#include "sys/socket_address.h"

namespace chat::sys {
namespace {

constexpr int buffer_bytes = 4 * 1024 * 1024;

// Each failing call takes the pending error away, so one retry is enough unless more ICMP arrives
// meanwhile; the bound keeps a flood of it from holding the loop.
constexpr int receive_attempts_max = 16;

// What ICMP and ICMPv6 errors become (icmp_err_convert in the kernel's net/ipv4/icmp.c,
// icmpv6_err_convert in net/ipv6/icmp.c).
bool is_network_error(int code) {
    switch (code) {
        case ECONNREFUSED:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EHOSTDOWN:
        case ENONET:
        case ENOPROTOOPT:
        case EPROTO:
        case EOPNOTSUPP:
        case EACCES:
        case EMSGSIZE:
            return true;
        default:
            return false;
    }
}

bool is_refusal(int code) {
    // EDESTADDRREQ: a reconnect failed.
    return code == ECONNREFUSED || code == EHOSTUNREACH || code == ENETUNREACH ||
           code == ENETDOWN || code == EDESTADDRREQ;
}

bool set_option(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

std::string place(const Endpoint& endpoint) {
    return fmt::format("{} port {}", to_string(endpoint.ip), endpoint.port);
}

Result<Descriptor> open_socket(int family, const std::string& doing) {
    Descriptor descriptor(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (descriptor) return descriptor;
    if (errno == EAFNOSUPPORT && family == AF_INET6) {
        return os_error(EAFNOSUPPORT, doing, "this host has no IPv6");
    }
    return os_error(doing);
}

template <class T>
T control_data(const cmsghdr* control) {
    T value{};
    std::memcpy(&value, CMSG_DATA(control), sizeof value);
    return value;
}

bool is_multicast(const IpAddress& ip) {
    return ip.is_v4() ? (ip.bytes[12] & 0xf0) == 0xe0 : ip.bytes[0] == 0xff;
}

bool is_port_unreachable(msghdr& header) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        const bool is_error = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
                              (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
        if (!is_error) continue;
        const auto error = control_data<sock_extended_err>(c);
        return error.ee_errno == ECONNREFUSED &&
               (error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6);
    }
    return false;
}

}  // namespace

Result<UdpSocket> UdpSocket::bind(const Endpoint& local) {
    const std::string doing = "bind " + place(local);
    const int family = family_of(local);
    auto descriptor = open_socket(family, doing);
    if (!descriptor) return std::unexpected(descriptor.error());

    UdpSocket socket(std::move(*descriptor), family);
    socket.ask_for_large_buffers();
    socket.forbid_fragments();
    if (auto done = socket.ask_for_details(); !done) return std::unexpected(done.error());
    sockaddr_storage address{};
    const socklen_t length = write_socket_address(local, family, address);
    if (::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
        return os_error(doing);
    }
    if (auto done = socket.find_local(); !done) return std::unexpected(done.error());
    return socket;
}

Result<UdpSocket> UdpSocket::connect(const Endpoint& peer) {
    const std::string doing = "reach " + place(peer);
    const int family = family_of(peer);
    auto descriptor = open_socket(family, doing);
    if (!descriptor) return std::unexpected(descriptor.error());

    UdpSocket socket(std::move(*descriptor), family);
    socket.ask_for_large_buffers();
    socket.forbid_fragments();
    sockaddr_storage address{};
    const socklen_t length = write_socket_address(peer, family, address);
    if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
        return os_error(doing);
    }
    if (auto done = socket.find_local(); !done) return std::unexpected(done.error());
    return socket;
}

Result<void> UdpSocket::reconnect(const Endpoint& peer) {
    const std::string doing = "reach " + place(peer);
    sockaddr_storage address{};
    const socklen_t length = write_socket_address(peer, family_, address);
    if (length == 0) return os_error(EAFNOSUPPORT, doing);
    // A socket that is connected keeps its address when it is connected again; one that has been
    // disconnected has none.
    local_ = {};
    sockaddr_storage nobody{};
    nobody.ss_family = AF_UNSPEC;
    if (::connect(fd(), reinterpret_cast<const sockaddr*>(&nobody), sizeof nobody) != 0 ||
        ::connect(fd(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
        return os_error(doing);
    }
    return find_local();
}

void UdpSocket::ask_for_large_buffers() {
    // FORCE needs CAP_NET_ADMIN; without it the kernel gives what net.core.rmem_max allows, which
    // is smaller but works.
    if (!set_option(fd(), SOL_SOCKET, SO_RCVBUFFORCE, buffer_bytes)) {
        set_option(fd(), SOL_SOCKET, SO_RCVBUF, buffer_bytes);
    }
    if (!set_option(fd(), SOL_SOCKET, SO_SNDBUFFORCE, buffer_bytes)) {
        set_option(fd(), SOL_SOCKET, SO_SNDBUF, buffer_bytes);
    }
}

void UdpSocket::forbid_fragments() {
    // "Don't fragment" on every datagram, and the kernel's idea of the path's MTU ignored: that
    // comes from ICMP, which anybody can forge, and fragments of strangers' making could be mixed
    // into ours (RFC 8900). Our datagrams fit: classic ones have at most 1024 bytes, secure ones
    // 1200, and what carries less than 1280 with the headers is no internet of today (IPv6 demands
    // it). One that is longer than the first link takes is refused on sending. Without the options
    // all works, less safely.
    set_option(fd(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    if (family_ == AF_INET6) {
        set_option(fd(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    }
}

Result<void> UdpSocket::ask_for_details() {
    // The IPv4 options also matter on an AF_INET6 socket, for the IPv4 half of a dual stack:
    // without IP_RECVERR its port-unreachable errors are lost, and only IP_PKTINFO tells which
    // address of ours a broadcast was for.
    bool ok = set_option(fd(), IPPROTO_IP, IP_PKTINFO, 1) &&
              set_option(fd(), IPPROTO_IP, IP_RECVERR, 1) &&
              set_option(fd(), SOL_SOCKET, SO_RXQ_OVFL, 1);
    if (ok && family_ == AF_INET6) {
        // The system's default (net.ipv6.bindv6only) must not decide who can join.
        ok = set_option(fd(), IPPROTO_IPV6, IPV6_V6ONLY, 0) &&
             set_option(fd(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
             set_option(fd(), IPPROTO_IPV6, IPV6_RECVERR, 1);
    }
    if (!ok) return os_error("set up the UDP socket");
    return {};
}

Result<void> UdpSocket::find_local() {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (getsockname(fd(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
        return os_error("ask for the UDP socket's address");
    }
    if (const auto endpoint = to_endpoint(address)) local_ = *endpoint;
    return {};
}

Result<std::span<const ReceivedDatagram>> UdpSocket::receive(ReceiveBatch& batch) {
    int count = 0;
    for (int attempt = 1;; ++attempt) {
        batch.prepare();
        count = recvmmsg(fd(), batch.headers_.data(), static_cast<unsigned>(batch.headers_.size()),
                         MSG_DONTWAIT, nullptr);
        if (count >= 0) break;
        if (is_network_error(errno)) {
            refused_ = refused_ || is_refusal(errno);
        } else if (errno != EINTR) {
            if (errno == EAGAIN) return std::span<const ReceivedDatagram>();
            return os_error("receive from the network");
        }
        if (attempt == receive_attempts_max) return std::span<const ReceivedDatagram>();
    }

    batch.used_ = static_cast<std::size_t>(count);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < batch.used_; ++i) {
        msghdr& header = batch.headers_[i].msg_hdr;
        const auto peer = to_endpoint(batch.names_[i]);
        if (!peer) continue;
        auto* const start = static_cast<std::byte*>(batch.vectors_[i].iov_base);
        ReceivedDatagram& datagram = batch.received_[kept++];
        datagram = {
            {*peer, {}}, {start, batch.headers_[i].msg_len}, (header.msg_flags & MSG_TRUNC) != 0};
        read_controls(header, datagram);
    }
    return std::span<const ReceivedDatagram>(batch.received_).first(kept);
}

void UdpSocket::read_controls(msghdr& header, ReceivedDatagram& datagram) {
    std::optional<IpAddress> v4;
    std::optional<IpAddress> v6;
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            // Not ipi_addr: that is the packet's destination, which may be a broadcast address.
            v4 = to_ip_address(control_data<in_pktinfo>(c).ipi_spec_dst);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            v6 = to_ip_address(control_data<in6_pktinfo>(c).ipi6_addr);
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
            note_overflows(control_data<std::uint32_t>(c));
        }
    }
    const IpAddress local = v4.value_or(v6.value_or(IpAddress{}));
    if (!is_multicast(local)) datagram.path.local = local;
}

void UdpSocket::note_overflows(std::uint32_t kernel_count) {
    receive_overflows_ += static_cast<std::uint32_t>(kernel_count - overflows_seen_);
    overflows_seen_ = kernel_count;
}

Result<SendOutcome> UdpSocket::send(std::span<const std::byte> datagram) {
    for (int attempt = 1; attempt <= receive_attempts_max; ++attempt) {
        if (::send(fd(), datagram.data(), datagram.size(), MSG_DONTWAIT) >= 0) {
            return SendOutcome::sent;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN) return SendOutcome::would_block;
        if (!is_refusal(errno)) break;
        refused_ = true;
        return errno == ECONNREFUSED ? SendOutcome::refused : SendOutcome::unreachable;
    }
    return os_error(fmt::format("send {} bytes to the network", datagram.size()));
}

std::span<const Endpoint> UdpSocket::take_unreachable(std::span<Endpoint> room) {
    std::size_t found = 0;
    for (std::size_t read = 0; read < room.size(); ++read) {
        sockaddr_storage name{};
        // The error comes with the address of the router or host that sent the ICMP behind it.
        alignas(cmsghdr) std::array<std::byte, 512> control;
        msghdr header{};
        header.msg_name = &name;
        header.msg_namelen = sizeof name;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
        if (recvmsg(fd(), &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) break;
        if (!is_port_unreachable(header)) continue;
        if (const auto destination = to_endpoint(name)) room[found++] = *destination;
    }
    return room.first(found);
}

bool UdpSocket::take_refused() {
    return std::exchange(refused_, false);
}

}  // namespace chat::sys
