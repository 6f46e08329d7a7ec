// SPDX-License-Identifier: MIT
#include "proto/link/reassembly.h"

#include <algorithm>
#include <cassert>

namespace chat {

namespace {

bool is_part(std::uint8_t part, std::uint8_t parts, std::size_t bytes) {
    if (parts < 1 || parts > frame::parts_max || part >= parts) return false;
    const bool last = part + 1 == parts;
    return last ? bytes >= 1 && bytes <= frame::part_bytes : bytes == frame::part_bytes;
}

}  // namespace

Reassembly::Added Reassembly::add(std::uint8_t part, std::uint8_t parts,
                                  std::span<const std::byte> bytes) {
    if (!is_part(part, parts, bytes.size())) return Added::refused;
    if (parts_ != 0 && parts != parts_) return Added::refused;
    const auto bit = static_cast<std::uint8_t>(1U << part);
    if ((have_ & bit) != 0) return Added::had_it;
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<Buffer>();
    std::ranges::copy(bytes, buffer_->begin() + part * std::ptrdiff_t{frame::part_bytes});
    parts_ = parts;
    have_ |= bit;
    if (part + 1 == parts) last_part_bytes_ = static_cast<std::uint16_t>(bytes.size());
    return Added::yes;
}

std::span<const std::byte> Reassembly::bytes() const {
    if (!complete()) return {};
    return std::span(*buffer_).first((parts_ - 1U) * frame::part_bytes + last_part_bytes_);
}

void Reassembly::clear() {
    buffer_.reset();
    last_part_bytes_ = 0;
    parts_ = 0;
    have_ = 0;
}

}  // namespace chat
