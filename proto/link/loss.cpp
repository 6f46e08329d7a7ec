// SPDX-License-Identifier: MIT
#include "proto/link/loss.h"

#include <algorithm>

namespace chat {

namespace {

// A difference of counters modulo 2^32 above this is one below zero.
constexpr std::uint32_t ahead_max = UINT32_MAX / 2;
constexpr std::int64_t memory_datagrams = 64;
// So many say all there is to say, and multiply without overflow.
constexpr std::uint64_t judged_at_once_max = 1'000'000;

}  // namespace

std::optional<LossEstimator::Judged> LossEstimator::on_ack(std::uint64_t largest,
                                                           std::uint32_t count) {
    const std::uint64_t end = largest + 1;
    const std::uint32_t arrived = count - count_;
    // Below zero, too, if more came than there were.
    const std::uint32_t missing = static_cast<std::uint32_t>(end) - count;
    if (end < acked_end_ || arrived == 0 || arrived > ahead_max || missing > ahead_max) {
        return std::nullopt;
    }
    Judged judged{end, acked_end_, arrived, 0};
    count_ = count;
    if (end == acked_end_) {
        // Only late ones came; the next acknowledgement judges the others.
        missing_ = missing;
        lost_ = std::min(lost_, missing_);
        judged.judged_end = 0;
        return judged;
    }
    // Of those missing now, as many as were missing before are the same ones.
    const std::uint32_t old = std::min(missing_, missing);
    if (old > lost_) judged.lost = old - lost_;
    lost_ever_ += judged.lost;
    lost_ = old;
    missing_ = missing;
    average(acked_end_ - judged_end_, judged.lost);
    judged_end_ = acked_end_;
    acked_end_ = end;
    return judged;
}

void LossEstimator::restart_counters() {
    acked_end_ = judged_end_ = 0;
    count_ = missing_ = lost_ = 0;
}

void LossEstimator::average(std::uint64_t datagrams, std::uint32_t lost) {
    if (datagrams == 0) return;
    constexpr std::int64_t all = 1'000'000;
    const auto judged = static_cast<std::int64_t>(std::min(datagrams, judged_at_once_max));
    const std::int64_t seen = std::min(all, all * lost / judged);
    const std::int64_t before = parts_per_million_;
    const auto moved = (seen - before) * judged / (judged + memory_datagrams - 1);
    parts_per_million_ = static_cast<std::uint32_t>(before + moved);
}

}  // namespace chat
