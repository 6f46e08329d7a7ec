// SPDX-License-Identifier: MIT
#include "bench/load/raw_server.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <span>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "bench/load/fail.h"

namespace chat::load {
namespace {

constexpr std::size_t batch = 64;
constexpr std::size_t datagram_bytes = 1200;
constexpr std::size_t entries_each = datagram_bytes / raw_entry_bytes;
constexpr std::size_t segments_max = 50;  // 60,000 bytes: less than the longest UDP datagram
constexpr int buffer_bytes = 4 * 1024 * 1024;

class RawServer {
  public:
    explicit RawServer(int first_line_to) : fd_(::socket(AF_INET, SOCK_DGRAM, 0)) {
        sockaddr_in own{};
        own.sin_family = AF_INET;
        own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof own;
        setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
        setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
        if (::bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
            ::getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &length) != 0) {
            fail("bind the raw server's socket");
        }
        const std::string line = fmt::format("listening on 127.0.0.1:{}\n", ntohs(own.sin_port));
        if (::write(first_line_to, line.data(), line.size()) < 0) fail("tell the port");
        for (std::size_t i = 0; i < batch; ++i) {
            vectors_[i] = {buffers_[i].data(), buffers_[i].size()};
            headers_[i].msg_hdr.msg_iov = &vectors_[i];
            headers_[i].msg_hdr.msg_iovlen = 1;
            headers_[i].msg_hdr.msg_name = &names_[i];
        }
    }

    // Entries that came, at most `count` datagrams of them; waits for the first.
    std::vector<std::byte> receive(std::size_t count) {
        for (auto& header : headers_)
            header.msg_hdr.msg_namelen = sizeof(sockaddr_in);
        const int got =
            ::recvmmsg(fd_, headers_.data(), static_cast<unsigned>(count), MSG_WAITFORONE, nullptr);
        std::vector<std::byte> entries;
        for (int i = 0; i < got; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const auto bytes = std::span(buffers_[at]).first(headers_[at].msg_len);
            if (bytes.size() == raw_entry_bytes) {
                entries.insert(entries.end(), bytes.begin(), bytes.end());
            } else {
                members_.push_back(names_[at]);
                send_to(names_[at], std::as_bytes(std::span("j", 1)));
            }
        }
        return entries;
    }
    void send_to(const sockaddr_in& to, std::span<const std::byte> bytes) const {
        ::sendto(fd_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                 sizeof to);
    }
    void send_segments(std::span<std::byte> entries) {
        alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(std::uint16_t))> control{};
        iovec vector{entries.data(), entries.size()};
        std::array<mmsghdr, batch> out{};
        for (std::size_t next = 0; next < members_.size();) {
            const std::size_t count = std::min(batch, members_.size() - next);
            for (std::size_t i = 0; i < count; ++i) {
                msghdr& header = out[i].msg_hdr;
                header.msg_name = &members_[next + i];
                header.msg_namelen = sizeof(sockaddr_in);
                header.msg_iov = &vector;
                header.msg_iovlen = 1;
                if (entries.size() <= datagram_bytes) continue;
                header.msg_control = control.data();
                header.msg_controllen = control.size();
                cmsghdr* const segment = CMSG_FIRSTHDR(&header);
                segment->cmsg_level = SOL_UDP;
                segment->cmsg_type = UDP_SEGMENT;
                segment->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
                constexpr std::uint16_t size = datagram_bytes;
                std::memcpy(CMSG_DATA(segment), &size, sizeof size);
            }
            const int sent = ::sendmmsg(fd_, out.data(), static_cast<unsigned>(count), 0);
            next += sent > 0 ? static_cast<std::size_t>(sent) : 1;
        }
    }
    const std::vector<sockaddr_in>& members() const { return members_; }

  private:
    int fd_;
    std::vector<sockaddr_in> members_;
    std::array<std::array<std::byte, 256>, batch> buffers_{};
    std::array<iovec, batch> vectors_{};
    std::array<mmsghdr, batch> headers_{};
    std::array<sockaddr_in, batch> names_{};
};

}  // namespace

void serve_with_sendto(int first_line_to) {
    RawServer server(first_line_to);
    for (;;) {
        const auto entry = server.receive(1);
        if (entry.empty()) continue;
        for (const auto& member : server.members())
            server.send_to(member, entry);
    }
}

void serve_with_segments(int first_line_to) {
    RawServer server(first_line_to);
    for (;;) {
        auto entries = server.receive(batch);
        const std::size_t most = entries_each * raw_entry_bytes * segments_max;
        for (auto rest = std::span(entries); !rest.empty();) {
            const auto now = rest.first(std::min(most, rest.size()));
            server.send_segments(now);
            rest = rest.subspan(now.size());
        }
    }
}

}  // namespace chat::load
