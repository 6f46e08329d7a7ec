// SPDX-License-Identifier: MIT
#include "sys/send_batch.h"

#include <cassert>
#include <cerrno>
#include <cstring>
#include <netinet/udp.h>

#include "sys/socket_address.h"

namespace chat::sys {
namespace {

// An error may be pending from a datagram sent earlier, and the failing call takes it away. What
// fails this often in a row fails for itself.
constexpr int send_attempts_max = 4;

constexpr std::size_t datagrams_max = 1024;  // the kernel's UIO_MAXIOV

constexpr std::size_t segments_max = 64;           // UDP_MAX_SEGMENTS of the first kernels
constexpr std::size_t gathered_bytes_max = 65507;  // in one IPv4 packet, which is then cut

bool knows_segments(int fd) {
    // An older kernel would not refuse such a message but send it as one long datagram.
    int bytes = 0;
    socklen_t length = sizeof bytes;
    return getsockopt(fd, SOL_UDP, UDP_SEGMENT, &bytes, &length) == 0;
}

// What says that a kernel or a device cannot cut messages, beside other things: EIO without
// checksums made by the device, EINVAL with checksums switched off.
bool may_be_about_segments(int code) {
    return code == EIO || code == EINVAL || code == ENOPROTOOPT || code == EOPNOTSUPP;
}

// Behind those that are there; there must be room.
template <class T>
void add_control(msghdr& header, int level, int type, const T& value) {
    auto* const end = static_cast<std::byte*>(header.msg_control) + header.msg_controllen;
    auto* const control = reinterpret_cast<cmsghdr*>(end);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(control), &value, sizeof value);
    header.msg_controllen += CMSG_SPACE(sizeof value);
}

}  // namespace

SendBatch::SendBatch(const UdpSocket& socket, std::size_t datagrams)
    : SendBatch(socket.fd(), socket.family(), datagrams, knows_segments(socket.fd())) {
    bound_ = socket.local().ip;
}

SendBatch::SendBatch(int fd, int family, std::size_t datagrams, bool gathers)
    : fd_(fd),
      family_(family),
      gathers_(gathers),
      headers_(datagrams),
      vectors_(datagrams),
      names_(datagrams),
      controls_(datagrams) {
    assert(datagrams > 0 && datagrams <= datagrams_max);
}

bool SendBatch::send(const Path& path, std::span<const std::byte> datagram) {
    if (blocked_) return false;
    const bool joins = joins_run(path, datagram.size());
    if (!joins && used_ == messages_max) {
        flush();
        if (blocked_) return false;
    }
    // sendmmsg reads only, but iovec serves reading and writing calls alike.
    vectors_[filled_] = {const_cast<std::byte*>(datagram.data()), datagram.size()};
    if (joins) {
        join_run(datagram.size());
    } else if (address(used_, path)) {
        run_ = {path, datagram.size(), datagram.size(), gathers_ && !datagram.empty()};
        ++used_;
    } else {
        ++counters_.dropped;
        return true;
    }
    if (++filled_ == vectors_.size()) flush();
    return true;
}

bool SendBatch::address(std::size_t slot, const Path& path) {
    msghdr& header = headers_[slot].msg_hdr;
    header.msg_name = &names_[slot];
    header.msg_namelen = write_socket_address(path.peer, family_, names_[slot]);
    if (header.msg_namelen == 0) return false;
    header.msg_iov = &vectors_[filled_];
    header.msg_iovlen = 1;
    header.msg_control = &controls_[slot];
    header.msg_controllen = 0;
    if (path.local.is_unspecified() || path.local == bound_) return true;
    if (path.local.is_v4() != path.peer.ip.is_v4()) return false;

    if (family_ == AF_INET) {
        in_pktinfo source{};
        source.ipi_spec_dst = to_in_addr(path.local);
        add_control(header, IPPROTO_IP, IP_PKTINFO, source);
    } else {
        in6_pktinfo source{};
        source.ipi6_addr = to_in6_addr(path.local);
        source.ipi6_ifindex = path.peer.scope;
        add_control(header, IPPROTO_IPV6, IPV6_PKTINFO, source);
    }
    return true;
}

bool SendBatch::joins_run(const Path& path, std::size_t bytes) const {
    return run_.open && bytes > 0 && bytes <= run_.segment_bytes &&
           run_.bytes + bytes <= gathered_bytes_max &&
           headers_[used_ - 1].msg_hdr.msg_iovlen < segments_max && path == run_.path;
}

void SendBatch::join_run(std::size_t bytes) {
    msghdr& header = headers_[used_ - 1].msg_hdr;
    if (++header.msg_iovlen == 2) {
        add_control(header, SOL_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(run_.segment_bytes));
    }
    run_.bytes += bytes;
    run_.open = bytes == run_.segment_bytes;
}

void SendBatch::flush() {
    int failures = 0;
    bool doubts_gathering = false;
    while (next_ < used_) {
        ++counters_.calls;
        const int sent =
            sendmmsg(fd_, &headers_[next_], static_cast<unsigned>(used_ - next_), MSG_DONTWAIT);
        if (sent > 0) {
            for (int i = 0; i < sent; ++i) {
                counters_.datagrams += headers_[next_].msg_hdr.msg_iovlen;
                counters_.bytes += headers_[next_++].msg_len;
            }
            counters_.messages += static_cast<std::uint64_t>(sent);
            failures = 0;
            gathers_ = gathers_ && !doubts_gathering;
            doubts_gathering = false;
            continue;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN) return keep_borrowed_bytes();
        assert(errno != EBADF && errno != ENOTSOCK && errno != EFAULT);
        if (++failures < send_attempts_max) continue;
        failures = 0;
        doubts_gathering = false;
        if (headers_[next_].msg_hdr.msg_iovlen > 1) {
            doubts_gathering = may_be_about_segments(errno);
            ungather();
            continue;
        }
        ++counters_.dropped;
        ++next_;
    }
    next_ = 0;
    used_ = 0;
    filled_ = 0;
    run_.open = false;
    blocked_ = false;
}

// Each datagram that is left becomes a message, at the place of its vector. None of them lies
// before its present message, so going backwards overwrites only what has been moved.
void SendBatch::ungather() {
    const std::size_t first = first_vector(next_);
    std::size_t end = filled_;
    for (std::size_t slot = used_; slot-- > next_;) {
        msghdr header = headers_[slot].msg_hdr;
        const std::size_t begin = first_vector(slot);
        // The segments' size is the last of the controls.
        if (header.msg_iovlen > 1) header.msg_controllen -= CMSG_SPACE(sizeof(std::uint16_t));
        header.msg_iovlen = 1;
        while (end > begin) {
            header.msg_iov = &vectors_[--end];
            headers_[end].msg_hdr = header;
        }
    }
    next_ = first;
    used_ = filled_;
}

std::size_t SendBatch::first_vector(std::size_t slot) const {
    return static_cast<std::size_t>(headers_[slot].msg_hdr.msg_iov - vectors_.data());
}

void SendBatch::keep_borrowed_bytes() {
    if (blocked_) return;  // they are kept since the first time
    blocked_ = true;
    run_.open = false;
    const std::size_t first = first_vector(next_);
    std::size_t total = 0;
    for (std::size_t i = first; i < filled_; ++i)
        total += vectors_[i].iov_len;
    kept_.resize(total);
    std::size_t at = 0;
    for (std::size_t i = first; i < filled_; ++i) {
        iovec& vector = vectors_[i];
        if (vector.iov_len > 0) std::memcpy(kept_.data() + at, vector.iov_base, vector.iov_len);
        vector.iov_base = kept_.data() + at;
        at += vector.iov_len;
    }
}

}  // namespace chat::sys
