// SPDX-License-Identifier: MIT
// Asks for single older entries of one room until each has come or is known to be gone
// (PROTOCOL.md, section 5, "Older entries"): the server keeps no such question, so this does, by a
// clock of its own: 1.25 RTT after the last answer, doubled while there is none, at most 3 s. A
// question is a run of numbers; the server keeps at most runs_max of a program, so all who ask
// share them. Knows numbers only; the entries are for the owner to keep.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "proto/wire/frame.h"
#include "proto/wire/time.h"
#include "proto/wire/writer.h"

namespace chat::client {

class EntryFetch {
  public:
    // Numbers from here on are none that a log can have.
    static constexpr std::uint64_t seq_end = std::uint64_t{1} << 60;
    static constexpr std::size_t wanted_max = frame::entries_wanted_max;
    static constexpr std::size_t runs_max = 64;

    // From `from` on, without `to`; all below seq_end. What is more than wanted_max is not taken.
    void want(std::uint64_t from, std::uint64_t to);
    bool wants(std::uint64_t seq) const { return missing_.contains(seq); }
    bool empty() const { return missing_.empty(); }

    // It need not be asked for any more. False: it was not.
    bool on_there(Instant now, Duration rtt, std::uint64_t seq);
    void on_part(Instant now, Duration rtt, std::uint64_t seq, std::uint8_t have);
    // Both included.
    void on_gone(Instant now, Duration rtt, std::uint64_t from, std::uint64_t to);
    void clear();
    // What is older than this is not wanted after all.
    void leave_out_before(std::uint64_t seq);
    // Parts of entries that were there are lost.
    void forget_parts();
    // Whoever was asked knows nothing of it.
    void ask_at_once();

    // Runs that were asked for and have not come yet.
    std::size_t open() const;
    // When a question is due; nothing while nothing is wanted, or while others have all runs.
    std::optional<Instant> due(std::size_t runs_left) const;
    // Appends the questions that are due, as many runs as are left. False: none was.
    bool write(Instant now, Duration rtt, std::uint32_t room, std::size_t& runs_left,
               Writer& writer);

  private:
    struct Run {
        std::uint64_t from = 0;
        std::uint64_t to = 0;
    };

    void answered(Instant now, Duration rtt);

    std::map<std::uint64_t, std::uint8_t> missing_;  // with the parts that are there
    std::vector<Run> asked_;                         // last
    Instant due_{INT64_MIN / 2};
    unsigned unanswered_ = 0;  // questions in a row
};

}  // namespace chat::client
