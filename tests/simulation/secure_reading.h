// SPDX-License-Identifier: MIT
// What one program start has shown its user, checked against the ledger as it is shown: of each
// room every number once, ascending, as it stands in the log, from where it began to where it is,
// and never a silent hole; and where it began nothing is missing either that this person's programs
// have not shown before (Persona). What was accepted is in the log; nothing is shown of a room in
// which he is not; history, what was found, topics and figures are those of the log.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat-client/core/event.h"
#include "tests/simulation/secure_ledger.h"

namespace chat::simulation {

// What all programs of one person together have shown of the logs' rooms.
struct Persona {
    std::string name;
    std::map<std::pair<std::size_t, server::RoomId>, std::vector<bool>> shown;
    // Passed over in one room or another before it was known of which log.
    std::vector<std::pair<server::Seq, server::Seq>> passed;

    void add(std::size_t log, server::RoomId room, server::Seq seq);
    bool has(std::size_t log, server::RoomId room, server::Seq seq) const;
    bool may_have_passed(server::Seq seq) const;
};
using Personas = std::map<std::string, Persona>;  // by name

class Reading {
  public:
    // `history_on_joining`: the program shows older entries in front of each room's first.
    Reading(const SecureLedger& ledger, Personas& personas, const std::string& name,
            bool history_on_joining = false)
        : ledger_(ledger),
          personas_(personas),
          own_(personas[name]),
          history_on_joining_(history_on_joining) {
        own_.name = name;
    }

    void on_said(std::string id, std::string room, std::string text);
    void on_searched(std::string words) {
        searched_.push_back(std::move(words));
        found_.reset();
    }
    void on_part_wanted(const std::string& room) { parts_wanted_.insert(client::room_key(room)); }
    void on_history_wanted(const std::string& room);
    void on_event(const client::Event& event);

    bool is_in(std::string_view room) const {
        const Place* place = find(room);
        return place != nullptr && !place->away;
    }
    std::vector<std::string> rooms() const;
    // The next number to be shown; 0: not in that room.
    server::Seq next(std::string_view room = "lobby") const;
    std::size_t log() const;
    // Said, and neither accepted nor refused nor uncertain.
    std::size_t unanswered() const { return said_.size(); }
    std::size_t accepted() const { return accepted_; }
    std::uint64_t shown() const { return shown_; }
    std::uint64_t history_shown() const { return history_shown_; }
    std::uint64_t receipts_shown() const { return receipts_shown_; }
    // What was said last of a message.
    std::optional<client::Receipt> receipt(std::string_view room, server::Seq seq) const;
    // The answer to the last search.
    const std::optional<client::SearchResult>& found() const { return found_; }
    // Of the last room whose history ended.
    const std::optional<client::HistoryEnd>& history_end() const { return history_end_; }
    std::size_t histories_open(std::string_view room) const;
    const std::optional<client::RoomList>& room_list() const { return room_list_; }
    std::vector<std::string> members(std::string_view room) const;
    const client::PinnedNow* pinned(std::string_view room) const;

    // What the last log has for this person and is not shown yet; nothing: he has it all.
    std::optional<std::string> lacks() const;
    // Whose figures in the last log's rooms are not the true ones.
    std::optional<std::string> wrong_figures() const;

    const std::optional<std::string>& broken() const { return broken_; }

  private:
    struct Place {
        std::string called;
        server::Seq next = 1;
        server::Seq begin = 1;
        std::optional<std::size_t> log;  // what is shown next says which it is
        server::RoomId id = 0;           // with `log`
        bool anew = false;               // a new log was announced, its welcome follows
        bool away = false;  // a conversation that was put away, until somebody speaks there
        std::vector<std::pair<server::Seq, server::Seq>> gaps;     // before the log was known
        std::vector<std::pair<server::Seq, server::Seq>> history;  // came out since the last end
        std::size_t histories_open = 0;
        std::map<server::Seq, client::Receipt> receipts;
        std::vector<std::string> members;
        std::optional<client::PinnedNow> pinned;
    };
    struct Shown {
        server::Seq seq = 0;
        server::EntryKind kind = server::EntryKind::message;
        WallTime time;
        std::string_view name;
        std::string_view text;
        bool history = false;
    };

    void on(const client::Welcome& welcome);
    void on(const client::Members& members);
    void on(const client::Message& message);
    void on(const client::Joined& joined);
    void on(const client::Left& left);
    void on(const client::Announcement& announcement);
    void on(const client::Topic& topic);
    void on(const client::PinnedNow& pinned);
    void on(const client::Receipt& receipt);
    void on(const client::Accepted& accepted);
    void on(const client::Gap& gap);
    void on(const client::HistoryEnd& end);
    void on(const client::RoomLeft& left);
    void on(const client::RoomList& list);
    void on(const client::SearchResult& result);
    void on(const client::Error& error);
    template <class Other>
    void on(const Other&) {}

    Place* find(std::string_view room);
    const Place* find(std::string_view room) const;
    Place* place_of(std::string_view room, std::string_view what);
    void show(std::string_view room, const Shown& what);
    void show_history(Place& place, const Shown& what);
    void find_log(Place& place, const Shown& what);
    void check_begin(const Place& place);
    void pass_over(const Place& place, server::Seq from, server::Seq to);
    const SecureLedger::Room* room_of(const Place& place) const;
    std::uint32_t may_have_seen(std::size_t log, const SecureLedger::Room& room,
                                server::Seq seq) const;
    void promise(bool kept, std::string_view what, std::string_view detail = {});

    const SecureLedger& ledger_;
    Personas& personas_;
    Persona& own_;
    bool history_on_joining_;
    struct Said {
        std::string room;
        std::string text;
    };
    std::map<std::string, Said> said_;
    std::set<std::string> answered_;
    std::size_t accepted_ = 0;
    std::map<std::string, Place> places_;  // by room_key
    std::set<std::string> parts_wanted_;   // by room_key, ever
    std::deque<std::string> searched_;     // and not answered yet
    std::optional<client::SearchResult> found_;
    std::optional<client::HistoryEnd> history_end_;
    std::optional<client::RoomList> room_list_;
    std::uint64_t shown_ = 0;
    std::uint64_t history_shown_ = 0;
    std::uint64_t receipts_shown_ = 0;
    std::optional<std::string> broken_;
};

}  // namespace chat::simulation
