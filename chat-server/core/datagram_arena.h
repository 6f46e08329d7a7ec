// SPDX-License-Identifier: MIT
// Buffers in which datagrams are written and sealed in place, lent to the sink until it is flushed.
// When all are lent the caller flushes and comes again. One for which the sink has no room is kept
// for the next time: a sealed datagram has used up its counter and cannot be made again.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "proto/wire/datagram.h"
#include "proto/wire/transmit.h"

namespace chat::server {

class DatagramArena {
  public:
    explicit DatagramArena(std::size_t buffers) : buffers_(buffers) {}

    // Everything lent before has been flushed. False: what was kept still has no room.
    bool begin(TransmitSink& sink) {
        if (kept_) {
            buffers_[0] = buffers_[used_];
            used_ = 0;
            const Kept again = *kept_;
            kept_.reset();
            send(again.path, again.size, sink);
            return !kept_;
        }
        used_ = 0;
        return true;
    }

    // A buffer to write into; empty when all are lent or the sink is full.
    std::span<std::byte> next() {
        if (kept_ || used_ == buffers_.size()) return {};
        return buffers_[used_];
    }
    // Flushing is all that is needed to go on.
    bool all_lent() const { return !kept_ && used_ == buffers_.size(); }
    bool keeps_one() const { return kept_.has_value(); }

    // Sends the first `size` bytes of the buffer that next() gave.
    void send(const Path& path, std::size_t size, TransmitSink& sink) {
        if (sink.send(path, std::span(buffers_[used_]).first(size))) {
            ++used_;
        } else {
            kept_ = Kept{path, size};
        }
    }

  private:
    struct Kept {  // in buffers_[used_]
        Path path;
        std::size_t size = 0;
    };

    std::vector<std::array<std::byte, datagram::bytes_max>> buffers_;
    std::size_t used_ = 0;
    std::optional<Kept> kept_;
};

}  // namespace chat::server
