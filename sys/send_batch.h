// SPDX-License-Identifier: MIT
// Gathers datagrams for sendmmsg. Bytes are borrowed until flush(); if the kernel has no room
// (EAGAIN), what is left is copied once and send() refuses more until a later flush(), called
// when the socket polls writable, has emptied it. A datagram the kernel will not take for a
// reason of its own (too long, no route, forbidden) is dropped and counted: to UDP's users that
// is loss like any other. Nothing is allocated per datagram.
#pragma once

#include <cstddef>
#include <cstdint>
#include <netinet/in.h>
#include <span>
#include <sys/socket.h>
#include <vector>

#include "proto/wire/transmit.h"
#include "sys/udp_socket.h"

namespace chat::sys {

struct SendCounters {
    std::uint64_t datagrams = 0;  // handed to the kernel
    std::uint64_t bytes = 0;      // payload of these
    std::uint64_t dropped = 0;    // refused by the kernel, or of a family the socket can't reach
    std::uint64_t calls = 0;      // of sendmmsg
};

class SendBatch final : public TransmitSink {
  public:
    static constexpr std::size_t datagrams_default = 64;

    // The socket is borrowed for the batch's life.
    explicit SendBatch(const UdpSocket& socket, std::size_t datagrams = datagrams_default)
        : SendBatch(socket.fd(), socket.family(), datagrams) {}
    SendBatch(int fd, int family, std::size_t datagrams);
    SendBatch(const SendBatch&) = delete;
    SendBatch& operator=(const SendBatch&) = delete;

    // False, with nothing taken, only while blocked().
    bool send(const Path& path, std::span<const std::byte> datagram) override;
    // Afterwards no borrowed bytes are needed any more, whatever blocked() says.
    void flush();
    // Poll the socket for writing while this is true, and flush() then.
    bool blocked() const { return blocked_; }

    const SendCounters& counters() const { return counters_; }

  private:
    struct alignas(cmsghdr) Control {
        std::byte bytes[CMSG_SPACE(sizeof(in6_pktinfo))];
    };

    bool address(std::size_t slot, const Path& path);
    void keep_borrowed_bytes();

    int fd_;
    int family_;
    std::size_t next_ = 0;  // of the slots filled, the first that has not left
    std::size_t used_ = 0;
    bool blocked_ = false;
    SendCounters counters_;
    std::vector<mmsghdr> headers_;
    std::vector<iovec> vectors_;
    std::vector<sockaddr_storage> names_;
    std::vector<Control> controls_;
    std::vector<std::byte> kept_;
};

}  // namespace chat::sys
