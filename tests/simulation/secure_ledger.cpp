// SPDX-License-Identifier: MIT
#include "tests/simulation/secure_ledger.h"

#include <algorithm>

#include "proto/wire/name.h"

namespace chat::simulation {
namespace {

using server::EntryKind;
using server::NewPerson;
using server::PersonId;
using server::RoomId;
using server::RoomKind;
using server::Seq;

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    bool in_word = false;
    for (const char c : text) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool wordy = letter || (c >= '0' && c <= '9');
        if (wordy && !in_word) words.emplace_back();
        in_word = wordy;
        if (wordy) words.back() += letter ? static_cast<char>(c | 0x20) : c;
    }
    return words;
}

}  // namespace

bool has_words(std::string_view text, std::string_view words) {
    const auto there = words_of(text);
    return std::ranges::all_of(words_of(words), [&](const std::string& word) {
        return std::ranges::any_of(there, [&](const std::string& one) {
            return word.size() == 1 ? one == word : one.starts_with(word);
        });
    });
}

std::string SecureLedger::Room::topic() const {
    for (Seq seq = head(); --seq > 0;) {
        if (entry(seq)->kind == EntryKind::topic) return entry(seq)->text;
    }
    return {};
}

Seq SecureLedger::Room::pinned() const {
    for (Seq seq = head(); --seq >= first_kept && seq > 0;) {
        if (entry(seq)->kind == EntryKind::pinned) return entry(seq)->text.empty() ? 0 : seq;
    }
    return 0;
}

void SecureLedger::promise(bool kept, std::string_view what, std::string_view detail) {
    if (kept || broken_) return;
    broken_ = std::string(what);
    if (!detail.empty()) *broken_ += ": " + std::string(detail.substr(0, 60));
}

void SecureLedger::new_log() {
    Log& log = logs_.emplace_back();
    log.rooms[lobby_id].room = {lobby_id, RoomKind::named, "lobby", 0, 0};
    present_.clear();
}

void SecureLedger::on_committed(const server::Changes& changes, std::span<const Seq> seqs) {
    promise(seqs.size() == changes.appends.size(), "each entry has a number");
    left_now_.clear();
    came_again_.clear();
    for (const NewPerson& person : changes.people)
        add(person);
    for (const server::NewRoom& room : changes.rooms)
        add(room);
    for (std::size_t i = 0; i < seqs.size(); ++i)
        append(changes.appends[i], seqs[i]);
    for (const server::SeatChange& seat : changes.seats)
        change(seat);
    for (const server::SeatChange& seat : changes.seats) {
        const Room& room = logs_.back().rooms[seat.room];
        promise(room.room.kind == RoomKind::conversation ||
                    present_.contains({seat.room, seat.person}) == (seat.member && seat.present),
                "a seat is present between its join and its leave entry", room.room.name);
    }
}

void SecureLedger::add(const NewPerson& person) {
    auto& people = logs_.back().people;
    promise(person.id == people.size() + 1, "people are numbered one by one", person.name);
    promise(!this->person(log(), person.name), "a name has one owner", person.name);
    people.push_back(person);
}

void SecureLedger::add(const server::NewRoom& room) {
    Log& log = logs_.back();
    promise(room.id == log.rooms.size() + 1, "rooms are numbered one by one", room.name);
    for (const auto& [id, other] : log.rooms) {
        const bool same = room.kind == RoomKind::named
                              ? name_key(other.room.name) == name_key(room.name)
                              : other.room.first == room.first && other.room.second == room.second;
        promise(other.room.kind != room.kind || !same, "a room is made once", room.name);
    }
    if (room.kind == RoomKind::conversation) {
        promise(room.first < room.second && room.first > 0 && room.second <= log.people.size(),
                "a conversation is of two people");
    }
    log.rooms[room.id].room = room;
}

void SecureLedger::append(const server::Append& append, Seq seq) {
    Log& log = logs_.back();
    const server::Entry& entry = append.entry;
    const auto found = log.rooms.find(append.room);
    promise(found != log.rooms.end(), "an entry is in a room that is there", entry.text);
    if (found == log.rooms.end()) return;
    Room& room = found->second;
    promise(seq == room.head(), "a room's numbers ascend without a hole", entry.text);
    room.entries.push_back(entry);
    const PersonId author = entry.origin.person;
    if (author != 0) {
        promise(author <= log.people.size() && log.people[author - 1].name == entry.name &&
                    log.people[author - 1].key == entry.origin.key && entry.origin.verified,
                "an entry is of whom it says", entry.text);
    } else {
        promise(entry.name.empty() &&
                    (entry.kind == EntryKind::announcement || entry.kind == EntryKind::pinned),
                "only the administrator is nobody", entry.text);
    }
    if (entry.kind == EntryKind::join || entry.kind == EntryKind::leave) {
        came_or_went(room, entry);
    } else if (author != 0) {
        was_said(room, entry, seq);
    }
}

void SecureLedger::came_or_went(Room& room, const server::Entry& entry) {
    promise(room.room.kind == RoomKind::named, "in a conversation nobody comes and goes");
    const std::pair place{room.room.id, entry.origin.person};
    if (entry.kind == EntryKind::join) {
        promise(present_.insert(place).second, "nobody comes who is there", entry.name);
        if (left_now_.contains(place)) came_again_.insert(place);
    } else {
        left_now_.insert(place);
        promise(present_.erase(place) == 1, "nobody goes who is not there", entry.name);
    }
}

void SecureLedger::was_said(const Room& room, const server::Entry& entry, Seq) {
    Log& log = logs_.back();
    promise(room.seats.contains(entry.origin.person), "only members speak in a room", entry.text);
    if (!entry.text.empty()) {
        const auto said = said_.find(entry.text);
        promise(said != said_.end() && said->second == entry.name,
                "what is in the log was said by whom it names", entry.text);
        promise(++log.texts[entry.text] == 1, "what was said is in the log once", entry.text);
    }
    promise(origins_
                .emplace(logs_.size(), entry.origin.key.bytes, entry.origin.client_epoch,
                         entry.origin.msg_id)
                .second,
            "a message number is used once", entry.text);
}

void SecureLedger::change(const server::SeatChange& seat) {
    const auto found = logs_.back().rooms.find(seat.room);
    promise(found != logs_.back().rooms.end(), "a seat is in a room that is there");
    if (found == logs_.back().rooms.end()) return;
    Room& room = found->second;
    const server::NewRoom& what = room.room;
    promise(
        what.kind == RoomKind::named || (seat.member && !seat.present &&
                                         (seat.person == what.first || seat.person == what.second)),
        "a conversation is of its two, always");
    if (!seat.member) {
        room.seats.erase(seat.person);
        return;
    }
    const server::Entry* join = room.entry(seat.next - 1);
    const bool behind_his_join =
        join != nullptr && join->kind == EntryKind::join && join->origin.person == seat.person;
    const auto [place, fresh] = room.seats.try_emplace(seat.person);
    Seat& known = place->second;
    if (behind_his_join && came_again_.contains({seat.room, seat.person})) {
        known.began = seat.next;
        room.beginnings[seat.person].push_back(seat.next);
    }
    if (fresh) {
        known.next = known.began = seat.next;
        room.ever.insert(seat.person);
        room.beginnings[seat.person].push_back(seat.next);
        promise(what.kind == RoomKind::conversation ? seat.next == 1 : behind_his_join,
                "who is new in a room begins behind his join", what.name);
    }
    promise(seat.next >= known.next && seat.next <= room.head(), "cursors go forwards", what.name);
    known.next = seat.next;
    known.present = seat.present;
}

void SecureLedger::on_trimmed(RoomId room, Seq first_kept) {
    logs_.back().rooms[room].first_kept = first_kept;
}

void SecureLedger::on_restored(const server::Chat& chat) {
    const Log& log = logs_.back();
    promise(chat.people().size() == log.people.size(), "after a start the people are known");
    for (const NewPerson& person : log.people) {
        if (person.id > chat.people().size()) return;
        const server::Person& known = chat.people()[person.id];
        promise(known.name == person.name && known.key == person.key,
                "after a start names have their owners", person.name);
    }
    promise(chat.rooms() == log.rooms.size(), "after a start the rooms are there");
    if (broken_) return;
    for (const auto& [id, room] : log.rooms) {
        const server::Room& known = chat.room(id);
        promise(known.kind() == room.room.kind && known.name() == room.room.name,
                "after a start a room is what it was", room.room.name);
        promise(known.head() == room.head() && known.first_kept() == room.first_kept,
                "after a start a room has its entries", room.room.name);
        promise(known.topic() == room.topic() && known.pinned() == room.pinned(),
                "after a start a room has its topic and what is pinned", room.room.name);
        promise(known.seats().size() == room.seats.size(),
                "after a start the same people are in a room", room.room.name);
        for (const auto& [person, seat] : room.seats) {
            const server::Seat* place = chat.find_seat(id, person);
            promise(place != nullptr && place->next == seat.next && place->present == seat.present,
                    "after a start everybody is where he was", room.room.name);
        }
    }
}

Seq SecureLedger::head(RoomId room) const {
    const auto found = logs_.back().rooms.find(room);
    return found == logs_.back().rooms.end() ? 1 : found->second.head();
}

std::size_t SecureLedger::entries() const {
    std::size_t sum = 0;
    for (const Log& log : logs_) {
        for (const auto& [id, room] : log.rooms)
            sum += room.entries.size();
    }
    return sum;
}

unsigned SecureLedger::times_in_log(std::size_t log, std::string_view text) const {
    const auto found = logs_[log].texts.find(text);
    return found == logs_[log].texts.end() ? 0 : found->second;
}

const server::Entry* SecureLedger::entry(std::size_t log, Seq seq, RoomId room) const {
    if (log >= logs_.size()) return nullptr;
    const auto found = logs_[log].rooms.find(room);
    return found == logs_[log].rooms.end() ? nullptr : found->second.entry(seq);
}

std::optional<PersonId> SecureLedger::person(std::size_t log, std::string_view name) const {
    const auto& people = logs_[log].people;
    const auto found = std::ranges::find(
        people, name_key(name), [](const NewPerson& person) { return name_key(person.name); });
    if (found == people.end()) return std::nullopt;
    return found->id;
}

const SecureLedger::Room* SecureLedger::room(std::size_t log, std::string_view called,
                                             std::string_view by) const {
    const bool conversation = called.starts_with('@');
    std::pair<PersonId, PersonId> pair;
    if (conversation) {
        const auto one = person(log, by);
        const auto other = person(log, called.substr(1));
        if (!one || !other) return nullptr;
        pair = {std::min(*one, *other), std::max(*one, *other)};
    }
    const std::string key = conversation ? std::string() : name_key(called);
    for (const auto& [id, room] : logs_[log].rooms) {
        const bool is_it =
            conversation ? room.room.kind == RoomKind::conversation &&
                               std::pair(room.room.first, room.room.second) == pair
                         : room.room.kind == RoomKind::named && name_key(room.room.name) == key;
        if (is_it) return &room;
    }
    return nullptr;
}

std::string SecureLedger::called(const Room& room, std::string_view by) const {
    if (room.room.kind == RoomKind::named) return room.room.name;
    const auto& people = logs_.back().people;
    const std::string& first = people[room.room.first - 1].name;
    return "@" + (name_key(first) == name_key(by) ? people[room.room.second - 1].name : first);
}

std::vector<Seq> SecureLedger::find(const Room& room, std::string_view words) const {
    std::vector<Seq> places;
    for (Seq seq = room.head(); --seq >= room.first_kept && seq > 0;) {
        const server::Entry& entry = *room.entry(seq);
        const bool searched = entry.kind != EntryKind::join && entry.kind != EntryKind::leave;
        if (searched && has_words(entry.text, words)) places.push_back(seq);
    }
    return places;
}

}  // namespace chat::simulation
