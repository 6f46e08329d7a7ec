// SPDX-License-Identifier: MIT
#include "sys/send_batch.h"

#include <cassert>
#include <cerrno>
#include <cstring>

#include "sys/socket_address.h"

namespace chat::sys {
namespace {

// An error may be pending from a datagram sent earlier, and the failing call takes it away. What
// fails this often in a row fails for itself.
constexpr int attempts_max = 4;

constexpr std::size_t datagrams_max = 1024;  // the kernel's UIO_MAXIOV

template <class T>
std::size_t write_control(msghdr& header, int level, int type, const T& value) {
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(control), &value, sizeof value);
    return CMSG_SPACE(sizeof value);
}

}  // namespace

SendBatch::SendBatch(int fd, int family, std::size_t datagrams)
    : fd_(fd),
      family_(family),
      headers_(datagrams),
      vectors_(datagrams),
      names_(datagrams),
      controls_(datagrams) {
    assert(datagrams > 0 && datagrams <= datagrams_max);
    for (std::size_t i = 0; i < datagrams; ++i) {
        headers_[i].msg_hdr.msg_name = &names_[i];
        headers_[i].msg_hdr.msg_iov = &vectors_[i];
        headers_[i].msg_hdr.msg_iovlen = 1;
    }
}

bool SendBatch::send(const Path& path, std::span<const std::byte> datagram) {
    if (blocked_) return false;
    if (!address(used_, path)) {
        ++counters_.dropped;
        return true;
    }
    // sendmmsg reads only, but iovec serves reading and writing calls alike.
    vectors_[used_] = {const_cast<std::byte*>(datagram.data()), datagram.size()};
    if (++used_ == headers_.size()) flush();
    return true;
}

bool SendBatch::address(std::size_t slot, const Path& path) {
    msghdr& header = headers_[slot].msg_hdr;
    header.msg_namelen = write_socket_address(path.peer, family_, names_[slot]);
    if (header.msg_namelen == 0) return false;
    header.msg_control = nullptr;
    header.msg_controllen = 0;
    if (path.local.is_unspecified()) return true;
    if (path.local.is_v4() != path.peer.ip.is_v4()) return false;

    header.msg_control = &controls_[slot];
    header.msg_controllen = sizeof(Control);
    if (family_ == AF_INET) {
        in_pktinfo source{};
        source.ipi_spec_dst = to_in_addr(path.local);
        header.msg_controllen = write_control(header, IPPROTO_IP, IP_PKTINFO, source);
    } else {
        in6_pktinfo source{};
        source.ipi6_addr = to_in6_addr(path.local);
        source.ipi6_ifindex = path.peer.scope;
        header.msg_controllen = write_control(header, IPPROTO_IPV6, IPV6_PKTINFO, source);
    }
    return true;
}

void SendBatch::flush() {
    int failures = 0;
    while (next_ < used_) {
        ++counters_.calls;
        const int sent =
            sendmmsg(fd_, &headers_[next_], static_cast<unsigned>(used_ - next_), MSG_DONTWAIT);
        if (sent > 0) {
            for (int i = 0; i < sent; ++i)
                counters_.bytes += headers_[next_++].msg_len;
            counters_.datagrams += static_cast<std::uint64_t>(sent);
            failures = 0;
            continue;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN) return keep_borrowed_bytes();
        assert(errno != EBADF && errno != ENOTSOCK && errno != EFAULT);
        if (++failures < attempts_max) continue;
        ++counters_.dropped;
        ++next_;
        failures = 0;
    }
    next_ = 0;
    used_ = 0;
    blocked_ = false;
}

void SendBatch::keep_borrowed_bytes() {
    if (blocked_) return;  // they are kept since the first time
    blocked_ = true;
    std::size_t total = 0;
    for (std::size_t i = next_; i < used_; ++i)
        total += vectors_[i].iov_len;
    kept_.resize(total);
    std::size_t at = 0;
    for (std::size_t i = next_; i < used_; ++i) {
        iovec& vector = vectors_[i];
        if (vector.iov_len > 0) std::memcpy(kept_.data() + at, vector.iov_base, vector.iov_len);
        vector.iov_base = kept_.data() + at;
        at += vector.iov_len;
    }
}

}  // namespace chat::sys
