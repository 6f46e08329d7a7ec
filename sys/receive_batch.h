// SPDX-License-Identifier: MIT
// Where UdpSocket::receive puts datagrams: everything one recvmmsg needs, allocated once. What a
// receive returned is valid until the next receive into the same batch. Pages that no datagram
// has reached are never touched, so a large batch costs address space and not memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <netinet/in.h>
#include <sys/socket.h>
#include <vector>

#include "proto/wire/received_datagram.h"

namespace chat::sys {

class ReceiveBatch {
  public:
    static constexpr std::size_t datagrams_default = 64;
    static constexpr std::size_t bytes_default = 65535;  // no UDP datagram is longer

    explicit ReceiveBatch(std::size_t datagrams = datagrams_default,
                          std::size_t bytes_each = bytes_default);

    // Whether the last receive filled it: there may be more. Else there was no more at that time,
    // and whatever came since makes the socket poll readable.
    bool is_full() const { return used_ == headers_.size(); }

  private:
    friend class UdpSocket;

    // Room for IP_PKTINFO and IPV6_PKTINFO (a dual-stack socket gives both) and SO_RXQ_OVFL.
    struct alignas(cmsghdr) Control {
        std::byte bytes[CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(in6_pktinfo)) +
                        CMSG_SPACE(sizeof(std::uint32_t))];
    };

    // Makes the places that the last receive used ready for the next one.
    void prepare();

    std::size_t used_ = 0;  // by the last receive, from the first on
    std::unique_ptr<std::byte[]> buffer_;
    std::vector<mmsghdr> headers_;
    std::vector<iovec> vectors_;
    std::vector<sockaddr_storage> names_;
    std::vector<Control> controls_;
    std::vector<ReceivedDatagram> received_;
};

}  // namespace chat::sys
