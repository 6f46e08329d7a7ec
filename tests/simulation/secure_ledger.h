// SPDX-License-Identifier: MIT
// The account of what is in the logs, kept beside the simulated disk from what the server gave it:
// what an entry may be, whose it may be, and that people, rooms and places in them change only as
// docs/PROTOCOL.md says. A message is in a log at most once, a message number is used at most once,
// and a server that starts again knows exactly what was stored. It believes only what was stored
// and what people said; what programs show is checked against it (secure_reading.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "chat-server/core/chat.h"
#include "chat-server/core/log.h"

namespace chat::simulation {

inline constexpr server::RoomId lobby_id = server::Chat::lobby_id;

class SecureLedger {
  public:
    struct Seat {
        bool present = false;
        server::Seq next = 1;
        server::Seq began = 1;  // where it stood when he got it
    };
    struct Room {
        server::NewRoom room;
        std::vector<server::Entry> entries;
        server::Seq first_kept = 1;
        std::map<server::PersonId, Seat> seats;
        std::set<server::PersonId> ever;  // who had a seat at any time
        // Where each seat there was began, one after another.
        std::map<server::PersonId, std::vector<server::Seq>> beginnings;

        server::Seq head() const { return entries.size() + 1; }
        const server::Entry* entry(server::Seq seq) const {
            return seq == 0 || seq >= head() ? nullptr : &entries[seq - 1];
        }
        std::string topic() const;
        server::Seq pinned() const;
    };

    // A log that begins empty: the first one, or after the old one was lost.
    void new_log();
    void on_said(const std::string& name, const std::string& text) { said_[text] = name; }
    void on_committed(const server::Changes& changes, std::span<const server::Seq> seqs);
    void on_trimmed(server::RoomId room, server::Seq first_kept);
    // What a server that has just started knows.
    void on_restored(const server::Chat& chat);

    std::size_t log() const { return logs_.size() - 1; }
    server::Seq head(server::RoomId room = lobby_id) const;
    std::size_t entries() const;
    std::size_t rooms() const { return logs_.back().rooms.size(); }
    const std::map<server::RoomId, Room>& all_rooms() const { return logs_.back().rooms; }
    // How often a text stands in a log.
    unsigned times_in_log(std::size_t log, std::string_view text) const;
    const server::Entry* entry(std::size_t log, server::Seq seq,
                               server::RoomId room = lobby_id) const;
    // The room that somebody's client calls so, or nothing.
    const Room* room(std::size_t log, std::string_view called, std::string_view by) const;
    std::optional<server::PersonId> person(std::size_t log, std::string_view name) const;
    // What somebody's client calls it.
    std::string called(const Room& room, std::string_view by) const;
    // Where words stand, the newest first: each must begin a word of the text. ASCII only.
    std::vector<server::Seq> find(const Room& room, std::string_view words) const;

    const std::optional<std::string>& broken() const { return broken_; }

  private:
    struct Log {
        std::vector<server::NewPerson> people;
        std::map<server::RoomId, Room> rooms;
        std::map<std::string, unsigned, std::less<>> texts;
    };

    void promise(bool kept, std::string_view what, std::string_view detail = {});
    void add(const server::NewPerson& person);
    void add(const server::NewRoom& room);
    void append(const server::Append& append, server::Seq seq);
    void came_or_went(Room& room, const server::Entry& entry);
    void was_said(const Room& room, const server::Entry& entry, server::Seq seq);
    void change(const server::SeatChange& seat);

    std::vector<Log> logs_;
    std::map<std::string, std::string> said_;  // text -> who
    std::set<std::tuple<std::size_t, Key32, std::uint64_t, std::uint64_t>> origins_;
    // Who is in which room by its join and leave entries, of the last log.
    std::set<std::pair<server::RoomId, server::PersonId>> present_;
    // Who left and came again in the commit at hand: he may have parted in between.
    std::set<std::pair<server::RoomId, server::PersonId>> left_now_;
    std::set<std::pair<server::RoomId, server::PersonId>> came_again_;
    std::optional<std::string> broken_;
};

// Whether each of the words begins a word of the text. ASCII only.
bool has_words(std::string_view text, std::string_view words);

}  // namespace chat::simulation
