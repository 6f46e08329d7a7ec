// SPDX-License-Identifier: MIT
// One direction of one bad link, as arithmetic: for each datagram that enters it says which copies
// come out, when, and with which bytes. The simulated world and the lossy relay both use it, so
// that a story told on virtual time can be told to the real programs. It reads no clock and keeps
// no datagram; whoever asks delivers, and keeps copies of equal times in the order of asking.
// What happens, in this order: black-out, the sender's queue, loss, duplication, and then to each
// copy by itself: truncation, extension, bit flips, delay. The same seed and the same questions
// have the same answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "proto/wire/time.h"
#include "tests/simulation/dice.h"

namespace chat::simulation {

// Shares are of a thousand.
struct Conditions {
    bool blackout = false;
    unsigned loss_permille = 0;   // of datagrams, each by itself
    unsigned burst_permille = 0;  // chance that a burst of loss begins here (Gilbert 1960)
    unsigned burst_mean = 3;      // its mean length in datagrams, at least 1
    unsigned loss_run_max = 0;    // never more lost in a row, for whatever reason; 0: no limit
    unsigned duplication_permille = 0;
    unsigned flip_permille = 0;  // of copies; one to three bits
    unsigned truncate_permille = 0;
    unsigned extend_permille = 0;  // by up to extension_bytes_max
    Duration delay = milliseconds(1);
    Duration jitter{};  // up to this much more, for every copy
    unsigned reorder_permille = 0;
    Duration reorder_by{};     // these are held back up to this much more
    unsigned rate_kbit_s = 0;  // 0: no limit, and no queue
    // Waiting or being sent; one more is dropped. 25 is what the QUIC interop runner uses.
    std::size_t queue_datagrams_max = 25;

    friend bool operator==(const Conditions&, const Conditions&) = default;
};

// entered + duplicated = lost + queue_drops + copies that came out.
struct ImpairmentCounters {
    std::uint64_t entered = 0;
    std::uint64_t lost = 0;  // black-out too
    std::uint64_t queue_drops = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t reordered = 0;  // held back by reorder_by; jitter is not counted
    std::uint64_t truncated = 0;
    std::uint64_t extended = 0;
    std::uint64_t flipped = 0;

    ImpairmentCounters& operator+=(const ImpairmentCounters& other);
};

struct Delivery {
    Instant at;
    std::vector<std::byte> bytes;
};

class Impairment {
  public:
    static constexpr std::size_t extension_bytes_max = 64;
    static constexpr std::size_t datagram_bytes_max = 65507;  // extension stops here
    static constexpr std::int64_t header_bytes = 28;  // IPv4 and UDP: they take their time too

    explicit Impairment(std::uint64_t seed) : dice_(seed) {}

    void set_conditions(const Conditions& conditions);
    const Conditions& conditions() const { return conditions_; }
    const ImpairmentCounters& counters() const { return counters_; }

    // The copies that come out, at most two. None: it is lost.
    std::vector<Delivery> carry(Instant now, std::span<const std::byte> datagram);

  private:
    // When the last bit has left; false if the queue is full.
    bool leave_queue(Instant& now, std::size_t bytes);
    bool is_lost();
    Delivery copy(Instant left, std::span<const std::byte> datagram);
    void damage(std::vector<std::byte>& bytes);

    Dice dice_;
    Conditions conditions_;
    ImpairmentCounters counters_;
    bool in_burst_ = false;
    unsigned lost_in_a_row_ = 0;
    std::deque<Instant> departures_;  // of those in the queue, ascending
};

}  // namespace chat::simulation
