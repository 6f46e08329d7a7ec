// SPDX-License-Identifier: MIT
#include "tests/support/impairment.h"

#include <algorithm>
#include <cassert>

namespace chat::simulation {

ImpairmentCounters& ImpairmentCounters::operator+=(const ImpairmentCounters& other) {
    entered += other.entered;
    lost += other.lost;
    queue_drops += other.queue_drops;
    duplicated += other.duplicated;
    reordered += other.reordered;
    truncated += other.truncated;
    extended += other.extended;
    flipped += other.flipped;
    return *this;
}

void Impairment::set_conditions(const Conditions& conditions) {
    assert(conditions.burst_mean >= 1);
    assert(conditions.delay >= Duration{} && conditions.jitter >= Duration{});
    assert(conditions.reorder_by >= Duration{});
    conditions_ = conditions;
}

std::vector<Delivery> Impairment::carry(Instant now, std::span<const std::byte> datagram) {
    ++counters_.entered;
    if (conditions_.blackout) {
        ++counters_.lost;
        return {};
    }
    Instant left = now;
    if (!leave_queue(left, datagram.size())) {
        ++counters_.queue_drops;
        return {};
    }
    if (is_lost()) {
        ++counters_.lost;
        return {};
    }
    std::vector<Delivery> copies;
    copies.push_back(copy(left, datagram));
    if (dice_.chance(conditions_.duplication_permille)) {
        ++counters_.duplicated;
        copies.push_back(copy(left, datagram));
    }
    return copies;
}

bool Impairment::leave_queue(Instant& now, std::size_t bytes) {
    while (!departures_.empty() && departures_.front() <= now)
        departures_.pop_front();
    if (conditions_.rate_kbit_s == 0) return true;
    if (departures_.size() >= conditions_.queue_datagrams_max) return false;

    const std::int64_t bits = (static_cast<std::int64_t>(bytes) + header_bytes) * 8;
    const std::int64_t rate = conditions_.rate_kbit_s;
    if (!departures_.empty()) now = departures_.back();
    now = now + microseconds((bits * 1000 + rate - 1) / rate);
    departures_.push_back(now);
    return true;
}

bool Impairment::is_lost() {
    if (in_burst_) {
        in_burst_ = dice_.below(conditions_.burst_mean) != 0;
    } else {
        in_burst_ = dice_.chance(conditions_.burst_permille);
    }
    bool lost = dice_.chance(conditions_.loss_permille) || in_burst_;
    if (conditions_.loss_run_max > 0 && lost_in_a_row_ >= conditions_.loss_run_max) {
        lost = in_burst_ = false;
    }
    lost_in_a_row_ = lost ? lost_in_a_row_ + 1 : 0;
    return lost;
}

Delivery Impairment::copy(Instant left, std::span<const std::byte> datagram) {
    Delivery delivery{left + conditions_.delay + dice_.up_to(conditions_.jitter),
                      {datagram.begin(), datagram.end()}};
    if (dice_.chance(conditions_.reorder_permille)) {
        ++counters_.reordered;
        delivery.at = delivery.at + dice_.up_to(conditions_.reorder_by);
    }
    damage(delivery.bytes);
    return delivery;
}

void Impairment::damage(std::vector<std::byte>& bytes) {
    if (dice_.chance(conditions_.truncate_permille) && !bytes.empty()) {
        ++counters_.truncated;
        bytes.resize(dice_.below(bytes.size()));
    }
    if (dice_.chance(conditions_.extend_permille) && bytes.size() < datagram_bytes_max) {
        ++counters_.extended;
        const std::size_t room = std::min(extension_bytes_max, datagram_bytes_max - bytes.size());
        for (std::size_t i = dice_.below(room) + 1; i > 0; --i)
            bytes.push_back(static_cast<std::byte>(dice_.below(256)));
    }
    if (dice_.chance(conditions_.flip_permille) && !bytes.empty()) {
        ++counters_.flipped;
        // Each step goes less than half way round, so that no flip undoes another.
        const std::size_t bits = bytes.size() * 8;
        std::size_t bit = dice_.below(bits);
        for (std::size_t i = dice_.below(3) + 1; i > 0; --i) {
            bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
            bit = (bit + 1 + dice_.below(bits / 3)) % bits;
        }
    }
}

}  // namespace chat::simulation
