// SPDX-License-Identifier: MIT
// Which of our datagrams got lost, from the two counters of PKT_ACK alone: how far the peer has
// come (`largest`) and how many he has had (`count`). A datagram is lost when it is still missing
// from `count` one acknowledgement after a higher one was acknowledged; so what is merely late has
// the time between two acknowledgements. No list of datagrams is kept, hence the numbers are exact
// in sum and may be off by what arrives late between the two.
#pragma once

#include <cstdint>
#include <optional>

namespace chat {

class LossEstimator {
  public:
    struct Judged {
        std::uint64_t acked_end;   // the counter behind the largest one acknowledged
        std::uint64_t judged_end;  // those before it are judged: arrived or lost
        std::uint32_t arrived;     // since the acknowledgement before
        std::uint32_t lost;
    };

    // Nothing if it says nothing new: repeated, overtaken, or contradicting itself. `count` is
    // modulo 2^32. The caller has checked that `largest` was sent.
    std::optional<Judged> on_ack(std::uint64_t largest, std::uint32_t count);

    // The counter behind the largest one acknowledged.
    std::uint64_t acked_end() const { return acked_end_; }
    // Share of the datagrams lost lately (about the last 64), in 1/1000.
    unsigned permille() const { return parts_per_million_ / 1000; }
    // How many datagrams were judged lost, over all keys.
    std::uint32_t lost() const { return lost_ever_; }
    // Whether some of those before acked_end may have got lost or may still come.
    bool is_unsure() const { return missing_ != lost_; }
    // A new key: counters begin at 0 again, the share stays.
    void restart_counters();

  private:
    void average(std::uint64_t datagrams, std::uint32_t lost);

    std::uint64_t acked_end_ = 0;
    std::uint64_t judged_end_ = 0;
    std::uint32_t count_ = 0;
    std::uint32_t missing_ = 0;  // below acked_end_, as the last acknowledgement said
    std::uint32_t lost_ = 0;     // of these, the ones judged lost
    std::uint32_t lost_ever_ = 0;
    std::uint32_t parts_per_million_ = 0;
};

}  // namespace chat
