// SPDX-License-Identifier: MIT
// Reads integers and byte strings out of a datagram or frame, field by field, little-endian.
// Nothing is read past the end: the first field that does not fit makes the reader fail for good
// and every later read gives zero or nothing, so a decoder checks once, at its end. complete()
// also demands that nothing is left over, because a message with a tail is not the message that
// was agreed on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace chat {

class Reader {
  public:
    explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

    bool ok() const { return ok_; }
    bool complete() const { return ok_ && rest_.empty(); }
    std::size_t remaining() const { return rest_.size(); }

    std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(integer(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
    std::uint64_t u64() { return integer(8); }

    // A view into the datagram; valid as long as the datagram is.
    std::span<const std::byte> bytes(std::size_t count) {
        if (!ok_ || count > rest_.size()) {
            fail();
            return {};
        }
        const auto taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    std::string_view text(std::size_t count) {
        const auto taken = bytes(count);
        return {reinterpret_cast<const char*>(taken.data()), taken.size()};
    }

  private:
    std::uint64_t integer(std::size_t count) {
        std::uint64_t value = 0;
        const auto taken = bytes(count);
        for (std::size_t i = taken.size(); i > 0; --i) {
            value = value << 8 | std::to_integer<std::uint64_t>(taken[i - 1]);
        }
        return value;
    }

    void fail() {
        ok_ = false;
        rest_ = {};
    }

    std::span<const std::byte> rest_;
    bool ok_ = true;
};

}  // namespace chat
