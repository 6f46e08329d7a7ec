// SPDX-License-Identifier: MIT
// A room as this member sees it (docs/PROTOCOL.md, section 5, "To the members"): which number is
// shown next, what has come before its turn, and what ROOM_ACK says of that. Whatever arrives, in
// whatever order and how often: entries come out once each and ascending, and a number that can't
// be had any more comes out as a Gap. It keeps at most 1,024 entries or 1 MiB; what finds no place
// counts as missing and is asked for again. When that is, the GapTracker knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

    explicit Room(std::string name) : name_(std::move(name)) {}

    // Whose messages are `own`.
    void set_own_name(std::string_view name);
    std::uint32_t number() const { return number_; }
    // Everything before it has come out; 0 before the first WELCOME.
    std::uint64_t next_seq() const { return shown_; }

    // What gives a bool says: true, entries were passed over, so that what was known of who is here
    // does not hold any more.
    bool on_welcome(Instant now, Duration rtt, const frame::Welcome& welcome, bool same_log,
                    std::vector<Event>& events);
    bool on_entry(Instant now, Duration rtt, const EntryReceived& entry,
                  std::vector<Event>& events);
    void on_parts(Instant now, Duration rtt, const EntryInParts& parts);
    void on_head(Instant now, Duration rtt, const frame::Head& head);
    bool on_gone(Instant now, Duration rtt, const frame::Gone& gone, std::vector<Event>& events);
    // False: nothing comes out, and the server is asked to send nothing.
    bool set_accepts(bool accepts, std::vector<Event>& events);
    bool accepts() const { return accepts_; }
    // Parts of entries that were there are lost.
    void forget_parts() { parts_.clear(); }

    // When a ROOM_ACK must leave; nothing if it can wait for an acknowledgement to go with.
    // Requests leave together: at most one ROOM_ACK with some per quarter of a round trip.
    std::optional<Instant> ack_at() const;
    // Something came that the server is to hear of.
    bool ack_owed() const { return ack_owed_; }
    frame::RoomAck take_ack(Instant now, Duration rtt);

  private:
    struct Stored {
        frame::EntryKind kind = frame::EntryKind::message;
        std::uint8_t flags = 0;
        WallTime time;
        std::string name;
        std::string text;

        std::size_t bytes() const { return sizeof(Stored) + name.size() + text.size(); }
    };

    void begin_at(std::uint64_t seq);
    bool has_place_for(std::uint64_t seq) const;
    bool release(std::vector<Event>& events);
    void emit(std::uint64_t seq, Stored entry, std::vector<Event>& events) const;
    std::uint16_t credit() const;

    std::string name_;
    std::string own_key_;  // folded name
    std::uint32_t number_ = 0;
    bool accepts_ = true;
    bool ack_owed_ = false;
    bool ack_at_once_ = false;
    Instant requests_from_{INT64_MIN / 2};  // none leaves earlier
    std::uint64_t shown_ = 0;               // the next number to come out
    // What is there, shown or not. A number before its next() that is not shown and not in
    // waiting_ is gone.
    std::optional<GapTracker> gaps_;
    std::map<std::uint64_t, Stored> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::map<std::uint64_t, std::uint8_t> parts_;  // of entries that are not there yet
};

}  // namespace chat::client
