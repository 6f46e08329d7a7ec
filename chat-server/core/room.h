// SPDX-License-Identifier: MIT
// A room is a log, a member is a cursor on it. This holds the newest part of the log in the form
// in which it is sent (each entry encoded once), a cursor for each member, and plans who is sent
// what next. There is no queue per member: whoever is slow or paced stands further back on the
// same log, and is served from pages of it once he has fallen off the newest part.
// Planning a delivery allocates nothing and looks up nothing but the entry's place.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "chat-server/core/entry.h"
#include "chat-server/core/limits.h"
#include "chat-server/core/log.h"
#include "chat-server/core/roster.h"
#include "proto/link/token_bucket.h"
#include "proto/wire/classic.h"
#include "proto/wire/transmit.h"

namespace chat::server {

struct Cursor {
    MemberIndex member = 0;
    MemberId id = 0;  // whose own entries are passed over
    Path path;
    Seq next = 1;                                 // the entry to send next
    std::uint16_t part = 0;                       // of that entry's datagrams
    bool silent = false;                          // gone: nothing more is sent to him
    Seq until = std::numeric_limits<Seq>::max();  // his leaving; he is finished once past it
    TokenBucket pace;
};

// What planning found out besides what it sent.
struct PlanReport {
    bool sink_full = false;
    std::uint64_t datagrams = 0;
    std::optional<Instant> ready_at;    // when the first paced member may be sent more
    std::vector<MemberIndex> finished;  // cursors that have passed `until`
};

class Room {
  public:
    explicit Room(RoomId id);

    // The number after the newest entry.
    Seq head() const { return head_; }
    // The oldest entry that can be had, as far as is known here.
    Seq first_kept() const { return first_kept_; }
    // A log older than this process, before any entry: it has [first_kept, head).
    void restore(Seq first_kept, Seq head);
    std::size_t size() const { return cursors_.size(); }

    // A committed entry; seq must be head(), or anything higher if the room is new here.
    void add_entry(Seq seq, const Entry& entry);

    // A member who will hear everything from `next` on.
    CursorIndex add_cursor(MemberIndex member, MemberId id, const Path& path, Seq next);
    // Returns the member whose cursor has moved into this place, if one has.
    std::optional<MemberIndex> remove_cursor(CursorIndex index);
    Cursor& cursor(CursorIndex index) { return cursors_[index]; }
    // To be called after a cursor's end was set, so that the next plan looks at it.
    void mark_pending() { pending_ = true; }

    // Whether plan() has anything to look at before `report.ready_at`.
    bool pending() const { return pending_; }
    // Sends what is due until the sink is full. Appends to report.finished.
    void plan(Instant now, TransmitSink& sink, PlanReport& report);

    // An entry as the secure protocol sends it; empty if it is on no page here. Valid until the
    // next change.
    std::span<const std::byte> find_encoded(Seq seq);
    // Somebody waits for the page with this entry. One wish at a time is kept, the first.
    void want(Seq seq);

    // The page of the log that somebody who fell behind waits for; asked for once.
    std::optional<ReadRequest> take_read();
    struct Missed {
        Path path;
        Seq count;
    };
    // The answer. Whoever stood before the oldest entry kept is moved there, and listed.
    std::vector<Missed> add_page(const Page& page);

  private:
    struct Encoded {
        Seq seq = 0;
        EntryKind kind = EntryKind::message;
        MemberId author = 0;
        classic::DatagramList datagrams;
        std::vector<std::byte> secure;
    };
    struct LogPage {
        std::vector<Encoded> entries;  // ascending without a hole; some more than `count`
        std::size_t count = 0;
        std::uint64_t used = 0;  // when it was last looked into
    };
    enum class Progress { caught_up, paced, behind_tail, sink_full };

    static void encode(Seq seq, const Entry& entry, Encoded& out);
    const Encoded* find(Seq seq);
    Progress deliver(Instant now, Cursor& cursor, TransmitSink& sink, PlanReport& report);

    RoomId id_;
    Seq head_ = 1;
    Seq tail_first_ = 1;                    // the oldest entry in tail_
    std::vector<Encoded> tail_;             // a ring: entry n is at n modulo its size
    std::array<LogPage, pages_max> pages_;  // the least recently used is replaced
    std::uint64_t uses_ = 0;
    Seq first_kept_ = 1;
    std::optional<Seq> wanted_;  // the oldest entry somebody with a cursor waits for
    std::optional<Seq> wished_;  // what want() asked for
    bool wish_is_next_ = false;  // they take turns
    bool reading_ = false;
    bool pending_ = false;
    std::size_t plan_from_ = 0;  // where a plan that met a full sink goes on, so that all get turns
    std::vector<Cursor> cursors_;
};

}  // namespace chat::server
