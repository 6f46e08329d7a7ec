// SPDX-License-Identifier: MIT
// One search in the server's logs (docs/PROTOCOL.md, section 5, "Search"): where the words stand is
// asked for until it is answered, then the entries there are fetched, and the answer is given when
// all have come. A place that the log has lost meanwhile is left out. A new search ends the one
// before it. At most 64 places.
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
    // With what there is.
    SearchResult end();
    bool running() const { return running_; }

    bool wants_to_ask() const { return running_ && !found_ && !asked_; }
    // Valid until the next call.
    frame::Search question() const { return {id_, room_, 0, words_}; }
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

    std::optional<Instant> due() const;
    bool write(Instant now, Duration rtt, Writer& writer);
    // Once, when all is there.
    std::optional<SearchResult> take();

  private:
    struct Hit {
        frame::Place place;
        SearchResult::Hit shown;
        bool there = false;
    };

    bool running_ = false;
    bool asked_ = false;
    bool found_ = false;
    std::uint32_t id_ = 0;
    std::uint32_t room_ = 0;
    std::string words_;
    bool more_ = false;
    std::vector<Hit> hits_;
    std::map<std::uint32_t, EntryFetch> fetches_;  // by room
};

}  // namespace chat::client
