// SPDX-License-Identifier: MIT
// A room as this member sees it (docs/PROTOCOL.md, section 5, "To the members"): which number is
// shown next, what has come before its turn, and what ROOM_ACK says of that. Whatever arrives, in
// whatever order and how often: entries come out once each and ascending, and a number that can't
// be had any more comes out as a Gap. It keeps at most 1,024 entries or 1 MiB; what finds no place
// counts as missing and is asked for again. When that is, the GapTracker knows. What is older than
// where it began is not here but in history.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat-client/core/entry_event.h"
#include "chat-client/core/event.h"
#include "chat-client/core/receiver_event.h"
#include "proto/link/gaps.h"
#include "proto/wire/frame.h"
#include "proto/wire/time.h"

namespace chat::client {

class Room {
  public:
    static constexpr std::size_t waiting_max = GapTracker::ahead;
    static constexpr std::size_t waiting_bytes_max = 1024 * 1024;
    // No log grows so long; what claims it is ignored, so that no sum of numbers overflows.
    static constexpr std::uint64_t seq_end = std::uint64_t{1} << 60;

    // Comes out from `next` on.
    Room(std::uint32_t number, std::string name, std::uint64_t next);

    // Whose messages are `own`.
    void set_own_name(std::string_view name) { teller_.set_own_name(name); }
    const EntryTeller& teller() const { return teller_; }
    const std::string& name() const { return teller_.room(); }
    std::uint32_t number() const { return number_; }
    // Where it began: what is before that never was to come out here.
    std::uint64_t begin() const { return begin_; }
    // Everything before it has come out.
    std::uint64_t next_seq() const { return shown_; }
    // The number behind the highest one that is known to exist.
    std::uint64_t known_end() const { return std::max(gaps_.known_end(), log_end_); }

    // The log is another one, or has lost its last entries.
    void begin_anew(std::uint64_t next);
    // What gives a bool says: true, entries were passed over, so that what was known of who is here
    // does not hold any more.
    bool on_entry(Instant now, Duration rtt, std::uint64_t seq, const frame::Entry& entry,
                  std::vector<Event>& events);
    void on_part(Instant now, Duration rtt, std::uint64_t seq, std::uint8_t have);
    // The server has sent everything before `head`: what is not there got lost.
    void on_head(Instant now, Duration rtt, std::uint64_t head);
    // Numbers before `end` exist; they may be yet to be sent.
    void on_log_end(std::uint64_t end);
    bool on_gone(Instant now, Duration rtt, std::uint64_t from, std::uint64_t to,
                 std::vector<Event>& events);
    // False: nothing comes out, and the server is asked to send nothing.
    bool set_accepts(bool accepts, std::vector<Event>& events);
    bool accepts() const { return accepts_; }
    // True: nothing comes out yet, but the server goes on sending.
    bool set_held(bool held, std::vector<Event>& events);
    bool held() const { return held_; }
    // Its waiting entries are as many as it keeps.
    bool full() const;
    // Parts of entries that were there are lost.
    void forget_parts() { parts_.clear(); }

    // When a ROOM_ACK must leave; nothing if it can wait for an acknowledgement to go with.
    // Requests leave together: at most one ROOM_ACK with some per quarter of a round trip.
    std::optional<Instant> ack_at() const;
    // Something came that the server is to hear of.
    bool ack_owed() const { return ack_owed_; }
    void hurry_ack() { ack_owed_ = ack_at_once_ = true; }
    // With at most so many gaps. `lossy`: much of what is sent gets lost, so a request for few
    // entries is made twice, 10 ms apart; otherwise every second one would cost a wait of 1.25 RTT.
    frame::RoomAck take_ack(Instant now, Duration rtt, std::size_t gaps_max, bool lossy = false);

  private:
    bool has_place_for(std::uint64_t seq) const;
    bool release(std::vector<Event>& events);
    std::uint16_t credit() const;

    EntryTeller teller_;
    std::uint32_t number_;
    bool accepts_ = true;
    bool held_ = false;
    bool ack_owed_ = false;
    bool ack_at_once_ = false;
    Instant requests_from_{INT64_MIN / 2};   // none leaves earlier
    Instant repeated_until_{INT64_MIN / 2};  // a request until then is a second one
    std::uint64_t begin_;
    std::uint64_t shown_;  // the next number to come out
    std::uint64_t log_end_ = 0;
    // What is there, shown or not. A number before its next() that is not shown and not in
    // waiting_ is gone.
    GapTracker gaps_;
    std::map<std::uint64_t, StoredEntry> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::map<std::uint64_t, std::uint8_t> parts_;  // of entries that are not there yet
};

}  // namespace chat::client
