// SPDX-License-Identifier: MIT
// Buffers for the datagrams of one poll_transmit: a sink borrows bytes until it has been flushed,
// so each datagram has a place of its own until the next round. A datagram that the sink refused
// is sealed already and its counter used, so it is kept and offered again first.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "proto/wire/datagram.h"
#include "proto/wire/transmit.h"

namespace chat::client {

class DatagramBuffers {
  public:
    // The sink has let go of everything. False: it refuses again.
    bool begin_round(TransmitSink& sink) {
        used_ = 0;
        if (!refused_) return true;
        std::swap(buffers_[0], buffers_[refused_index_]);
        refused_ = false;
        used_ = 1;
        return offer(sink, 0, refused_bytes_);
    }
    // All zero.
    std::span<std::byte> next() {
        if (used_ == buffers_.size()) buffers_.push_back(std::make_unique<Buffer>());
        Buffer& buffer = *buffers_[used_++];
        buffer.fill({});
        return buffer;
    }
    // The first `bytes` of what next() gave last. False: refused, to be kept.
    bool send_last(TransmitSink& sink, std::size_t bytes) { return offer(sink, used_ - 1, bytes); }

  private:
    using Buffer = std::array<std::byte, datagram::bytes_max>;

    bool offer(TransmitSink& sink, std::size_t index, std::size_t bytes) {
        if (sink.send({}, std::span(*buffers_[index]).first(bytes))) return true;
        refused_ = true;
        refused_index_ = index;
        refused_bytes_ = bytes;
        return false;
    }

    std::vector<std::unique_ptr<Buffer>> buffers_;
    std::size_t used_ = 0;
    bool refused_ = false;
    std::size_t refused_index_ = 0;
    std::size_t refused_bytes_ = 0;
};

}  // namespace chat::client
