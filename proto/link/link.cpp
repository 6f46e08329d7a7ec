// SPDX-License-Identifier: MIT
#include "proto/link/link.h"

#include <algorithm>
#include <cassert>

#include "proto/wire/datagram.h"

namespace chat {

namespace {

constexpr Duration variation_min = milliseconds(10);
constexpr Duration probe_interval_max = seconds(3);
constexpr std::uint32_t timeouts_with_two_probes = 10;
constexpr std::uint32_t timeouts_of_silence = 3;
constexpr std::uint8_t owed_max = 8;
// Silence may be loss as well, and what got lost is to be asked for again soon: with 500 ms, and a
// third lost each way, one message in a hundred took half as long again.
constexpr Duration silence_counted_max = milliseconds(150);

}  // namespace

Link::Link(Duration own_ack_delay, Duration peer_ack_delay)
    : own_ack_delay_(own_ack_delay), peer_ack_delay_(peer_ack_delay) {}

void Link::set_ack_delays(Duration own, Duration peer) {
    own_ack_delay_ = own;
    peer_ack_delay_ = peer;
}

void Link::on_sent(Instant now, std::uint64_t counter, std::size_t bytes, bool ack_eliciting) {
    assert(counter >= next_counter_);
    next_counter_ = counter + 1;
    if (!ack_eliciting) return;
    congestion_.on_sent(now, bytes, rtt_.smoothed());
    eliciting_end_ = next_counter_;
    on_request(now);
    in_flight_bytes_ += bytes;
    const auto size = static_cast<std::uint32_t>(bytes);
    usual_bytes_ = usual_bytes_ == 0 ? size : (usual_bytes_ * 7 + size) / 8;
    probe_from_ = now;
    armed_ = true;
}

void Link::on_request(Instant now) {
    if (awaited_end_ <= loss_.acked_end()) awaited_since_ = now;
    awaited_end_ = next_counter_;
}

bool Link::on_ack(Instant now, const frame::PktAck& ack, std::uint16_t now_ts) {
    if (ack.largest >= next_counter_) return false;
    const std::uint64_t acked_end_before = loss_.acked_end();
    const auto judged = loss_.on_ack(ack.largest, ack.count);
    if (!judged) return true;

    const std::uint32_t bytes_said = ack.bytes - acked_bytes_;
    acked_bytes_ = ack.bytes;
    const std::size_t acked_bytes =
        std::min<std::size_t>(bytes_said, judged->arrived * datagram::bytes_max);
    if (judged->lost > 0) congestion_.on_lost(judged->judged_end, next_counter_);
    congestion_.on_acked(judged->acked_end, acked_bytes, in_flight_bytes_);
    if (judged->acked_end == acked_end_before) return true;

    if (const auto sample = RttEstimator::sample(now_ts, ack.echo_ts, ack.delay_32us)) {
        rtt_.add(*sample);
        congestion_.on_rtt(now, rtt_.smoothed());
    }
    awaited_since_ = now;
    timeouts_in_row_ = 0;
    second_probe_at_.reset();
    const std::uint64_t unacked = next_counter_ - judged->acked_end;
    in_flight_bytes_ = std::min(in_flight_bytes_, unacked * usual_bytes_);
    settle();
    return true;
}

bool Link::may_send(Instant now, std::size_t bytes) const {
    const auto at = may_send_at(bytes);
    return at && *at <= now;
}

std::optional<Instant> Link::may_send_at(std::size_t bytes) const {
    if (in_flight_bytes_ + bytes > congestion_.window_bytes()) return std::nullopt;
    return congestion_.ready_at(bytes, rtt_.smoothed());
}

std::optional<Instant> Link::probe_at() const {
    if (!armed_) return std::nullopt;
    return second_probe_at_ ? *second_probe_at_ : probe_from_ + probe_interval();
}

void Link::set_content_pending(bool pending) {
    content_pending_ = pending;
    settle();
}

unsigned Link::on_probe_timeout(Instant now) {
    const auto due = probe_at();
    if (!due || now < *due) return 0;
    probe_from_ = now;
    if (second_probe_at_) {
        second_probe_at_.reset();
        return 1;
    }
    ++timeouts_in_row_;
    // What was under way has arrived or not; if only its acknowledgements got lost, it must not
    // fill the window for ever.
    in_flight_bytes_ = 0;
    if (timeouts_in_row_ == timeouts_of_silence) congestion_.on_silence(next_counter_);
    if (timeouts_in_row_ <= timeouts_with_two_probes) second_probe_at_ = now + probe_spacing;
    return 1;
}

void Link::nothing_outstanding() {
    armed_ = false;
    content_pending_ = false;
    in_flight_bytes_ = 0;
    timeouts_in_row_ = 0;
    second_probe_at_.reset();
}

void Link::on_received(Instant now, std::uint64_t counter, std::uint16_t ts, std::size_t bytes,
                       bool ack_eliciting) {
    ++received_;
    received_bytes_ += static_cast<std::uint32_t>(bytes);
    if (!received_any_ || counter > largest_) {
        largest_ = counter;
        largest_ts_ = ts;
        largest_at_ = now;
        received_any_ = true;
    }
    if (!ack_eliciting) return;
    if (owed_ < owed_max) ++owed_;
    const Instant at = owed_ == owed_max ? now : now + own_ack_delay_;
    ack_at_ = std::min(ack_at_.value_or(at), at);
}

std::optional<Instant> Link::ack_at() const {
    return ack_at_;
}

std::optional<frame::PktAck> Link::take_ack(Instant now) {
    if (!received_any_) return std::nullopt;
    ack_at_.reset();
    owed_ = 0;
    const auto delay_32us = std::clamp<std::int64_t>((now - largest_at_).us / 32, 0, UINT16_MAX);
    return frame::PktAck{largest_, largest_ts_, static_cast<std::uint16_t>(delay_32us), received_,
                         received_bytes_};
}

void Link::hurry_ack(Instant now) {
    if (received_any_) ack_at_ = std::min(ack_at_.value_or(now), now);
}

Duration Link::repair_rtt(Instant now) const {
    const Duration known = rtt_.longer();
    if (awaited_end_ <= loss_.acked_end()) return known;
    return std::max(known, std::min(now - awaited_since_ - peer_ack_delay_, silence_counted_max));
}

Duration Link::probe_timeout() const {
    return rtt_.smoothed() + std::max(rtt_.variation() * 4, variation_min) + peer_ack_delay_;
}

Duration Link::probe_interval() const {
    const std::int64_t doubled = std::int64_t{1} << std::min(timeouts_in_row_, std::uint32_t{16});
    return std::min(std::min(probe_timeout(), probe_interval_max) * doubled, probe_interval_max);
}

void Link::settle() {
    if (loss_.acked_end() < eliciting_end_) return;
    in_flight_bytes_ = 0;
    if (content_pending_) return;
    armed_ = false;
    second_probe_at_.reset();
}

void Link::restart_counters() {
    loss_.restart_counters();
    congestion_.restart_counters();
    next_counter_ = 0;
    eliciting_end_ = 0;
    awaited_end_ = 0;
    acked_bytes_ = 0;
    in_flight_bytes_ = 0;
    received_ = 0;
    received_bytes_ = 0;
    received_any_ = false;
    owed_ = 0;
    ack_at_.reset();
    settle();
}

void Link::reset_path() {
    rtt_.reset();
    congestion_.reset();
    in_flight_bytes_ = 0;
    timeouts_in_row_ = 0;
}

void Link::seed_rtt(Duration sample) {
    if (!rtt_.has_sample()) rtt_.add(sample);
}

}  // namespace chat
