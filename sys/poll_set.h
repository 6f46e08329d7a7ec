// SPDX-License-Identifier: MIT
// Waits for descriptors. The set is filled anew each turn, which at the handful of descriptors a
// process of ours has is cheaper than keeping registrations true.
#pragma once

#include <cstddef>
#include <optional>
#include <poll.h>
#include <vector>

#include "proto/wire/time.h"
#include "sys/error.h"

namespace chat::sys {

class PollSet {
  public:
    void clear() { entries_.clear(); }

    // Returns the index for the questions below. A descriptor of -1 is never ready; one that is
    // wanted for nothing can still fail or hang up.
    std::size_t add(int fd, bool want_read, bool want_write = false);

    // Until something is ready, a signal came, or `deadline` (none: for ever) has been reached;
    // never before it, so that a turn that follows finds the deadline due.
    Result<void> wait(std::optional<Instant> deadline, Instant now);

    // Also true when the peer hung up or failed, so that the reader meets end of file or error.
    bool readable(std::size_t index) const;
    bool writable(std::size_t index) const;
    bool failed(std::size_t index) const;

  private:
    std::vector<pollfd> entries_;
};

}  // namespace chat::sys
