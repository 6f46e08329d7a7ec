// SPDX-License-Identifier: MIT
// How far one member is in his room: as chat-client/core/room.h, but that entries are only counted
// and not kept, so that a member costs some bytes. While nothing is missing it is one number; the
// clocks of missing ones (proto/link/gaps.h) are there only while something is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "proto/link/gaps.h"
#include "proto/wire/frame.h"
#include "proto/wire/time.h"

namespace chat::load {

class EntryCursor {
  public:
    void begin(std::uint32_t room, std::uint64_t next) {
        room_ = room;
        begin_ = next_ = next;
        gaps_.reset();
        hurried_ = true;
    }
    std::uint32_t room() const { return room_; }
    std::uint64_t next() const { return gaps_ ? gaps_->next() : next_; }
    // Of what is known to exist.
    std::uint64_t end() const { return gaps_ ? gaps_->known_end() : next_; }

    // True: for the first time.
    bool take(Instant now, std::uint64_t seq, Duration rtt) {
        ack_owed_ = true;
        if (!gaps_ && seq == next_) {
            ++next_;
            return true;
        }
        if (seq < begin_ || (!gaps_ && seq < next_)) return false;
        const bool fresh = gaps().on_received(now, seq, rtt);
        close_up();
        return fresh;
    }
    // Everything before `head` was sent to him.
    void on_head(Instant now, std::uint64_t head, Duration rtt) {
        ack_owed_ = true;
        if (head <= next_ && !gaps_) return;
        gaps().on_known(now, head, rtt);
    }

    bool ack_owed() const { return ack_owed_; }
    void hurry() { hurried_ = true; }
    std::optional<Instant> ack_at() const {
        if (hurried_) return Instant{INT64_MIN / 2};
        const auto due = gaps_ ? gaps_->next_due() : std::nullopt;
        if (!due) return std::nullopt;
        return std::max(*due, requests_from_);
    }
    frame::RoomAck take_ack(Instant now, Duration rtt, std::size_t gaps_max) {
        ack_owed_ = hurried_ = false;
        frame::RoomAck ack;
        ack.room = room_;
        ack.next_seq = next();
        ack.credit = GapTracker::ahead;
        if (!gaps_ || now < requests_from_) return ack;
        const auto room = std::span(ack.gaps).first(std::min(gaps_max, ack.gaps.size()));
        ack.count = static_cast<std::uint8_t>(gaps_->take_due(now, rtt, room));
        if (ack.count > 0) requests_from_ = now + std::max(rtt / 4, milliseconds(25));
        return ack;
    }

  private:
    GapTracker& gaps() {
        if (!gaps_) gaps_ = std::make_unique<GapTracker>(next_);
        return *gaps_;
    }
    void close_up() {
        if (gaps_->next() != gaps_->known_end()) return;
        next_ = gaps_->next();
        gaps_.reset();
    }

    std::uint32_t room_ = 0;
    bool ack_owed_ = false;
    bool hurried_ = false;
    std::uint64_t begin_ = 0;
    std::uint64_t next_ = 0;
    Instant requests_from_;
    std::unique_ptr<GapTracker> gaps_;
};

}  // namespace chat::load
