// SPDX-License-Identifier: MIT
#include "proto/link/rtt.h"

#include <algorithm>

namespace chat {

namespace {

constexpr Duration shortest = milliseconds(1);
constexpr Duration longest = seconds(60);
// Both clocks are cut to milliseconds, so a short way may seem to end before the delay does.
constexpr Duration rounding = milliseconds(2);

}  // namespace

std::optional<Duration> RttEstimator::sample(std::uint16_t now_ts, std::uint16_t echo_ts,
                                             std::uint16_t delay_32us) {
    const Duration elapsed = milliseconds(static_cast<std::uint16_t>(now_ts - echo_ts));
    const Duration delay = microseconds(std::int64_t{32} * delay_32us);
    if (delay_32us == UINT16_MAX || elapsed > longest || delay > elapsed + rounding) {
        return std::nullopt;
    }
    return std::max(elapsed - delay, shortest);
}

void RttEstimator::add(Duration sample) {
    sample = std::clamp(sample, shortest, longest);
    if (!has_sample_) {
        *this = RttEstimator();
        smoothed_ = latest_ = sample;
        variation_ = sample / 2;
        has_sample_ = true;
        return;
    }
    const Duration off = std::max(smoothed_ - sample, sample - smoothed_);
    latest_ = sample;
    variation_ = (variation_ * 3 + off) / 4;
    smoothed_ = (smoothed_ * 7 + sample) / 8;
}

}  // namespace chat
