// SPDX-License-Identifier: MIT
// Gathers datagrams for sendmmsg, and those that follow one another on one path into one message of
// several segments (UDP_SEGMENT, Linux 4.18): it passes the kernel's layers once. Bytes are
// borrowed until flush(); if the kernel has no room (EAGAIN), what is left is copied once and
// send() refuses more until a later flush(), called when the socket polls writable, has emptied
// it. A datagram the kernel will not take for a reason of its own (too long, no route, forbidden)
// is dropped and counted: to UDP's users that is loss like any other. A gathered message that it
// will not take is sent again as single datagrams. All datagrams leave in the order of send();
// nothing is allocated per datagram.
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
    std::uint64_t messages = 0;   // as which they were handed over
    std::uint64_t dropped = 0;    // refused by the kernel, or of a family the socket can't reach
    std::uint64_t calls = 0;      // of sendmmsg
};

class SendBatch final : public TransmitSink {
  public:
    static constexpr std::size_t datagrams_default = 256;
    // More of them in one call save nothing more and push one another out of the caches.
    static constexpr std::size_t messages_max = 64;

    // The socket is borrowed for the batch's life. Gathers if the kernel knows how to.
    explicit SendBatch(const UdpSocket& socket, std::size_t datagrams = datagrams_default);
    // A socket of another kind takes a gathered message for one datagram.
    SendBatch(int fd, int family, std::size_t datagrams, bool gathers = false);
    SendBatch(const SendBatch&) = delete;
    SendBatch& operator=(const SendBatch&) = delete;

    // False, with nothing taken, only while blocked().
    bool send(const Path& path, std::span<const std::byte> datagram) override;
    // Afterwards no borrowed bytes are needed any more, whatever blocked() says.
    void flush();
    // Poll the socket for writing while this is true, and flush() then.
    bool blocked() const { return blocked_; }
    // False for good once the kernel has refused a gathered message and taken its first datagram.
    bool gathers() const { return gathers_; }

    const SendCounters& counters() const { return counters_; }

  private:
    struct alignas(cmsghdr) Control {
        std::byte bytes[CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(std::uint16_t))];
    };
    // The last message, as far as a datagram may still join it.
    struct Run {
        Path path;
        std::size_t segment_bytes = 0;  // of each datagram but the last one, which may be shorter
        std::size_t bytes = 0;
        bool open = false;
    };

    bool address(std::size_t slot, const Path& path);
    bool joins_run(const Path& path, std::size_t bytes) const;
    void join_run(std::size_t bytes);
    void ungather();
    std::size_t first_vector(std::size_t slot) const;
    void keep_borrowed_bytes();

    int fd_;
    int family_;
    IpAddress bound_;  // what the socket sends from without being told; or unspecified
    bool gathers_;
    bool blocked_ = false;
    std::size_t next_ = 0;  // of the messages, the first that has not left
    std::size_t used_ = 0;
    std::size_t filled_ = 0;  // vectors: one for each datagram, in the order of the messages
    Run run_;
    SendCounters counters_;
    std::vector<mmsghdr> headers_;
    std::vector<iovec> vectors_;
    std::vector<sockaddr_storage> names_;
    std::vector<Control> controls_;
    std::vector<std::byte> kept_;
};

}  // namespace chat::sys
