// SPDX-License-Identifier: MIT
#include "sys/receive_batch.h"

#include <cassert>

namespace chat::sys {
namespace {

constexpr std::size_t line_bytes = 64;  // of a cache

// From one buffer to the next. At 64 KiB all short datagrams of a batch would lie in the same few
// places of a cache, which has room for a dozen of them; an odd number of lines spreads them.
std::size_t stride_of(std::size_t bytes_each) {
    return ((bytes_each + line_bytes - 1) / line_bytes | 1) * line_bytes;
}

}  // namespace

ReceiveBatch::ReceiveBatch(std::size_t datagrams, std::size_t bytes_each)
    : buffer_(std::make_unique_for_overwrite<std::byte[]>(datagrams * stride_of(bytes_each))),
      headers_(datagrams),
      vectors_(datagrams),
      names_(datagrams),
      controls_(datagrams),
      received_(datagrams) {
    assert(datagrams > 0 && bytes_each > 0);
    for (std::size_t i = 0; i < datagrams; ++i) {
        vectors_[i] = {buffer_.get() + i * stride_of(bytes_each), bytes_each};
        headers_[i].msg_hdr.msg_iov = &vectors_[i];
        headers_[i].msg_hdr.msg_iovlen = 1;
        headers_[i].msg_hdr.msg_name = &names_[i];
        headers_[i].msg_hdr.msg_control = &controls_[i];
    }
    used_ = datagrams;
    prepare();
}

void ReceiveBatch::prepare() {
    // The kernel writes the real lengths where it read the room.
    for (mmsghdr& header : std::span(headers_).first(used_)) {
        header.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
        header.msg_hdr.msg_controllen = sizeof(Control);
        header.msg_hdr.msg_flags = 0;
    }
    used_ = 0;
}

}  // namespace chat::sys
