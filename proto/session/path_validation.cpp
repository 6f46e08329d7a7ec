// SPDX-License-Identifier: MIT
#include "proto/session/path_validation.h"

#include <algorithm>
#include <sodium.h>

namespace chat {
namespace {

constexpr Duration challenge_interval = milliseconds(100);
constexpr Duration probe_timeout_least = seconds(1);
constexpr std::int64_t probe_timeouts_to_answer = 3;

}  // namespace

std::optional<frame::PathData> PathValidation::on_authentic(const Now& now, const Path& from,
                                                            bool newest, Duration probe_timeout,
                                                            RandomSource& random) {
    if (!newest || from == proved_) return std::nullopt;
    if (challenged_at_ && now.at < *challenged_at_ + challenge_interval) return std::nullopt;
    // The same bytes again while they are good: a member who sends faster than his answers travel
    // would otherwise answer only challenges that are already replaced.
    const bool goes_on = challenged_at_ && now.at < void_at_ && from == candidate_;
    if (!goes_on) {
        random.fill(challenge_);
        candidate_ = from;
        void_at_ = now.at + std::max(probe_timeout, probe_timeout_least) * probe_timeouts_to_answer;
    }
    challenged_at_ = now.at;
    return challenge_;
}

PathValidation::Moved PathValidation::on_response(const Now& now, const frame::PathData& data) {
    if (!challenged_at_ || now.at >= void_at_) return Moved::no;
    if (sodium_memcmp(data.data(), challenge_.data(), data.size()) != 0) return Moved::no;
    const bool same_address = candidate_.peer.ip == proved_.peer.ip;
    proved_ = candidate_;
    // Used up; the time of the last challenge still limits the next one.
    void_at_ = now.at;
    return same_address ? Moved::port : Moved::address;
}

}  // namespace chat
