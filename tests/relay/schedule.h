// SPDX-License-Identifier: MIT
// Which command is due when. Steps of one instant come in the order they were added; a repeated
// one counts anew each time. What was missed comes late, and comes as often as it should have.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "tests/relay/script.h"

namespace chat::relay {

class Schedule {
  public:
    // `step.at` counts from `zero`.
    void add(Instant zero, Step step) {
        const Instant first = zero + step.at;
        std::optional<Instant> end;
        if (step.every && step.lasting) end = first + *step.lasting;
        push({first, 0, end, std::move(step)});
    }

    std::optional<Instant> next() const {
        if (entries_.empty()) return std::nullopt;
        return entries_.top().at;
    }

    // The next command whose time has come; call until there is none.
    std::optional<Command> take_due(Instant now) {
        if (entries_.empty() || entries_.top().at > now) return std::nullopt;
        Entry entry = entries_.top();
        entries_.pop();
        Command command = entry.step.command;
        if (entry.step.every) {
            entry.at = entry.at + *entry.step.every;
            push(std::move(entry));
        }
        return command;
    }

  private:
    struct Entry {
        Instant at;
        std::uint64_t number = 0;
        std::optional<Instant> end;
        Step step;

        friend bool operator>(const Entry& a, const Entry& b) {
            return a.at != b.at ? a.at > b.at : a.number > b.number;
        }
    };

    void push(Entry entry) {
        if (entry.end && entry.at >= *entry.end) return;
        entry.number = ++last_number_;
        entries_.push(std::move(entry));
    }

    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> entries_;
    std::uint64_t last_number_ = 0;
};

}  // namespace chat::relay
