// SPDX-License-Identifier: MIT
#include "chat-client/core/entry_fetch.h"

#include <algorithm>
#include <utility>

namespace chat::client {
namespace {

constexpr Duration wait_min = milliseconds(10);
constexpr Duration wait_max = seconds(3);
constexpr unsigned doublings_max = 8;

}  // namespace

void EntryFetch::want(std::uint64_t from, std::uint64_t to) {
    if (missing_.empty()) ask_at_once();
    for (auto seq = from; seq < to && missing_.size() < wanted_max; ++seq)
        missing_.emplace(seq, std::uint8_t{0});
}

bool EntryFetch::on_there(Instant now, Duration rtt, std::uint64_t seq) {
    if (missing_.erase(seq) == 0) return false;
    answered(now, rtt);
    return true;
}

void EntryFetch::on_part(Instant now, Duration rtt, std::uint64_t seq, std::uint8_t have) {
    const auto missing = missing_.find(seq);
    if (missing == missing_.end()) return;
    missing->second = have;
    answered(now, rtt);
}

void EntryFetch::on_gone(Instant now, Duration rtt, std::uint64_t from, std::uint64_t to) {
    const auto first = missing_.lower_bound(from);
    const auto end = missing_.upper_bound(to);
    if (first == end) return;
    missing_.erase(first, end);
    answered(now, rtt);
}

void EntryFetch::clear() {
    missing_.clear();
    asked_.clear();
}

void EntryFetch::leave_out_before(std::uint64_t seq) {
    missing_.erase(missing_.begin(), missing_.lower_bound(seq));
}

void EntryFetch::forget_parts() {
    for (auto& [seq, have] : missing_)
        have = 0;
}

void EntryFetch::ask_at_once() {
    due_ = Instant{INT64_MIN / 2};
    unanswered_ = 0;
    asked_.clear();
}

void EntryFetch::answered(Instant now, Duration rtt) {
    unanswered_ = 0;
    // Not before the question has gone out for the first time.
    if (due_ != Instant{INT64_MIN / 2}) due_ = now + std::max(rtt * 5 / 4, wait_min);
}

std::size_t EntryFetch::open() const {
    return static_cast<std::size_t>(std::ranges::count_if(asked_, [this](const Run& run) {
        const auto first = missing_.lower_bound(run.from);
        return first != missing_.end() && first->first < run.to;
    }));
}

std::optional<Instant> EntryFetch::due(std::size_t runs_left) const {
    if (missing_.empty() || (runs_left == 0 && open() == 0)) return std::nullopt;
    return due_;
}

bool EntryFetch::write(Instant now, Duration rtt, std::uint32_t room, std::size_t& runs_left,
                       Writer& writer) {
    if (missing_.empty() || now < due_) return false;
    // What is asked for again has its run already.
    const std::size_t runs = runs_left + open();
    std::vector<Run> asked;
    for (auto at = missing_.begin(); at != missing_.end() && asked.size() < runs;) {
        frame::EntriesWanted question{room, at->first, 1, at->second};
        for (++at; question.have == 0 && at != missing_.end() && at->second == 0 &&
                   at->first == question.from + question.count;
             ++at)
            ++question.count;
        if (!frame::write(writer, question)) break;
        asked.push_back({question.from, question.from + question.count});
    }
    if (asked.empty()) return false;
    runs_left = runs - asked.size();
    asked_ = std::move(asked);
    const Duration wait = std::max(rtt * 5 / 4, wait_min);
    due_ = now +
           std::min(wait * (std::int64_t{1} << std::min(unanswered_++, doublings_max)), wait_max);
    return true;
}

}  // namespace chat::client
