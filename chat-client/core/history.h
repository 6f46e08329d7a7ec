// SPDX-License-Identifier: MIT
// The older entries of one room, as a person scrolls up or a program asks: which were asked for,
// which are there, and when to ask again. Whatever comes in whatever order: what was asked for
// comes out ascending and once, marked as history, with a HistoryEnd behind it. What the log no
// longer has is a Gap in its place, at the start from number 1 on. One question at a time, 256
// entries at a time; of these at most 1 MiB wait for their turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "chat-client/core/entry_event.h"
#include "chat-client/core/entry_fetch.h"
#include "chat-client/core/event.h"
#include "proto/wire/time.h"

namespace chat::client {

class History {
  public:
    static constexpr std::uint32_t limit_max = 10'000;
    static constexpr std::size_t waiting_bytes_max = 1024 * 1024;
    // Questions that wait for the one before them.
    static constexpr std::size_t questions_max = 16;

    // This program knows the room from `seq` on; of what was asked for before that nothing comes.
    void begin_at(std::uint64_t seq, std::uint64_t tail);
    // The log has nothing before it.
    void on_tail(std::uint64_t tail);

    // `before` 0: before the oldest that is known. At most limit_max. False: too much waits.
    bool want(std::uint64_t before, std::uint32_t limit);
    // What is asked for on coming in: one page before the others, all of it at once.
    void want_on_joining(std::uint32_t limit);
    // The others have waited long enough: what is missing is left out, at the old end.
    void hurry(const EntryTeller& teller, std::vector<Event>& events);
    // The oldest number that this program knows.
    std::uint64_t oldest() const { return oldest_; }
    bool joining() const { return now_ && now_->joining; }
    bool open() const { return now_ || !questions_.empty(); }

    bool wants(std::uint64_t seq) const { return fetch_.wants(seq); }
    void on_entry(Instant now, Duration rtt, std::uint64_t seq, const frame::Entry& entry);
    void on_part(Instant now, Duration rtt, std::uint64_t seq, std::uint8_t have) {
        fetch_.on_part(now, rtt, seq, have);
    }
    void on_gone(Instant now, Duration rtt, std::uint64_t from, std::uint64_t to);
    // Gives out what has its turn, and turns to what is next. `end`: nothing from there on is old.
    void advance(const EntryTeller& teller, std::uint64_t end, std::vector<Event>& events);

    EntryFetch& fetch() { return fetch_; }
    const EntryFetch& fetch() const { return fetch_; }

  private:
    struct Question {
        std::uint64_t before = 0;
        std::uint32_t limit = 0;
        bool joining = false;
    };
    // The question that is being answered: [next, to) has not come out yet.
    struct Answer {
        bool joining = false;
        bool at_start = false;    // what is before `first` is no longer kept, and that was told
        std::uint64_t first = 0;  // the oldest that came out, or next
        std::uint64_t next = 0;
        std::uint64_t to = 0;
        std::uint64_t page_end = 0;  // asked for are those before it
    };

    void start(const Question& question, std::uint64_t end);
    void turn_page();
    void release(const EntryTeller& teller, std::vector<Event>& events);
    void tell_start(const EntryTeller& teller, std::vector<Event>& events);
    void finish(const EntryTeller& teller, std::vector<Event>& events);
    void leave_out_before(std::uint64_t seq);

    std::uint64_t oldest_ = 1;
    std::uint64_t tail_ = 1;
    std::deque<Question> questions_;
    std::optional<Answer> now_;
    EntryFetch fetch_;
    std::map<std::uint64_t, StoredEntry> waiting_;
    std::size_t waiting_bytes_ = 0;
};

}  // namespace chat::client
