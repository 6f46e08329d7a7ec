// SPDX-License-Identifier: MIT
// Fetches who is in the room, page by page (docs/PROTOCOL.md, section 5, "Members"). Each page is
// the list as it was at some number of the log, and not all at the same one; joins and leaves that
// are shown meanwhile are kept and applied to the pages that are older than they. Once complete it
// gives the names away and knows nothing any more: from then on the join and leave entries
// themselves keep whoever shows the list right. When the question is repeated
// is for the session to say, by its probes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat-client/core/event.h"
#include "proto/wire/frame.h"

namespace chat::client {

class MemberList {
  public:
    // Far more than a server takes in; whoever sends more pages is not believed.
    static constexpr std::size_t names_max = 100'000;
    // Joins and leaves during one fetch; with more of them it begins again.
    static constexpr std::size_t changes_max = 4096;

    // From the start, whatever was known.
    void fetch(std::uint32_t room);
    void stop() { fetching_ = complete_ = false; }
    bool fetching() const { return fetching_; }
    // Whose list it is, or was last.
    std::uint32_t room() const { return room_; }

    // The question is to be sent, for the first time or again.
    bool wants_to_ask() const { return fetching_ && !asked_; }
    // Valid until the next call.
    frame::MembersWanted question() const { return {room_, after_}; }
    void on_asked() { asked_ = true; }
    void ask_again() { asked_ = false; }

    void on_members(const frame::Members& page);
    // Joined and Left of this room as they are shown, in order; other events, and history, are of
    // no interest.
    void on_shown(const Event& event);
    // Once, when complete: the names in the order of their folded form.
    std::optional<std::vector<std::string>> take();

  private:
    struct Page {
        std::string last_key;  // of the names on it; empty: all that follow
        std::uint64_t as_of = 0;
    };
    struct Change {
        std::uint64_t seq = 0;
        std::string name;
        bool here = false;
    };

    void change(std::uint64_t seq, const std::string& name, bool here);
    void apply_changes();

    bool fetching_ = false;
    bool complete_ = false;
    std::uint32_t room_ = 0;
    std::string after_;
    bool asked_ = false;
    std::map<std::string, std::string> names_;  // folded form -> name
    std::vector<Page> pages_;
    std::vector<Change> changes_;
};

}  // namespace chat::client
