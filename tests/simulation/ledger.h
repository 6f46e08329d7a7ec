// SPDX-License-Identifier: MIT
// The account kept beside a server: everything it was told, stored and sent, compared with what
// the classic protocol promises. It looks at requests, the log and outgoing datagrams and words
// the sentences itself; from the server it takes only which address a new member has and whether
// one has vanished. The first broken promise is kept as a sentence.
//
// Promised: the log has no hole; only the address that logged in speaks and quits for a name;
// a member hears every entry of others from his log-in to his leaving, exactly once and in order
// as far as the network is concerned, nothing else (but his own, once he is so far behind that he
// is served from pages of the log), and is told if entries were dropped; a name
// has one holder; nobody speaks as the administrator but the operator; a stranger gets at most
// one short answer for each datagram; the server never asks to be woken in the past.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "chat-server/core/server.h"

namespace chat::simulation {

class Ledger {
  public:
    explicit Ledger(Duration silence_max) : silence_max_(silence_max) {}

    // Before the server hears of it.
    void on_request(Instant now, const Endpoint& from, std::span<const std::byte> datagram);
    void on_unreachable(const Endpoint& peer) { may_leave_.insert(peer); }
    void on_control(const server::ControlRequest& request);
    void on_deadline(Instant now);
    void on_committed(std::span<const server::Append> appends, std::span<const server::Seq> seqs,
                      const server::Roster& roster);
    void on_page(const server::Page& page);
    // When a turn begins to be acted upon: who was still to be told something may be gone by now.
    void note_vanished(const server::Roster& roster);
    void on_sent(const Endpoint& to, std::span<const std::byte> datagram);
    // A turn is over: its appends are committed, its output is drained or refused.
    void at_rest(Instant now, const server::Server& server);

    const std::optional<std::string>& broken() const { return broken_; }
    const std::vector<server::Entry>& entries() const { return entries_; }

  private:
    struct Membership {
        server::MemberId id = 0;
        std::string name;
        std::string key;
        Endpoint at;
        server::Seq next = 1;
        server::Seq heard = 1;   // the same, but that his own behind it are not passed over
        std::size_t offset = 0;  // bytes of that entry's text already sent
        std::optional<server::Seq> until;
        bool told_ok = false;
        unsigned missed_notices_allowed = 0;
        bool missed_notice_owed = false;
    };
    using Spoken = std::tuple<Endpoint, std::string, std::string>;

    void entered(const server::Entry& entry, server::Seq seq, const server::Roster& roster);
    void spoke(const server::Entry& entry);
    void left(const server::Entry& entry, server::Seq seq, const server::Roster& roster);
    void on_entry(const Endpoint& to, std::string_view text);
    void on_exit(const Endpoint& to);
    void on_answer(const Endpoint& to, std::string_view text);
    void on_missed(const Endpoint& to);
    void all_served(const server::Server& server);

    server::Seq head() const { return entries_.size() + 1; }
    const server::Entry& entry(server::Seq seq) const { return entries_[seq - 1]; }
    // His own, and that nothing is pinned any more.
    void skip_unheard(Membership& member) const;
    // From a page he hears his own again: a log does not know who is who now.
    bool is_own_from_page(const Membership& member, std::string_view text) const;
    // Who is sent to at this address: the first to come, until he was told EXIT.
    Membership* at(const Endpoint& address);
    // Who speaks from it.
    const Membership* living(const Endpoint& address) const;
    Membership* by_id(server::MemberId id);
    void end(const Membership& member);
    void promise(bool kept, std::string_view what, std::string_view who = {},
                 std::string_view detail = {});

    Duration silence_max_;
    std::vector<server::Entry> entries_;
    server::Seq paged_end_ = 1;  // every page that was read ends before it
    std::vector<Membership> members_;
    // What this turn has seen, and may therefore cause.
    std::set<std::pair<Endpoint, std::string>> log_ins_;
    std::map<Spoken, unsigned> spoken_;
    std::set<Endpoint> may_leave_;
    std::set<std::string> may_be_kicked_;  // keys
    std::map<std::string, unsigned> announced_;

    std::map<Endpoint, Instant> last_heard_;
    std::map<Endpoint, std::uint64_t> requests_;
    std::map<Endpoint, std::uint64_t> answers_;
    std::set<Endpoint> just_ended_;  // an OK on its way to one of these is no surprise
    std::optional<std::string> broken_;
};

}  // namespace chat::simulation
