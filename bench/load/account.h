// SPDX-License-Identifier: MIT
// What a load test counts. Traffic only grows; what happened in a stretch of time is the difference
// of two copies. A problem is anything that must not happen (an entry lost, twice, out of order, a
// member thrown out): the first few are kept as sentences, and one is enough to fail the run.
// Bytes are UDP payload or TCP stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/latencies.h"

namespace chat::load {

struct Traffic {
    std::uint64_t said = 0;
    std::uint64_t deliveries = 0;  // of messages: once per message and member who gets it
    std::uint64_t told = 0;        // of somebody's coming or being there
    std::uint64_t datagrams_in = 0;
    std::uint64_t entry_datagrams_in = 0;  // with at least one message, repeated or not
    std::uint64_t bytes_in = 0;
    std::uint64_t datagrams_out = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t asked_again = 0;  // entries missed and asked for
    std::uint64_t had_already = 0;  // entries that came once more
    std::uint64_t dropped = 0;      // datagrams, on purpose
    std::uint64_t went = 0;         // members, for a while
    std::uint64_t moved = 0;        // members, to another address

    friend Traffic operator-(const Traffic& a, const Traffic& b) {
        return {a.said - b.said,
                a.deliveries - b.deliveries,
                a.told - b.told,
                a.datagrams_in - b.datagrams_in,
                a.entry_datagrams_in - b.entry_datagrams_in,
                a.bytes_in - b.bytes_in,
                a.datagrams_out - b.datagrams_out,
                a.bytes_out - b.bytes_out,
                a.asked_again - b.asked_again,
                a.had_already - b.had_already,
                a.dropped - b.dropped,
                a.went - b.went,
                a.moved - b.moved};
    }
};

struct Account {
    static constexpr std::size_t problems_kept = 10;

    void problem(std::string sentence) {
        if (problems.size() < problems_kept) problems.push_back(std::move(sentence));
        ++problem_count;
    }

    Traffic traffic;
    Latencies latencies;
    std::vector<std::string> problems;
    std::uint64_t problem_count = 0;
};

}  // namespace chat::load
