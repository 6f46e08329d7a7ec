// SPDX-License-Identifier: MIT
// A room is a log, a member is a cursor on it. This holds the newest part of the log in the form
// in which it is sent (each entry encoded once), a cursor for each member, and plans who is sent
// what next. There is no queue per member: whoever is slow or paced stands further back on the
// same log, and is served from pages of it once he has fallen off the newest part.
// Planning a delivery allocates nothing and looks up nothing but the entry's place.
//
// Members of the secure protocol have a seat each, present or not: how far the person has come, by
// whichever of his programs. Where each program stands is its own record (subscription.h).
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

// A person's place in the room; kept until he parts. It says what is committed: one whose join is
// still on its way into the log has none yet.
struct Seat {
    PersonId person = 0;
    bool present = false;  // the log has his join and not his leave; in a conversation never
    bool changed = false;  // `next` is to be stored
    Seq next = 1;          // everything before it has arrived at one of his programs
};
using SeatIndex = std::uint32_t;

// A message of the last few, for SEEN: how many have it was said last.
struct Spoken {
    Seq seq = 0;
    PersonId author = 0;
    std::uint32_t seen = 0;
    std::uint32_t of = 0;
};

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
    Room(const NewRoom& room, std::string name_key);

    RoomId id() const { return room_.id; }
    RoomKind kind() const { return room_.kind; }
    // Of a named room; empty for a conversation.
    const std::string& name() const { return room_.name; }
    const std::string& name_key() const { return name_key_; }
    // Of a conversation: whom `person` talks with.
    PersonId other(PersonId person) const {
        return room_.first == person ? room_.second : room_.first;
    }
    const std::string& topic() const { return topic_; }
    Seq pinned() const { return pinned_; }

    // The number after the newest entry.
    Seq head() const { return head_; }
    // The oldest entry that can be had, as far as is known here.
    Seq first_kept() const { return first_kept_; }
    // A log older than this process, before any entry: it has [first_kept, head).
    void restore(const StoredRoom& stored);
    // Older entries were forgotten by the log.
    void trimmed(Seq first_kept);

    std::span<Seat> seats() { return seats_; }
    std::span<const Seat> seats() const { return seats_; }
    // Seats move when one is removed: Chat keeps the places right.
    SeatIndex add_seat(const Seat& seat);
    // Returns the person whose seat has moved into this place, if one has.
    std::optional<PersonId> remove_seat(SeatIndex index);
    std::size_t present() const { return present_; }
    void set_present(SeatIndex index, bool present);

    // The last messages of people, ascending.
    std::span<Spoken> spoken() { return spoken_; }
    std::span<const Spoken> spoken() const { return spoken_; }
    // Who of the secure protocol is sent the room's entries, one for each program, in no order.
    // Kept by the secure service.
    std::vector<std::uint32_t>& listeners() { return listeners_; }

    // A committed entry; seq must be head().
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
    // It could not be read. Whoever waits for it wants it again, after a while.
    void read_failed();
    struct Missed {
        Path path;
        Seq count;
    };
    // The answer. Whoever stood before the oldest entry kept is moved there, and listed.
    std::vector<Missed> add_page(const Page& page);
    // Gives the memory of all pages back; what is wanted again is read again.
    void forget_pages();

  private:
    struct Encoded {
        Seq seq = 0;
        MemberId author = 0;
        bool worded = false;  // `datagrams` are there: made when a classic member is sent them
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
    static void word(Encoded& entry);
    Encoded* find(Seq seq);
    Encoded& make_place(Seq seq);
    void drop_oldest();
    Progress deliver(Instant now, Cursor& cursor, TransmitSink& sink, PlanReport& report);

    NewRoom room_;
    std::string name_key_;
    std::string topic_;
    Seq pinned_ = 0;
    std::vector<Seat> seats_;
    std::size_t present_ = 0;
    std::vector<Spoken> spoken_;
    std::vector<std::uint32_t> listeners_;
    Seq head_ = 1;
    Seq tail_first_ = 1;                    // the oldest entry in tail_
    std::size_t tail_bytes_ = 0;            // of all in tail_, as the secure protocol sends them
    std::vector<Encoded> tail_;             // a ring: entry n is at n modulo its size; grows
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
