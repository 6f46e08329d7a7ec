// SPDX-License-Identifier: MIT
// Where a member is, and the proof of it (docs/PROTOCOL.md, section 8; RFC 9000 section 9.3). An
// authentic datagram from elsewhere is only a claim: until eight random bytes sent there have
// come back, everything goes to the proved path. Small and without allocation, one per member.
#pragma once

#include <cstdint>
#include <optional>

#include "proto/session/random_source.h"
#include "proto/wire/endpoint.h"
#include "proto/wire/frame.h"
#include "proto/wire/time.h"

namespace chat {

class PathValidation {
  public:
    explicit PathValidation(const Path& proved) : proved_(proved) {}

    // Everything but challenges goes there.
    const Path& proved() const { return proved_; }

    // An authentic datagram came; `newest`: with the highest counter so far. Returns the challenge
    // to send to `from` at once in one datagram of 48 bytes, or nothing.
    std::optional<frame::PathData> on_authentic(const Now& now, const Path& from, bool newest,
                                                Duration probe_timeout, RandomSource& random);
    enum class Moved : std::uint8_t { no, port, address };
    Moved on_response(const Now& now, const frame::PathData& data);

  private:
    Path proved_;
    Path candidate_;
    frame::PathData challenge_{};
    std::optional<Instant> challenged_at_;
    Instant void_at_{};
};

}  // namespace chat
