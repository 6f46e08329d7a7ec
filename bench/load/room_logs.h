// SPDX-License-Identifier: MIT
// What the members were told under each number of each room. Two who are told different things
// under one number, a message that has two numbers or none, and messages of one sender in another
// order than he said them are what this finds; that nobody misses a number is for the cursors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/load/account.h"
#include "bench/load/stamp.h"
#include "bench/load/talk.h"

namespace chat::load {

class RoomLog {
  public:
    // Of a message; of anything else, any number that tells entries apart, with the highest bit.
    static constexpr std::uint64_t other = std::uint64_t{1} << 63;
    static std::uint64_t mark(const Stamp& stamp) {
        return (std::uint64_t{stamp.sender} << 32 | stamp.number) + 1;
    }

    // False: somebody else was told something else.
    bool agrees(std::uint64_t seq, std::uint64_t mark) {
        if (seq >= marks_.size()) marks_.resize(seq + 1 + seq / 2);
        if (seq >= end_) end_ = seq + 1;
        std::uint64_t& there = marks_[seq];
        if (there == 0) there = mark;
        return there == mark;
    }
    std::uint64_t end() const { return end_; }
    std::uint64_t mark_of(std::uint64_t seq) const { return marks_[seq]; }

  private:
    std::vector<std::uint64_t> marks_;
    std::uint64_t end_ = 1;
};

class RoomLogs {
  public:
    RoomLog& of(std::uint32_t room) { return logs_[room]; }

    // Every sender's messages, each once and in his order.
    void check(const Talk& talk, Account& account) const {
        std::vector<std::uint64_t> next(talk.senders());
        for (const auto& [room, log] : logs_) {
            for (std::uint64_t seq = 1; seq < log.end(); ++seq) {
                const std::uint64_t mark = log.mark_of(seq);
                if (mark == 0 || (mark & RoomLog::other) != 0) continue;
                const std::size_t sender = (mark - 1) >> 32;
                const std::uint64_t number = (mark - 1) & UINT32_MAX;
                if (number != next[sender]) {
                    account.problem("sender " + std::to_string(sender) + ": number " +
                                    std::to_string(number) + " came where " +
                                    std::to_string(next[sender]) + " belongs");
                }
                next[sender] = number + 1;
            }
        }
        for (std::uint32_t sender = 0; sender < next.size(); ++sender) {
            if (next[sender] == talk.said_by(sender)) continue;
            account.problem("of " + std::to_string(talk.said_by(sender)) + " messages of sender " +
                            std::to_string(sender) + " only " + std::to_string(next[sender]) +
                            " are in the room");
        }
    }

  private:
    std::map<std::uint32_t, RoomLog> logs_;
};

}  // namespace chat::load
