// SPDX-License-Identifier: MIT
// The rooms that were asked for and have not been answered (JOIN, until ROOM or NO_ROOM comes), by
// room_key: by the user, by a message to somebody, or because the server has a new log in which we
// are in no room yet. One is asked for at a time, in the order in which they were wanted; when the
// question is repeated is for the session to say, by its probes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/wire/frame.h"
#include "proto/wire/time.h"
#include "proto/wire/writer.h"

namespace chat::client {

struct PendingJoin {
    frame::RoomKind kind = frame::RoomKind::named;
    std::string name;           // as it was asked for; of a conversation the other's
    bool by_user = false;       // he waits for the answer
    bool again = false;         // he was in it already: refused for now, it is asked for later
    bool then_part = false;     // he has parted before the answer
    std::optional<Instant> at;  // not before
    bool asked = false;
};

class Joins {
  public:
    static constexpr std::size_t joins_max = 64;

    // A room as it is typed, "dev" or "@bob"; nothing: no name at all.
    static std::optional<PendingJoin> parse(std::string_view room);

    // False: too many wait. One that waits already is only told of its new reasons.
    bool add(const std::string& key, const PendingJoin& join);
    PendingJoin* find(std::string_view key);
    // It is answered.
    std::optional<PendingJoin> take(std::string_view key);
    void clear() { joins_.clear(); }
    // An answer is waited for.
    bool open() const;
    // And by the user.
    bool open_for_user() const;

    void ask_again();
    bool wants_to_ask(Instant now) const;
    // When one that has to wait is due.
    std::optional<Instant> due() const;
    // False: nothing was written.
    bool write(Instant now, Writer& writer);

  private:
    struct Wanted {
        std::string key;
        PendingJoin join;
    };
    // The one whose turn it is; the end: there is none, or it has to wait.
    std::size_t first(Instant now) const;

    std::vector<Wanted> joins_;
};

}  // namespace chat::client
