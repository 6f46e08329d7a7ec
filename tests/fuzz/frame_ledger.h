// SPDX-License-Identifier: MIT
// What the server has given to the log, kept a second time, and what it may therefore say to whom:
// no room, entry or figure that is not stored, and nothing of a room to somebody who is not in it.
// Every broken promise ends the program.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "chat-server/core/log.h"
#include "proto/wire/frame.h"
#include "tests/fuzz/fuzz.h"

namespace chat::fuzz {

class Ledger {
  public:
    void restored(const server::Stored& stored) {
        for (const auto& room : stored.rooms)
            rooms_.emplace(room.room.id, KnownRoom{room.room, {}, room.first_kept});
    }
    void committed(const server::Changes& changes, std::span<const server::Seq> seqs) {
        require(seqs.size() == changes.appends.size(), "each entry has a number");
        for (const auto& person : changes.people)
            require(people_.emplace(person.key, person.id).second, "nobody is made twice");
        for (const auto& room : changes.rooms)
            require(rooms_.emplace(room.id, KnownRoom{room, {}, 1}).second,
                    "no room is made twice");
        for (std::size_t i = 0; i < seqs.size(); ++i)
            append(changes.appends[i], seqs[i]);
        for (const auto& seat : changes.seats)
            change(seat);
    }
    void trimmed(server::RoomId room, server::Seq first_kept) {
        known(room).first_kept = first_kept;
    }

    bool has(server::RoomId room) const { return rooms_.contains(room); }
    // Rooms and the number that the next entry of each will have: visit(id, head).
    void for_each_room(auto visit) const {
        for (const auto& [id, room] : rooms_)
            visit(id, room.entries.size() + 1);
    }

    // Whether the server may say this to the owner of that key.
    void check(const PublicKey& who, const frame::Events& events) {
        auto rest = events.entries;
        may_read(who, events.room, events.first_seq + events.count);
        for (server::Seq seq = events.first_seq; seq < events.first_seq + events.count; ++seq)
            check_entry(entry(events.room, seq), *frame::take_entry(rest));
    }
    void check(const PublicKey& who, const frame::EventPart& part) {
        may_read(who, part.room, part.seq + 1);
        entry(part.room, part.seq);
    }
    void check(const PublicKey& who, const frame::Head& head) {
        was_in(who, head.room);
        check_head(head.room, head.head);
    }
    void check(const PublicKey& who, const frame::Gone& gone) {
        was_in(who, gone.room);
        entry(gone.room, gone.to);
        require(gone.to < known(gone.room).first_kept, "only what is gone is said to be");
    }
    void check(const PublicKey& who, const frame::Room& room) {
        was_in(who, room.room);
        check_head(room.room, room.head);
        const server::NewRoom& own = known(room.room).room;
        require(static_cast<int>(room.kind) == static_cast<int>(own.kind), "a room is of its kind");
        require(own.kind != server::RoomKind::named || room.name == own.name,
                "a room is called by its name");
        require(room.pinned == 0 || entry(room.room, room.pinned).kind == server::EntryKind::pinned,
                "what is pinned is an announcement");
    }
    void check(const PublicKey&, const frame::Rooms& rooms) const {
        auto rest = rooms.rooms;
        for (int i = 0; i < rooms.count; ++i) {
            const auto listed = frame::take_listed_room(rest);
            const auto is_it = [&](const auto& one) {
                const server::NewRoom& room = one.second.room;
                return room.kind == server::RoomKind::named && room.name == listed->name;
            };
            require(std::ranges::any_of(rooms_, is_it), "only rooms with a name are listed");
        }
    }
    void check(const PublicKey& who, const frame::Found& found) {
        for (const auto& place : std::span(found.places).first(found.count)) {
            was_in(who, place.room);
            entry(place.room, place.seq);
        }
    }
    void check(const PublicKey& who, const frame::Seen& seen) {
        for (const auto& message : std::span(seen.messages).first(seen.count))
            require(entry(seen.room, message.seq).origin.key == who,
                    "who has seen it is told to its author");
    }
    void check(const PublicKey& who, const frame::MsgAck& ack) {
        for (const auto& result : std::span(ack.results).first(ack.count)) {
            if (result.status != frame::MsgStatus::stored) continue;
            const server::Origin& origin = entry(result.room, result.seq).origin;
            require(origin.verified && origin.key == who && origin.msg_id == result.msg_id,
                    "what is acknowledged is in the log");
        }
    }
    template <class Other>
    void check(const PublicKey&, const Other&) const {}

  private:
    struct KnownRoom {
        server::NewRoom room;
        std::vector<server::Entry> entries;
        server::Seq first_kept = 1;
    };
    using Seat = std::pair<server::RoomId, server::PersonId>;

    void append(const server::Append& append, server::Seq seq) {
        auto& entries = known(append.room).entries;
        const server::Origin& origin = entries.emplace_back(append.entry).origin;
        require(seq == entries.size(), "entries are numbered one by one");
        if (!origin.verified || origin.msg_id == 0) return;
        require(messages_.emplace(origin.key, origin.msg_id).second,
                "a message number is used once");
    }
    void change(const server::SeatChange& seat) {
        require(has(seat.room), "a seat is in a room");
        if (seat.member) {
            seats_.emplace(seat.room, seat.person);
            seats_ever_.emplace(seat.room, seat.person);
        } else {
            seats_.erase({seat.room, seat.person});
            ended_[{seat.room, seat.person}] = known(seat.room).entries.size() + 1;
        }
    }

    KnownRoom& known(server::RoomId room) {
        const auto found = rooms_.find(room);
        require(found != rooms_.end(), "only rooms that are stored are spoken of");
        return found->second;
    }
    const server::Entry& entry(server::RoomId room, server::Seq seq) {
        const auto& entries = known(room).entries;
        require(seq >= 1 && seq <= entries.size(), "only what is stored is spoken of");
        return entries[seq - 1];
    }
    static void check_entry(const server::Entry& own, const frame::Entry& said) {
        require(said.text == own.text && said.name == own.name,
                "an entry is sent as it stands in the log");
        require(static_cast<int>(said.kind) == static_cast<int>(own.kind), "as what it is");
    }
    void check_head(server::RoomId room, server::Seq head) {
        require(head <= known(room).entries.size() + 1, "the head is the head");
    }

    Seat seat(const PublicKey& who, server::RoomId room) const {
        const auto found = people_.find(who);
        require(found != people_.end(), "who is spoken to is known");
        return {room, found->second};
    }
    // Entries before `end`. A datagram may be under way when he parts, with what was there before.
    void may_read(const PublicKey& who, server::RoomId room, server::Seq end) const {
        const auto ended = ended_.find(seat(who, room));
        require(seats_.contains(seat(who, room)) || (ended != ended_.end() && end <= ended->second),
                "a room's entries are its members'");
    }
    void was_in(const PublicKey& who, server::RoomId room) const {
        require(seats_ever_.contains(seat(who, room)), "a room's state is its members'");
    }

    std::map<server::RoomId, KnownRoom> rooms_;
    std::map<PublicKey, server::PersonId> people_;  // with one name each
    std::set<Seat> seats_;
    std::set<Seat> seats_ever_;
    std::map<Seat, server::Seq> ended_;                       // and the room's head then
    std::set<std::pair<PublicKey, std::uint64_t>> messages_;  // of one start of each program
};

}  // namespace chat::fuzz
