// SPDX-License-Identifier: MIT
// Who is here and what happens in the room: joining, leaving, saying, announcing, as entries of a
// log. An act counts when its entry has been committed, not before: only then does the newcomer
// hear that he is in, do the others hear of him, and is a name free again. It does not know how a
// request was worded; the protocols in front of it do.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat-server/core/counters.h"
#include "chat-server/core/log.h"
#include "chat-server/core/room.h"
#include "chat-server/core/roster.h"

namespace chat::server {

enum class LeaveReason : std::uint8_t { quit, kicked, unreachable, silent, other_name };

// For the operator's journal.
struct Event {
    enum class Kind : std::uint8_t { joined, left, announced };
    Kind kind = Kind::joined;
    std::string name;
    Endpoint peer;
    LeaveReason reason = LeaveReason::quit;  // of left
};

enum class JoinOutcome : std::uint8_t {
    accepted,  // OK follows when the entry is committed
    again,     // this address is this member already
    name_taken,
    too_fast,  // a member who changes his name
    full,
};

class Chat {
  public:
    explicit Chat(std::uint64_t hash_seed) : roster_(hash_seed), lobby_(lobby_id) {}

    const Roster& roster() const { return roster_; }
    Counters& counters() { return counters_; }
    const Counters& counters() const { return counters_; }
    Seq head() const { return lobby_.head(); }

    // `name` must have passed check_name. An address that is somebody else leaves as that first.
    JoinOutcome join(const Now& now, const Path& path, std::string_view name);
    // `text` must be clean.
    void say(const Now& now, MemberIndex author, std::string text);
    void leave(const Now& now, MemberIndex index, LeaveReason reason);
    void announce(const Now& now, std::string text);

    // He spoke, so he is there.
    void heard_from(Instant now, MemberIndex index);
    // False: more than he may say.
    bool may_say(Instant now, MemberIndex index);
    bool may_be_warned(Instant now, MemberIndex index);
    // A hint that nobody listens there any more.
    void unreachable(const Now& now, const Endpoint& peer);
    void remove_silent(const Now& now, Duration limit);

    // A short answer to one address, sent before any entry.
    void reply(const Path& path, std::string_view text);

    // The log's side; see Server.
    std::span<const Append> take_appends();
    void on_committed(std::span<const Seq> seqs);
    std::vector<ReadRequest> take_reads();
    void on_page(const Page& page);

    void poll_transmit(Instant now, TransmitSink& sink);
    // When poll_transmit will have more to send without anything else happening.
    std::optional<Instant> ready_at() const { return ready_at_; }
    // Nothing is waiting for the log, the sink or a member's pace.
    bool idle() const;

    std::vector<Event> take_events() { return std::exchange(events_, {}); }

  private:
    static constexpr RoomId lobby_id = 1;

    struct Reply {
        Path path;
        std::string text;
    };
    struct Batch {
        std::vector<Append> appends;
        std::vector<MemberIndex> members;  // whom each of these concerns
    };

    void append(const Now& now, EntryKind kind, MemberIndex index, std::string text);
    void committed(Seq seq, const Entry& entry, MemberIndex index);
    void remove(MemberIndex index);
    bool send_replies(TransmitSink& sink);

    Roster roster_;
    Room lobby_;
    Counters counters_;
    Batch waiting_;              // for the log
    Batch in_log_;               // handed out; nothing moves until it is committed
    std::deque<Reply> replies_;  // a deque, because a sink borrows from it while more are added
    std::size_t replies_sent_ = 0;
    std::optional<Instant> ready_at_;
    std::vector<Event> events_;
};

}  // namespace chat::server
