// SPDX-License-Identifier: MIT
// Who is here and what happens in the room: joining, leaving, saying, announcing, as entries of a
// log. An act counts when its entry has been committed, not before: only then do the protocols in
// front of it hear of it (take_outcomes), tell the newcomer that he is in, deliver to the others,
// and is a name free again. It does not know how a request was worded or an entry is sent.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat-server/core/counters.h"
#include "chat-server/core/log.h"
#include "chat-server/core/names.h"
#include "chat-server/core/room.h"
#include "chat-server/core/roster.h"

namespace chat::server {

inline constexpr MemberIndex no_member = UINT32_MAX;

// For the operator's journal.
struct Event {
    enum class Kind : std::uint8_t { joined, left, announced };
    Kind kind = Kind::joined;
    std::string name;
    Endpoint peer;
    LeaveReason reason = LeaveReason::quit;  // of left
};

// Something of a member is in the log now.
struct Outcome {
    enum class Kind : std::uint8_t { joined, left, stored };
    Kind kind = Kind::stored;
    MemberIndex member = 0;
    Seq seq = 0;
    Origin origin;  // of the entry
};

enum class JoinError : std::uint8_t { name_taken, full };

class Chat {
  public:
    explicit Chat(std::uint64_t hash_seed) : roster_(hash_seed), lobby_(lobby_id) {}

    static constexpr RoomId lobby_id = 1;

    const Roster& roster() const { return roster_; }
    Room& lobby() { return lobby_; }
    const Room& lobby() const { return lobby_; }
    NameRegistry& names() { return names_; }
    Counters& counters() { return counters_; }
    const Counters& counters() const { return counters_; }
    Seq head() const { return lobby_.head(); }

    // Whether somebody new may join under this name, which must have passed check_name. A name that
    // is registered is its owner's alone, so never a classic member's.
    std::expected<void, JoinError> may_join(std::string_view name, const std::string& name_key,
                                            const std::optional<Identity>& identity) const;
    // Only after may_join. Outcome `joined` follows.
    MemberIndex join(const Now& now, const Path& path, std::string_view name, std::string name_key,
                     const std::optional<Identity>& identity);
    // `text` must be clean. `msg_id` is the secure protocol's. Outcome `stored` follows.
    void say(const Now& now, MemberIndex author, std::string text, std::uint64_t msg_id = 0);
    // Outcome `left` follows, for the first reason given.
    void leave(const Now& now, MemberIndex index, LeaveReason reason);
    void announce(const Now& now, std::string text);
    // He left and there is nobody to tell any more: his place and name are free.
    void remove(MemberIndex index);

    // He spoke, so he is there.
    void heard_from(Instant now, MemberIndex index);
    void forget_endpoint(MemberIndex index) { roster_.forget_endpoint(index); }
    // He is leaving, and whoever takes his place is himself.
    void forget_name(MemberIndex index) { roster_.forget_name(index); }
    // A member of the secure protocol goes on from another place, or with another program.
    void moved(MemberIndex index, const Path& path) { roster_[index].path = path; }
    void replaced(MemberIndex index, std::uint64_t client_epoch);
    // For the protocols' own records.
    Member& member(MemberIndex index) { return roster_[index]; }

    // The log's side; see Server.
    void restore(RoomId room, Seq first_kept, Seq head);
    std::span<const Append> take_appends();
    void on_committed(std::span<const Seq> seqs);
    // What the calls of on_committed since the last time brought, in the log's order.
    std::vector<Outcome> take_outcomes() { return std::exchange(outcomes_, {}); }
    // Nothing waits for the log.
    bool is_committed() const { return waiting_.appends.empty() && in_log_.appends.empty(); }

    std::vector<Event> take_events() { return std::exchange(events_, {}); }

  private:
    struct Batch {
        std::vector<Append> appends;
        std::vector<MemberIndex> members;  // whom each of these concerns
    };

    void append(const Now& now, EntryKind kind, MemberIndex index, std::string text,
                std::uint64_t msg_id = 0);
    void committed(Seq seq, const Entry& entry, MemberIndex index);

    Roster roster_;
    Room lobby_;
    NameRegistry names_;
    Counters counters_;
    Batch waiting_;  // for the log
    Batch in_log_;   // handed out; nothing moves until it is committed
    std::vector<Outcome> outcomes_;
    std::vector<Event> events_;
};

// Whether he has left but for the formalities.
inline bool is_going(const Member& member) {
    return member.state == MemberState::leaving || member.state == MemberState::vanished;
}

}  // namespace chat::server
