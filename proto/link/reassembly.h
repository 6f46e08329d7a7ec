// SPDX-License-Identifier: MIT
// Puts the parts of one long text or log entry together again: 1 to 8 parts, all but the last of
// frame::part_bytes. Which thing that is, its owner knows; he calls clear() before another one.
// The first part to come decides how many there are, and a part that is there stays as it is: what
// contradicts is refused, so repeated or hostile parts change nothing. Takes at most 9,208 bytes,
// from the first part to clear(). The bytes may be anything; the whole is for its reader to check.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "proto/wire/frame.h"

namespace chat {

class Reassembly {
  public:
    enum class Added : std::uint8_t { yes, had_it, refused };
    Added add(std::uint8_t part, std::uint8_t parts, std::span<const std::byte> bytes);

    // Bit i is set for part i.
    std::uint8_t have() const { return have_; }
    bool empty() const { return have_ == 0; }
    bool complete() const { return parts_ != 0 && std::popcount(have_) == parts_; }
    // The whole, valid until clear(); nothing before it is complete.
    std::span<const std::byte> bytes() const;
    void clear();

  private:
    using Buffer = std::array<std::byte, frame::parts_max * frame::part_bytes>;

    std::unique_ptr<Buffer> buffer_;
    std::uint16_t last_part_bytes_ = 0;
    std::uint8_t parts_ = 0;  // 0 before the first part
    std::uint8_t have_ = 0;
};

}  // namespace chat
