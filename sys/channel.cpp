// SPDX-License-Identifier: MIT
#include "sys/channel.h"

#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

namespace chat::sys {
namespace {

// A peer that sends nothing but frames to be skipped must not hold our loop.
constexpr int skips_per_call_max = 8;

}  // namespace

Result<std::pair<Channel, Channel>> Channel::make_pair(std::size_t queue_bytes_max) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
        return os_error("connect two processes");
    }
    return std::pair(Channel(Descriptor(ends[0]), queue_bytes_max),
                     Channel(Descriptor(ends[1]), queue_bytes_max));
}

Channel::Channel(Descriptor descriptor, std::size_t queue_bytes_max)
    : descriptor_(std::move(descriptor)),
      queue_bytes_max_(queue_bytes_max),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(frame_bytes_max)) {}

bool Channel::send(std::span<const std::byte> frame) {
    if (!descriptor_ || peer_gone_) return false;
    if (frame.empty() || frame.size() > frame_bytes_max) return false;
    flush();
    if (queue_.empty()) {
        switch (try_send(frame)) {
            case Attempt::done:
                return true;
            case Attempt::refused:
                return false;
            case Attempt::peer_gone:
                give_up_sending();
                return false;
            case Attempt::later:
                break;
        }
    }
    if (peer_gone_ || frame.size() > queue_bytes_max_ - queue_bytes_) return false;
    queue_.emplace_back(frame.begin(), frame.end());
    queue_bytes_ += frame.size();
    return true;
}

void Channel::flush() {
    while (!queue_.empty()) {
        const Attempt attempt = try_send(queue_.front());
        if (attempt == Attempt::later) return;
        if (attempt == Attempt::peer_gone) return give_up_sending();
        queue_bytes_ -= queue_.front().size();
        queue_.pop_front();
    }
}

Channel::Attempt Channel::try_send(std::span<const std::byte> frame) {
    for (;;) {
        if (::send(fd(), frame.data(), frame.size(), MSG_NOSIGNAL) >= 0) return Attempt::done;
        switch (errno) {
            case EINTR:
                continue;
            case EAGAIN:
            case ENOBUFS:
            case ENOMEM:
                return Attempt::later;
            case EMSGSIZE:  // the system's socket buffers are smaller than a frame
                return Attempt::refused;
            default:
                return Attempt::peer_gone;
        }
    }
}

void Channel::give_up_sending() {
    peer_gone_ = true;
    queue_.clear();
    queue_bytes_ = 0;
}

ReceiveStatus Channel::receive(std::span<const std::byte>& frame) {
    frame = {};
    if (!descriptor_) return ReceiveStatus::closed;
    for (int skips = 0; skips < skips_per_call_max; ++skips) {
        const ssize_t length = ::recv(fd(), buffer_.get(), frame_bytes_max, MSG_TRUNC);
        if (length < 0) {
            if (errno == EAGAIN || errno == EINTR) return ReceiveStatus::empty;
            // The peer died without reading all of ours. It is told once, before the frames that
            // the peer had sent until then; these come next, and then end of file.
            if (errno == ECONNRESET) continue;
            return ReceiveStatus::closed;
        }
        const auto bytes = static_cast<std::size_t>(length);
        if (bytes > 0 && bytes <= frame_bytes_max) {
            frame = {buffer_.get(), bytes};
            return ReceiveStatus::frame;
        }
        if (bytes == 0 && peer_hung_up()) return ReceiveStatus::closed;
        ++frames_skipped_;
    }
    return ReceiveStatus::empty;
}

bool Channel::peer_hung_up() const {
    pollfd entry{fd(), POLLRDHUP, 0};
    return poll(&entry, 1, 0) > 0 && (entry.revents & (POLLRDHUP | POLLHUP)) != 0;
}

void Channel::close() {
    give_up_sending();
    descriptor_.reset();
}

}  // namespace chat::sys
