// SPDX-License-Identifier: MIT
// Writes integers and byte strings into a buffer the caller owns, little-endian. What does not
// fit is not written at all, not even in part, and ok() says so; whoever sized the buffer decides
// whether that is a bug or a full datagram.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace chat {

class Writer {
  public:
    explicit Writer(std::span<std::byte> buffer) : buffer_(buffer) {}

    bool ok() const { return ok_; }
    std::size_t size() const { return used_; }
    std::size_t remaining() const { return buffer_.size() - used_; }
    std::span<const std::byte> written() const { return buffer_.first(used_); }

    void u8(std::uint8_t value) { integer(value, 1); }
    void u16(std::uint16_t value) { integer(value, 2); }
    void u32(std::uint32_t value) { integer(value, 4); }
    void u64(std::uint64_t value) { integer(value, 8); }

    void bytes(std::span<const std::byte> data) {
        if (!ok_ || data.size() > remaining()) {
            ok_ = false;
            return;
        }
        std::ranges::copy(data, buffer_.subspan(used_).begin());
        used_ += data.size();
    }

    void text(std::string_view data) { bytes(std::as_bytes(std::span(data.data(), data.size()))); }

  private:
    void integer(std::uint64_t value, std::size_t count) {
        if (!ok_ || count > remaining()) {
            ok_ = false;
            return;
        }
        for (std::size_t i = 0; i < count; ++i) {
            buffer_[used_++] = static_cast<std::byte>(value >> (8 * i) & 0xff);
        }
    }

    std::span<std::byte> buffer_;
    std::size_t used_ = 0;
    bool ok_ = true;
};

}  // namespace chat
