// SPDX-License-Identifier: MIT
#include "sys/poll_set.h"

#include <cassert>
#include <cerrno>
#include <ctime>

namespace chat::sys {

std::size_t PollSet::add(int fd, bool want_read, bool want_write) {
    const int events = (want_read ? POLLIN : 0) | (want_write ? POLLOUT : 0);
    entries_.push_back({fd, static_cast<short>(events), 0});
    return entries_.size() - 1;
}

Result<void> PollSet::wait(std::optional<Instant> deadline, Instant now) {
    timespec timeout{};
    if (deadline && *deadline > now) {
        // ppoll rather than poll: whole milliseconds would wake us before the deadline, or late.
        const std::int64_t us = (*deadline - now).us;
        timeout.tv_sec = us / 1'000'000;
        timeout.tv_nsec = us % 1'000'000 * 1000;
    }
    if (ppoll(entries_.data(), entries_.size(), deadline ? &timeout : nullptr, nullptr) >= 0) {
        return {};
    }
    const int code = errno;
    for (pollfd& entry : entries_)
        entry.revents = 0;
    if (code == EINTR) return {};
    return os_error(code, "wait for input");
}

bool PollSet::readable(std::size_t index) const {
    assert(index < entries_.size());
    return (entries_[index].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
}

bool PollSet::writable(std::size_t index) const {
    assert(index < entries_.size());
    return (entries_[index].revents & POLLOUT) != 0;
}

bool PollSet::failed(std::size_t index) const {
    assert(index < entries_.size());
    return (entries_[index].revents & (POLLERR | POLLNVAL)) != 0;
}

}  // namespace chat::sys
