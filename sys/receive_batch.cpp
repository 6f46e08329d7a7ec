// SPDX-License-Identifier: MIT
#include "sys/receive_batch.h"

#include <cassert>

namespace chat::sys {

ReceiveBatch::ReceiveBatch(std::size_t datagrams, std::size_t bytes_each)
    : bytes_each_(bytes_each),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(datagrams * bytes_each)),
      headers_(datagrams),
      vectors_(datagrams),
      names_(datagrams),
      controls_(datagrams),
      received_(datagrams) {
    assert(datagrams > 0 && bytes_each > 0);
    for (std::size_t i = 0; i < datagrams; ++i) {
        vectors_[i] = {buffer_.get() + i * bytes_each, bytes_each};
        headers_[i].msg_hdr.msg_iov = &vectors_[i];
        headers_[i].msg_hdr.msg_iovlen = 1;
        headers_[i].msg_hdr.msg_name = &names_[i];
        headers_[i].msg_hdr.msg_control = &controls_[i];
    }
}

void ReceiveBatch::prepare() {
    // The kernel writes the real lengths where it read the room.
    for (mmsghdr& header : headers_) {
        header.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
        header.msg_hdr.msg_controllen = sizeof(Control);
        header.msg_hdr.msg_flags = 0;
    }
}

}  // namespace chat::sys
