// SPDX-License-Identifier: MIT
// One end of a connection between two processes of one machine, made of frames that arrive whole
// or not at all (SOCK_SEQPACKET). It does not know what a frame means. A frame has 1 to
// frame_bytes_max bytes: an empty one could not be told from end of file. End of file means that
// the other process is gone. What the peer sends is not trusted: empty and overlong frames are
// counted and skipped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "sys/descriptor.h"
#include "sys/error.h"

namespace chat::sys {

enum class ReceiveStatus { frame, empty, closed };

class Channel {
  public:
    static constexpr std::size_t frame_bytes_max = 64 * 1024;
    static constexpr std::size_t queue_bytes_default = 1024 * 1024;

    // Two ends, made before a fork; each process then closes the other's.
    static Result<std::pair<Channel, Channel>> make_pair(
        std::size_t queue_bytes_max = queue_bytes_default);

    // Takes over a connected SOCK_SEQPACKET socket. On a blocking one send() and receive() wait.
    explicit Channel(Descriptor descriptor, std::size_t queue_bytes_max = queue_bytes_default);

    int fd() const { return descriptor_.get(); }  // -1 after close()

    // Sends now or queues. False: the queue is full, the frame's length is not allowed, or the
    // peer is gone; the frame is lost then.
    bool send(std::span<const std::byte> frame);
    // Poll for writing while this is true, and flush() then.
    bool wants_write() const { return !queue_.empty(); }
    void flush();

    // `frame` is valid until the next call. After `closed` nothing more will come.
    ReceiveStatus receive(std::span<const std::byte>& frame);
    std::uint64_t frames_skipped() const { return frames_skipped_; }

    void close();

  private:
    enum class Attempt { done, later, refused, peer_gone };
    Attempt try_send(std::span<const std::byte> frame);
    bool peer_hung_up() const;
    void give_up_sending();

    Descriptor descriptor_;
    std::size_t queue_bytes_max_;
    std::size_t queue_bytes_ = 0;
    std::deque<std::vector<std::byte>> queue_;
    bool peer_gone_ = false;
    std::uint64_t frames_skipped_ = 0;
    std::unique_ptr<std::byte[]> buffer_;
};

}  // namespace chat::sys
