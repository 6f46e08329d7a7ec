// SPDX-License-Identifier: MIT
// One room, or one conversation, as its reader sees it: what was said, what he is about to say,
// how much of it he has not looked at. Fed with the room's events; older entries come in one piece
// when all of them are there, so that nothing moves while he reads.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "chat-client/core/event.h"
#include "chat-client/core/missed.h"
#include "chat-client/core/user_input.h"
#include "chat-client/terminal/editor.h"
#include "chat-client/terminal/outgoing.h"
#include "chat-client/terminal/scrollback.h"
#include "chat-client/terminal/words.h"

namespace chat::terminal {

// How times are written: the user's zone is not our business.
struct TimeStyle {
    std::string (*clock)(WallTime) = nullptr;  // "12:34"
    std::string (*date)(WallTime) = nullptr;   // "2026-11-21 12:34"
};

class RoomPane {
  public:
    // The newest own messages that show how far they have got.
    static constexpr std::size_t marked_max = 3;
    static constexpr std::uint32_t page_of_history = 100;

    RoomPane(std::string name, const TimeStyle& times, const ScrollbackLimits& limits,
             const Words& words);

    // `looked_at`: it is on the screen.
    void show(const client::Event& event, WallTime now, bool looked_at);
    void notice(LineKind kind, std::string text, WallTime now);
    // The next list of members is wanted whole.
    void ask_names() { names_asked_ = true; }
    // Another topic is under way.
    void ask_topic() { topic_asked_ = true; }
    bool has_no_topic() const { return joined_ && topic_.empty() && !topic_asked_; }
    // For who wants to read on above the oldest line. Nothing: it is under way, or there is no
    // more, or no room for more.
    std::optional<client::WantHistory> ask_older(std::uint32_t limit = page_of_history);
    // A sentence of `words` with a place for the room's name; empty while it is under way.
    std::string_view why_nothing_older() const;
    void look_at();

    const std::string& name() const { return name_; }
    const std::string& topic() const { return topic_; }
    const std::string& pinned() const { return pinned_; }
    bool joined() const { return joined_; }
    bool loading() const { return loading_; }
    std::size_t present() const { return present_.size(); }
    std::size_t unread() const { return unread_; }
    // Somebody speaks to the reader himself.
    bool called() const { return called_; }
    Scrollback& scrollback() { return scrollback_; }
    const Scrollback& scrollback() const { return scrollback_; }
    Editor& editor() { return editor_; }
    // A text that was said here just now; `id` will come back.
    void say(std::string id, std::string_view text, WallTime now);
    // A message that will not be accepted.
    void forget(std::string_view id) { outgoing_.drop(id); }
    // What is under way, as lines, the newest `count` of it; once it is known who says it.
    std::vector<Line> pending(std::size_t count) const;

  private:
    struct Own {
        std::uint64_t seq;
        std::uint64_t line;
    };

    void on(const client::Welcome& e);
    void on(const client::Members& e);
    void on(const client::Message& e);
    void on(const client::Joined& e);
    void on(const client::Left& e);
    void on(const client::Announcement& e);
    void on(const client::Topic& e);
    void on(const client::PinnedNow& e);
    void on(const client::Receipt& e);
    void on(const client::Accepted& e);
    void on(const client::Gap& e);
    void on(const client::HistoryEnd& e);
    void on(const client::RoomLeft& e);
    void on(const client::Error& e);
    template <class Other>
    void on(const Other&) {}

    template <class Entry>
    std::uint64_t add(const Entry& e, LineKind kind, std::string who, std::string text);
    void add_unread(bool called);
    bool calls_me(std::string_view text) const;
    bool all_older_known() const;
    void show_beginning();
    void divide(std::string_view text);
    void program(const client::Event& event);

    std::string name_;
    TimeStyle times_;
    const Words& words_;
    Scrollback scrollback_;
    Editor editor_;
    Outgoing outgoing_;
    client::MissedMarker missed_;
    std::string topic_;
    std::string pinned_;
    std::string own_name_;
    std::set<std::string> present_;  // as far as the server tells; of rooms with a name
    std::deque<Own> marked_;
    std::vector<Line> older_;  // of an answer that is not complete yet
    std::size_t unread_ = 0;
    std::uint64_t next_seq_ = 1;                 // everything before it has been shown
    std::optional<std::uint64_t> oldest_there_;  // nothing is older in the room
    bool joined_ = false;
    bool confirms_ = false;  // the server says what it has stored
    bool renumbered_ = false;
    bool beginning_shown_ = false;
    bool loading_ = false;
    bool called_ = false;
    bool names_asked_ = false;
    bool topic_asked_ = false;
    bool looked_at_ = false;
    WallTime now_;
};

}  // namespace chat::terminal
