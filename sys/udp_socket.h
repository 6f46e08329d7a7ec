// SPDX-License-Identifier: MIT
// A non-blocking UDP socket: bound (a server's, any peer) or connected (a client's, one peer).
// Sending in batches is sys/send_batch.h. An ICMP error about an earlier datagram is pending on
// the socket until some call on it returns it; here it never counts as a failure of that call.
// Bound sockets tell through take_unreachable() who is gone, connected ones through
// take_refused(). A socket shared across fork shares the pending error: it surfaces once, in
// whichever process calls next, so both must ask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "proto/wire/endpoint.h"
#include "sys/descriptor.h"
#include "sys/error.h"
#include "sys/receive_batch.h"

namespace chat::sys {

enum class SendOutcome {
    sent,
    would_block,  // not sent; try again when the socket polls writable
    refused,      // not sent: an earlier datagram met a closed port. Trying again is allowed.
    unreachable,  // not sent: there is no way to the peer at present
};

class UdpSocket {
  public:
    // Listens on `local`; port 0 lets the kernel choose, :: listens on both families. Says for
    // each datagram which of our addresses it was sent to.
    static Result<UdpSocket> bind(const Endpoint& local);
    // Talks with `peer` only; the kernel drops what others send. Our address is chosen here, once:
    // after a move to another network nothing gets through until reconnect() (IPv4 says
    // `unreachable` then, IPv6 goes on sending from the lost address without an error).
    static Result<UdpSocket> connect(const Endpoint& peer);

    // Connected sockets only: chooses our address and port anew, on the same descriptor, so every
    // process that shares the socket has the new ones; only this object's local() tells. What had
    // been received stays readable. After an error there is no peer, sending says `unreachable`,
    // and trying again is allowed. `peer` must be of the socket's family.
    Result<void> reconnect(const Endpoint& peer);

    // Our end, with the real port.
    const Endpoint& local() const { return local_; }
    int fd() const { return descriptor_.get(); }
    int family() const { return family_; }  // AF_INET or AF_INET6

    // One recvmmsg. Empty: nothing there. A bound socket polls as failed while it has ICMP
    // errors queued, so call take_unreachable() then, or the loop spins.
    Result<std::span<const ReceivedDatagram>> receive(ReceiveBatch& batch);

    // Connected sockets only. Errors are for what will fail again: too long (EMSGSIZE), forbidden.
    Result<SendOutcome> send(std::span<const std::byte> datagram);

    // Bound sockets only: fills `room` with destinations for which "port unreachable" came back
    // (the same one perhaps several times) and returns the part filled. Reads at most as many
    // queued errors as `room` is long; whoever polls comes again if there are more. Anybody who
    // can see or guess ports can forge ICMP, so it is a hint and no proof.
    std::span<const Endpoint> take_unreachable(std::span<Endpoint> room);

    // Connected sockets only: has the peer been refused or unreachable since last asked, in this
    // process, on sending or receiving?
    bool take_refused();

    // Datagrams the kernel dropped because we did not receive fast enough; known with the next
    // datagram that gets through.
    std::uint64_t receive_overflows() const { return receive_overflows_; }

  private:
    UdpSocket(Descriptor descriptor, int family)
        : descriptor_(std::move(descriptor)), family_(family) {}

    void ask_for_large_buffers();
    void forbid_fragments();
    Result<void> ask_for_details();
    Result<void> find_local();
    void note_overflows(std::uint32_t kernel_count);
    void read_controls(msghdr& header, ReceivedDatagram& datagram);

    Descriptor descriptor_;
    int family_;
    Endpoint local_;
    bool refused_ = false;
    std::uint32_t overflows_seen_ = 0;  // the kernel's counter, which wraps
    std::uint64_t receive_overflows_ = 0;
};

}  // namespace chat::sys
