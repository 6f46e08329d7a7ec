// SPDX-License-Identifier: MIT
// One search in the server's logs (docs/PROTOCOL.md, section 5, "Search"): where the words stand is
// asked for until it is answered, then the entries there are fetched, and the answer is given when
// all have come. A place that the log has lost meanwhile is left out. A new search ends the one
// before it. At most 64 places; what is older than these is found by going on, one room at a time,
// as the protocol has it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat-client/core/entry_event.h"
#include "chat-client/core/entry_fetch.h"
#include "chat-client/core/event.h"
#include "proto/wire/frame.h"
#include "proto/wire/time.h"
#include "proto/wire/writer.h"

namespace chat::client {

class Search {
  public:
    // `room` 0: in all of ours.
    void begin(std::uint32_t room, std::string_view words);
    // For the last words what is older than all that was found, in these rooms of ours or in the
    // one that was meant. False: there is nothing older, or there was no search.
    bool go_on(std::vector<std::uint32_t> rooms);
    // With what there is.
    SearchResult end();
    // A new log: there is nothing to go on with.
    void forget_older() { older_ = {}; }
    bool running() const { return running_; }

    bool wants_to_ask() const { return running_ && !found_ && !asked_; }
    // Valid until the next call.
    frame::Search question() const { return {id_, room_, before_, words_}; }
    void on_asked() { asked_ = true; }
    // Of a new session nobody there knows anything.
    void ask_again(bool new_session);

    // The name of a room of ours; empty: of none.
    using NameOf = std::function<std::string(std::uint32_t room)>;
    void on_found(const frame::Found& found, const NameOf& name_of);
    bool wants(std::uint32_t room, std::uint64_t seq) const;
    void on_entry(Instant now, Duration rtt, std::uint32_t room, std::uint64_t seq,
                  const frame::Entry& entry);
    void on_part(Instant now, Duration rtt, std::uint32_t room, std::uint64_t seq,
                 std::uint8_t have);
    void on_gone(Instant now, Duration rtt, const frame::Gone& gone);
    // We are not in it any more.
    void on_room_left(std::uint32_t room);
    void forget_parts();

    // As of EntryFetch.
    std::size_t open() const;
    std::optional<Instant> due(std::size_t runs_left) const;
    bool write(Instant now, Duration rtt, std::size_t& runs_left, Writer& writer);
    // Once, when all is there.
    std::optional<SearchResult> take();

  private:
    struct Hit {
        frame::Place place;
        SearchResult::Hit shown;
        bool there = false;
    };

    // What an answer leaves for the next.
    struct Older {
        std::string words;
        std::map<std::uint32_t, std::uint64_t> oldest;  // found so far, by room
        std::vector<std::uint32_t> rooms;               // in which there may be more
        bool in_all = false;                            // more was found, in rooms not known yet
    };

    void ask(std::uint32_t room);
    void note_older(const frame::Found& found);

    Older older_;
    std::uint64_t before_ = 0;
    bool running_ = false;
    bool asked_ = false;
    bool found_ = false;
    std::uint32_t id_ = 0;
    std::uint32_t room_ = 0;
    std::string words_;
    bool more_ = false;
    bool incomplete_ = false;
    std::vector<Hit> hits_;
    std::map<std::uint32_t, EntryFetch> fetches_;  // by room
};

}  // namespace chat::client
