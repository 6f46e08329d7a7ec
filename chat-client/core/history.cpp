// SPDX-License-Identifier: MIT
#include "chat-client/core/history.h"

#include <algorithm>

namespace chat::client {

void History::begin_at(std::uint64_t seq, std::uint64_t tail) {
    oldest_ = seq;
    tail_ = tail;
    questions_.clear();
    now_.reset();
    fetch_.clear();
    waiting_.clear();
    waiting_bytes_ = 0;
}

void History::on_tail(std::uint64_t tail) {
    tail_ = std::max(tail_, tail);
}

bool History::want(std::uint64_t before, std::uint32_t limit) {
    if (questions_.size() >= questions_max) return false;
    questions_.push_back({before, std::clamp(limit, std::uint32_t{1}, limit_max), false});
    return true;
}

void History::want_on_joining(std::uint32_t limit) {
    const auto page = static_cast<std::uint32_t>(EntryFetch::wanted_max);
    questions_.push_front({0, std::clamp(limit, std::uint32_t{1}, page), true});
}

void History::start(const Question& question, std::uint64_t end) {
    const std::uint64_t to = question.before == 0 ? oldest_ : std::min(question.before, end);
    const std::uint64_t from = std::max(to > question.limit ? to - question.limit : 1, tail_);
    now_ = Answer{question.joining, false, std::min(from, to), std::min(from, to), to, 0};
    turn_page();
}

void History::turn_page() {
    now_->page_end = std::min(now_->next + EntryFetch::wanted_max, now_->to);
    fetch_.want(now_->next, now_->page_end);
}

void History::on_entry(Instant now, Duration rtt, std::uint64_t seq, const frame::Entry& entry) {
    if (!now_ || !fetch_.wants(seq)) return;
    // What comes next always has a place, so that everything behind it gets its turn.
    const bool full = waiting_bytes_ >= waiting_bytes_max && seq != now_->next;
    if (full && !now_->joining) return;
    fetch_.on_there(now, rtt, seq);
    StoredEntry stored(entry);
    waiting_bytes_ += stored.bytes();
    waiting_.emplace(seq, std::move(stored));
    // Nothing comes out before all is there: so the oldest make room.
    while (now_->joining && waiting_bytes_ > waiting_bytes_max)
        leave_out_before(waiting_.begin()->first + 1);
}

void History::leave_out_before(std::uint64_t seq) {
    while (!waiting_.empty() && waiting_.begin()->first < seq) {
        waiting_bytes_ -= waiting_.begin()->second.bytes();
        waiting_.erase(waiting_.begin());
    }
    fetch_.leave_out_before(seq);
    now_->first = now_->next = seq;
}

void History::on_gone(Instant now, Duration rtt, std::uint64_t from, std::uint64_t to) {
    if (!now_ || from >= now_->to || to < now_->next) return;
    // Nothing of this answer came before it: so the log begins behind it.
    if (from <= now_->first && now_->next == now_->first) on_tail(to + 1);
    fetch_.on_gone(now, rtt, from, to);
}

// To be called before the first entry comes out: the log may lose it later.
void History::tell_start(const EntryTeller& teller, std::vector<Event>& events) {
    now_->at_start = now_->first <= tail_;
    if (now_->at_start && now_->first > 1) {
        events.push_back(Gap{teller.room(), 1, now_->first - 1, true});
    }
}

void History::release(const EntryTeller& teller, std::vector<Event>& events) {
    if (now_->joining && !fetch_.empty()) return;
    while (now_->next < now_->page_end && !fetch_.wants(now_->next)) {
        const auto first = waiting_.begin();
        if (first != waiting_.end() && first->first == now_->next) {
            waiting_bytes_ -= first->second.bytes();
            if (now_->next == now_->first) tell_start(teller, events);
            events.push_back(teller.tell(now_->next++, std::move(first->second), true));
            waiting_.erase(first);
            continue;
        }
        const std::uint64_t from = now_->next;
        while (now_->next < now_->page_end && !fetch_.wants(now_->next) &&
               !waiting_.contains(now_->next))
            ++now_->next;
        if (now_->first == from) {
            now_->first = now_->next;
        } else {
            events.push_back(Gap{teller.room(), from, now_->next - 1, true});
        }
    }
}

void History::finish(const EntryTeller& teller, std::vector<Event>& events) {
    if (now_->to >= oldest_) oldest_ = std::min(oldest_, now_->first);
    const bool nothing_came = now_->first == now_->to;
    if (nothing_came) tell_start(teller, events);
    // Who asks for what is no longer kept alone hears where the log begins now; nothing is
    // before 1.
    const bool before_all = nothing_came && now_->at_start && now_->first > 1;
    events.push_back(HistoryEnd{
        teller.room(), before_all ? std::max(now_->first, tail_) : now_->first, now_->at_start});
    now_.reset();
}

void History::hurry(const EntryTeller& teller, std::vector<Event>& events) {
    if (!joining()) return;
    std::uint64_t first = now_->to;
    while (first > now_->next && waiting_.contains(first - 1))
        --first;
    leave_out_before(first);
    release(teller, events);
    finish(teller, events);
}

void History::advance(const EntryTeller& teller, std::uint64_t end, std::vector<Event>& events) {
    while (now_ || !questions_.empty()) {
        if (!now_) {
            start(questions_.front(), end);
            questions_.pop_front();
        }
        release(teller, events);
        if (now_->next < now_->page_end) return;
        if (now_->next == now_->to) {
            finish(teller, events);
        } else {
            turn_page();
        }
    }
}

}  // namespace chat::client
