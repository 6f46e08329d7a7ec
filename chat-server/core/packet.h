// SPDX-License-Identifier: MIT
// The plaintext of one DATA datagram being written, in the buffer in which it will be sealed. What
// does not fit is not written. Sizes in bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "proto/session/cipher.h"
#include "proto/wire/datagram.h"
#include "proto/wire/frame.h"
#include "proto/wire/writer.h"

namespace chat::server {

// Of EVENTS in front of its entries.
inline constexpr std::size_t events_head_bytes = frame::header_bytes + 13;

struct Packet {
    explicit Packet(std::span<std::byte> all)
        : buffer(all),
          writer(all.subspan(datagram::data_header_bytes, datagram::plaintext_bytes_max)) {}

    template <class Frame>
    bool add(const Frame& one) {
        if (!frame::write(writer, one)) return false;
        ack_eliciting = ack_eliciting || frame::is_ack_eliciting(one);
        return true;
    }

    bool empty() const { return writer.size() == 0; }
    // The length the datagram will have with so much more in it.
    std::size_t datagram_bytes(std::size_t more = 0) const {
        return padded_size(writer.size() + more) + data_overhead_bytes;
    }
    // For a frame with entries; an acknowledgement that is owed keeps its place.
    std::size_t room() const { return writer.remaining() - std::min(writer.remaining(), reserved); }

    std::span<std::byte> buffer;
    Writer writer;
    std::size_t reserved = 0;  // kept free at the end
    bool ack_eliciting = false;
    bool has_entries = false;
    bool has_receipts = false;
    bool more_follows = false;     // entries that had no room here
    std::size_t bytes_before = 0;  // of the datagram before it to the same peer; 0: none
};

}  // namespace chat::server
