// SPDX-License-Identifier: MIT
// For the tests of Chat: a store that keeps what it is given and says what a restarted server would
// find, distrustfully, and people who come and go without datagrams.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "chat-server/core/chat.h"
#include "chat-server/core/limits.h"
#include "proto/wire/name.h"
#include "tests/support/catch.h"

namespace chat::server::chat_test {

inline PublicKey key(std::size_t number) {
    Key32 bytes{};
    bytes[0] = static_cast<std::byte>(number);
    bytes[1] = static_cast<std::byte>(number >> 8);
    bytes[31] = std::byte{1};
    return {bytes};
}

inline std::string address_text(const Endpoint& e) {
    return "port " + std::to_string(e.port);
}

inline Path path(std::uint16_t port) {
    return {{IpAddress::v4(127, 0, 0, 1), port, 0}, {}};
}

class FakeStore {
  public:
    FakeStore() { add_room({Chat::lobby_id, RoomKind::named, "lobby", 0, 0}); }

    std::vector<Seq> commit(const Changes& changes) {
        for (const NewPerson& person : changes.people) {
            REQUIRE(person.id == stored_.people.size() + 1);
            stored_.people.push_back(person);
        }
        for (const NewRoom& room : changes.rooms) {
            REQUIRE(room.id == stored_.rooms.size() + 1);
            CHECK((room.kind == RoomKind::named) == (check_name(room.name).has_value()));
            CHECK((room.kind == RoomKind::conversation) == (room.first < room.second));
            add_room(room);
        }
        std::vector<Seq> seqs;
        for (const Append& append : changes.appends) {
            CHECK(append.entry.origin.person <= stored_.people.size());
            seqs.push_back(add(at(append.room), append.entry));
        }
        std::map<std::pair<RoomId, PersonId>, int> times;
        for (const SeatChange& seat : changes.seats) {
            REQUIRE(++times[{seat.room, seat.person}] == 1);
            REQUIRE((seat.person >= 1 && seat.person <= stored_.people.size()));
            CHECK((seat.next >= 1 && seat.next <= at(seat.room).head));
            if (at(seat.room).room.kind == RoomKind::conversation) CHECK_FALSE(seat.present);
            if (seat.member) {
                seats_[{seat.room, seat.person}] = seat;
            } else {
                CHECK_FALSE(seat.present);
                REQUIRE(seats_.erase({seat.room, seat.person}) == 1);
            }
        }
        ++commits;
        return seqs;
    }

    // What load() would give.
    Stored stored() const {
        Stored stored = stored_;
        for (const auto& [place, seat] : seats_)
            stored.seats.push_back(seat);
        return stored;
    }
    const SeatChange* seat(RoomId room, PersonId person) const {
        const auto found = seats_.find({room, person});
        return found == seats_.end() ? nullptr : &found->second;
    }
    // The room's entries from 1 on, as "+bob", "-bob", "bob: text", "! text", "# topic", "^
    // pinned".
    std::vector<std::string> lines(RoomId room) const {
        const auto found = lines_.find(room);
        return found == lines_.end() ? std::vector<std::string>{} : found->second;
    }

    int commits = 0;

  private:
    void add_room(const NewRoom& room) {
        stored_.rooms.emplace_back();
        stored_.rooms.back().room = room;
    }
    StoredRoom& at(RoomId room) {
        REQUIRE((room >= 1 && room <= stored_.rooms.size()));
        return stored_.rooms[room - 1];
    }

    Seq add(StoredRoom& room, const Entry& entry) {
        const Seq seq = room.head++;
        std::string line;
        switch (entry.kind) {
            case EntryKind::message:
                line = entry.name + ": " + entry.text;
                if (entry.origin.person != 0) room.spoken.push_back({seq, entry.origin.person});
                if (room.spoken.size() > spoken_max) room.spoken.erase(room.spoken.begin());
                break;
            case EntryKind::join:
                line = "+" + entry.name;
                break;
            case EntryKind::leave:
                line = "-" + entry.name;
                break;
            case EntryKind::announcement:
                line = "! " + entry.text;
                break;
            case EntryKind::topic:
                line = entry.name + "# " + (room.topic = entry.text);
                break;
            case EntryKind::pinned:
                line = "^ " + entry.text;
                room.pinned = entry.text.empty() ? 0 : seq;
                break;
        }
        lines_[room.room.id].push_back(line);
        return seq;
    }

    Stored stored_;
    std::map<std::pair<RoomId, PersonId>, SeatChange> seats_;
    std::map<RoomId, std::vector<std::string>> lines_;
};

// A Chat with its store and a clock. What members do waits until commit().
struct Stage {
    Now now{Instant{seconds(1000).us}, {}};
    FakeStore store;
    Chat chat{1};

    // Takes what there is and commits it, until there is no more; returns what came of it, as
    // "joined bob lobby 1", with "first" if it was.
    std::vector<std::string> commit() {
        while (const Changes* changes = chat.take_changes(now.at)) {
            CHECK(chat.take_changes(now.at) == nullptr);
            chat.on_committed(store.commit(*changes));
        }
        return outcomes();
    }
    void fail() {
        REQUIRE(chat.take_changes(now.at) != nullptr);
        chat.on_commit_failed(now.at + storing_retry);
    }
    std::vector<std::string> outcomes() {
        std::vector<std::string> lines;
        for (const Outcome& outcome : chat.take_outcomes()) {
            constexpr const char* kinds[] = {"joined", "parted", "stored", "left"};
            std::string line = kinds[static_cast<int>(outcome.kind)];
            line += " " + chat.roster()[outcome.member].name;
            if (outcome.room != 0) line += " " + room_name(outcome.room);
            if (outcome.seq != 0) line += " " + std::to_string(outcome.seq);
            if (outcome.first_time) line += " first";
            lines.push_back(line);
        }
        return lines;
    }
    std::string room_name(RoomId id) const {
        const Room& room = chat.room(id);
        return room.kind() == RoomKind::named ? room.name() : "@" + std::to_string(id);
    }

    PersonId person(const std::string& name) {
        if (const auto known = chat.people().find(name_key(name))) return *known;
        const auto id = chat.people().claim(name, key(chat.people().size()));
        REQUIRE(id.has_value());
        return *id;
    }
    // He comes and joins the lobby and his other rooms, uncommitted.
    MemberIndex come(const std::string& name, std::uint16_t port = 1) {
        const PersonId who = person(name);
        REQUIRE_FALSE(chat.find(who).has_value());
        const MemberIndex member = chat.enter(now, path(port), who);
        chat.join(now, member, Chat::lobby_id);
        for (const RoomId room : chat.rooms_of(who))
            chat.join(now, member, room);
        return member;
    }
    RoomId open(MemberIndex member, const std::string& name) {
        const auto room = chat.open_named(now, member, name);
        REQUIRE(room.has_value());
        chat.join(now, member, *room);
        return *room;
    }
    void say(MemberIndex member, RoomId room, const std::string& text) {
        chat.say(now, member, room, frame::MsgKind::message, text);
    }
    // He leaves, and nobody has to be told.
    void go(MemberIndex member) {
        chat.leave(now, member, LeaveReason::quit);
        commit();
        chat.remove(member);
    }
    Seq next(RoomId room, MemberIndex member) {
        const Seat* seat = chat.find_seat(room, chat.roster()[member].person);
        REQUIRE(seat != nullptr);
        return seat->next;
    }
    void wait(Duration d) { now.at = now.at + d; }
};

// Whether a server that starts now knows the same as this one.
inline void check_same_after_restart(Stage& stage) {
    Chat again(2);
    again.restore(stage.now, stage.store.stored());
    REQUIRE(again.rooms() == stage.chat.rooms());
    CHECK(again.people().size() == stage.chat.people().size());
    for (RoomId id = 1; id <= again.rooms(); ++id) {
        CAPTURE(id);
        const Room& was = stage.chat.room(id);
        const Room& is = again.room(id);
        CHECK(is.kind() == was.kind());
        CHECK(is.name() == was.name());
        CHECK(is.name_key() == was.name_key());
        CHECK(is.topic() == was.topic());
        CHECK(is.pinned() == was.pinned());
        CHECK(is.head() == was.head());
        CHECK(is.present() == was.present());
        REQUIRE(is.seats().size() == was.seats().size());
        for (const Seat& seat : was.seats()) {
            CAPTURE(seat.person);
            const Seat* found = again.find_seat(id, seat.person);
            REQUIRE(found != nullptr);
            CHECK(found->next == seat.next);
            CHECK(found->present == seat.present);
            CHECK(stage.chat.find_seat(id, seat.person) == &seat);
        }
        REQUIRE(is.spoken().size() == was.spoken().size());
        for (std::size_t i = 0; i < is.spoken().size(); ++i) {
            CHECK(is.spoken()[i].seq == was.spoken()[i].seq);
            CHECK(is.spoken()[i].author == was.spoken()[i].author);
        }
    }
}

}  // namespace chat::server::chat_test
