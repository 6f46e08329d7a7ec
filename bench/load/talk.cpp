// SPDX-License-Identifier: MIT
#include "bench/load/talk.h"

#include <algorithm>
#include <cmath>

namespace chat::load {

Talk::Talk(const Options& options, bool echoes, Account& account)
    : options_(options),
      echoes_(echoes),
      account_(account),
      random_(options.seed),
      senders_each_(std::min(options.senders, options.members / options.rooms)),
      said_(senders_each_ * options.rooms),
      seen_(said_.size()),
      due_(options.rooms),
      turn_(options.rooms),
      text_(options.text_bytes, '.') {
    for (std::uint32_t sender = 0; sender < said_.size(); ++sender) {
        per_message_.push_back(options.until == Until::everybody ? audience(sender) : 1);
        observer_.push_back(observer_of(sender));
    }
}

std::size_t Talk::members_in(std::size_t room) const {
    return options_.members / options_.rooms + (room < options_.members % options_.rooms ? 1 : 0);
}

bool Talk::is_sender(std::uint32_t member) const {
    return member / options_.rooms < senders_each_;
}

std::uint32_t Talk::room_of_sender(std::uint32_t sender) const {
    return static_cast<std::uint32_t>(sender / senders_each_);
}

std::uint32_t Talk::member_of(std::uint32_t sender) const {
    return static_cast<std::uint32_t>(room_of_sender(sender) +
                                      sender % senders_each_ * options_.rooms);
}

std::uint32_t Talk::observer_of(std::uint32_t sender) const {
    if (echoes_) return member_of(sender);
    const std::size_t room = room_of_sender(sender);
    const std::size_t next = (sender % senders_each_ + 1) % members_in(room);
    return static_cast<std::uint32_t>(room + next * options_.rooms);
}

std::uint64_t Talk::audience(std::uint32_t sender) const {
    return members_in(room_of_sender(sender)) - (echoes_ ? 0 : 1);
}

void Talk::start(Instant now) {
    running_ = true;
    for (auto& due : due_)
        due = now + gap();
}

Duration Talk::gap() {
    const double mean_us = 1e6 / options_.rate;
    if (options_.evenly) return microseconds(std::llround(mean_us));
    return microseconds(std::llround(std::exponential_distribution<>(1 / mean_us)(random_)));
}

void Talk::say(Instant at, std::uint32_t sender, const Say& say) {
    write_stamp(text_, {at.us, sender, said_[sender]++});
    ++account_.traffic.said;
    owed_ += audience(sender);
    say(member_of(sender), text_);
}

void Talk::talk(Instant now, const Say& to) {
    if (!running_) return;
    if (options_.window > 0) {
        for (std::uint32_t sender = 0; sender < said_.size(); ++sender) {
            const std::uint64_t end = seen_[sender] / per_message_[sender] + options_.window;
            while (said_[sender] < end)
                say(now, sender, to);
        }
        return;
    }
    for (std::size_t room = 0; room < due_.size(); ++room) {
        for (; due_[room] <= now; due_[room] = due_[room] + gap()) {
            const auto sender = static_cast<std::uint32_t>(room * senders_each_ + turn_[room]);
            turn_[room] = static_cast<std::uint32_t>((turn_[room] + 1) % senders_each_);
            // Of the time when it should have been: being late is no excuse.
            say(due_[room], sender, to);
        }
    }
}

std::optional<Instant> Talk::next_due() const {
    if (!running_ || options_.window > 0) return std::nullopt;
    return *std::ranges::min_element(due_);
}

void Talk::delivered(Instant now, std::uint32_t member, const Stamp& stamp) {
    if (stamp.sender >= said_.size() || stamp.number >= said_[stamp.sender]) {
        account_.problem("a message that nobody has sent came to member " + std::to_string(member));
        return;
    }
    ++account_.traffic.deliveries;
    account_.latencies.add(now.us - stamp.sent_us);
    if (options_.until == Until::everybody || member == observer_[stamp.sender]) {
        ++seen_[stamp.sender];
    }
}

}  // namespace chat::load
