// SPDX-License-Identifier: MIT
// Which numbers of a numbered log a receiver has, which are missing, and when to ask for them
// again (docs/PROTOCOL.md, section 5). Every missing number has its own clock: asked for RTT/8
// after it was noticed (that much reordering is tolerated), again each 1.25 RTT. Knows numbers
// only; what was received is kept by the owner until next() has passed it. At most `ahead` numbers
// from next() on are told apart; what lies beyond is known to exist, and is missed as soon as it
// comes into reach. About 8 KiB, no allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "proto/wire/frame.h"
#include "proto/wire/time.h"

namespace chat {

// An entry of which the owner has some parts: asked for by itself, with this bitmap.
struct PartialEntry {
    std::uint64_t number = 0;
    std::uint8_t have = 0;  // 0: there is none
};

class GapTracker {
  public:
    static constexpr std::uint64_t ahead = 1024;

    // `next` is the first number that is wanted; everything before it counts as there.
    explicit GapTracker(std::uint64_t next) : next_(next), known_end_(next), told_end_(next) {}

    // Everything before it is there (received, or gone for good).
    std::uint64_t next() const { return next_; }
    // The number behind the highest one that is known to exist.
    std::uint64_t known_end() const { return known_end_; }
    bool has(std::uint64_t number) const;
    // Numbers from next() on that are known to exist and are neither there nor out of reach.
    std::size_t missing() const { return missing_; }

    // Numbers before `end` exist.
    void on_known(Instant now, std::uint64_t end, Duration rtt);
    // It is there. False: it was already, or it is out of reach and must be asked for again later;
    // in either case the owner drops it.
    bool on_received(Instant now, std::uint64_t number, Duration rtt);
    // A part of it is there: the others are not asked for just yet.
    void on_part(Instant now, std::uint64_t number, Duration rtt);
    // The log no longer has them (both included). In the end next() passes them without
    // on_received.
    void on_gone(Instant now, std::uint64_t from, std::uint64_t to, Duration rtt);

    // The missing numbers whose time has come, neighbours as one run, relative to next(); their
    // clocks start again. Returns how many of `room` are filled; what finds no room stays due.
    std::size_t take_due(Instant now, Duration rtt, std::span<frame::Gap> room,
                         PartialEntry partial = {});
    // Of those the last take_due gave, what has not come until then is due at `at` once more.
    void ask_again(Instant at);
    // When take_due has something; nothing while nothing is missing.
    std::optional<Instant> next_due() const;

  private:
    Instant& due(std::uint64_t number) { return due_[number % ahead]; }
    Instant due(std::uint64_t number) const { return due_[number % ahead]; }
    bool in_reach(std::uint64_t number) const { return number >= next_ && number - next_ < ahead; }
    void notice(Instant now, std::uint64_t end, Duration rtt);
    void mark(std::uint64_t number);
    void advance(Instant now, Duration rtt);

    std::uint64_t next_;
    std::uint64_t known_end_;
    std::uint64_t told_end_;  // min(known_end_, next_ + ahead): the end of what due_ tells of
    std::size_t missing_ = 0;
    Instant asked_due_;  // the clocks that the last take_due started stand at this
    // By number modulo `ahead`, for next_ to told_end_: when to ask for it, or that it is there.
    std::array<Instant, ahead> due_;
};

}  // namespace chat
