// SPDX-License-Identifier: MIT
// The sockets of all members, on one epoll: UDP and TCP, each connected to the server on 127.0.0.1
// from an address of 127/8 of its own, because a server limits what comes from one address. One
// recvmmsg takes what is there, GRO unpacked, so that a server that sends segments at once does not
// make the generator the bottleneck. Datagrams are dropped on purpose here, in both directions.
// Errors of the system end the program: a measurement without a member is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <netinet/in.h>
#include <optional>
#include <random>
#include <span>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <vector>

#include "bench/load/account.h"
#include "bench/load/options.h"
#include "proto/wire/time.h"
#include "sys/descriptor.h"

namespace chat::load {

// How many sockets this process may have; raises its limit as far as it may.
std::size_t socket_limit();

class Sockets {
  public:
    using Datagram = std::function<void(Instant at, std::span<std::byte> datagram)>;

    Sockets(const Options& options, Account& account);

    // The server's port is known only once it has started.
    void set_port(std::uint16_t port) { port_ = port; }
    std::size_t size() const { return open_.size(); }
    // From now on datagrams get lost as the options say.
    void begin_loss() { loss_permille_ = options_.loss_permille; }
    // The number of a new one.
    std::uint32_t add_datagram();
    std::uint32_t add_stream();
    // The same socket from another address. What is under way to the old one is lost.
    void move_datagram(std::uint32_t socket);

    // Waits for at most so long; gives the sockets with something to read or room to write again.
    std::span<const epoll_event> wait(Duration at_most);

    // All datagrams that are there. False: none were.
    bool receive(std::uint32_t socket, const Datagram& take);
    void send(std::uint32_t socket, std::span<const std::byte> datagram);

    // Streams. Nothing at the end of the stream; what is returned is valid until the next call.
    std::optional<std::span<const std::byte>> read(std::uint32_t socket);
    // How much was taken.
    std::size_t write(std::uint32_t socket, std::string_view bytes);

  private:
    struct alignas(cmsghdr) Control {
        std::byte bytes[CMSG_SPACE(sizeof(int)) * 2];
    };

    std::uint32_t add(int type);
    sys::Descriptor open(int type, std::uint32_t socket);
    void set_datagram_options(int fd);
    bool drops();

    const Options& options_;
    Account& account_;
    std::uint16_t port_ = 0;
    unsigned loss_permille_ = 0;
    sys::Descriptor epoll_;
    std::vector<sys::Descriptor> open_;
    std::vector<std::uint8_t> moves_;  // of each, modulo 256
    std::vector<epoll_event> events_;
    std::mt19937_64 random_;

    std::vector<std::byte> buffer_;
    std::vector<mmsghdr> headers_;
    std::vector<iovec> vectors_;
    std::vector<Control> controls_;
};

}  // namespace chat::load
