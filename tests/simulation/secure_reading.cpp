// SPDX-License-Identifier: MIT
#include "tests/simulation/secure_reading.h"

#include <algorithm>

namespace chat::simulation {

using client::ErrorCode;
using client::room_key;
using server::EntryKind;
using server::PersonId;
using server::RoomId;
using server::Seq;

void Persona::add(std::size_t log, RoomId room, Seq seq) {
    auto& numbers = shown[{log, room}];
    if (numbers.size() <= seq) numbers.resize(seq + 64);
    numbers[seq] = true;
}

bool Persona::has(std::size_t log, RoomId room, Seq seq) const {
    const auto found = shown.find({log, room});
    return found != shown.end() && seq < found->second.size() && found->second[seq];
}

bool Persona::may_have_passed(Seq seq) const {
    return std::ranges::any_of(
        passed, [seq](const auto& gap) { return gap.first <= seq && seq <= gap.second; });
}

void Reading::promise(bool kept, std::string_view what, std::string_view detail) {
    if (kept || broken_) return;
    broken_ = std::string(what);
    if (!detail.empty()) *broken_ += ": " + std::string(detail.substr(0, 80));
}

void Reading::on_said(std::string id, std::string room, std::string text) {
    said_[std::move(id)] = {std::move(room), std::move(text)};
}

void Reading::on_history_wanted(const std::string& room) {
    if (Place* place = find(room)) ++place->histories_open;
}

void Reading::on_event(const client::Event& event) {
    std::visit([this](const auto& e) { on(e); }, event);
}

Reading::Place* Reading::find(std::string_view room) {
    const auto found = places_.find(room_key(room));
    return found == places_.end() ? nullptr : &found->second;
}

const Reading::Place* Reading::find(std::string_view room) const {
    const auto found = places_.find(room_key(room));
    return found == places_.end() ? nullptr : &found->second;
}

Reading::Place* Reading::place_of(std::string_view room, std::string_view what) {
    Place* place = find(room);
    promise(place != nullptr, "only of rooms in which one is something is shown",
            std::string(room) + " " + std::string(what));
    return place;
}

// --- entries

void Reading::on(const client::Welcome& welcome) {
    Place* place = find(welcome.room);
    if (place != nullptr && !place->anew) {
        promise(welcome.next == place->next, "whoever is in a room goes on where he was",
                welcome.room + " at " + std::to_string(welcome.next) + " instead of " +
                    std::to_string(place->next));
        place->away = false;
        return;
    }
    promise(welcome.next >= 1 && welcome.head >= welcome.next, "a room begins before its head",
            welcome.room);
    Place fresh;
    fresh.called = welcome.room;
    fresh.next = fresh.begin = welcome.next;
    fresh.histories_open = history_on_joining_;
    places_[room_key(welcome.room)] = fresh;
}

// Which log it was that a server had when it welcomed us, only what it says next shows: whoever was
// stopped hears of one that is lost by now.
void Reading::find_log(Place& place, const Shown& what) {
    if (place.log) return;
    for (std::size_t log = ledger_.log() + 1; log-- > 0;) {
        const auto* room = ledger_.room(log, place.called, own_.name);
        const auto* entry = room == nullptr ? nullptr : room->entry(what.seq);
        if (entry == nullptr || entry->kind != what.kind || entry->time != what.time) continue;
        place.log = log;
        place.id = room->room.id;
        promise(room->ever.contains(ledger_.person(log, own_.name).value_or(0)),
                "only members see what is in a room", place.called);
        for (const auto& [from, to] : place.gaps)
            pass_over(place, from, to);
        return check_begin(place);
    }
    promise(false, "only what is in the log is shown", place.called + " " + std::string(what.text));
}

// Whatever is before the first number that this program was to show, another one of his has shown,
// since he is in that room.
void Reading::check_begin(const Place& place) {
    const SecureLedger::Room& room = *room_of(place);
    const PersonId person = ledger_.person(*place.log, own_.name).value_or(0);
    const auto beginnings = room.beginnings.find(person);
    promise(beginnings != room.beginnings.end(), "only members see what is in a room",
            place.called);
    if (beginnings == room.beginnings.end()) return;
    Seq from = place.begin;
    for (const Seq began : beginnings->second) {
        if (began <= place.begin) from = began;
    }
    for (Seq seq = from; seq < place.begin; ++seq) {
        const server::Entry* entry = room.entry(seq);
        const bool own_visit = entry != nullptr && entry->origin.person == person &&
                               (entry->kind == EntryKind::join || entry->kind == EntryKind::leave);
        promise(
            own_visit || own_.has(*place.log, place.id, seq) || own_.may_have_passed(seq),
            "between two programs of a person no number is missed",
            place.called + " " + std::to_string(seq) + " before " + std::to_string(place.begin));
    }
}

const SecureLedger::Room* Reading::room_of(const Place& place) const {
    return ledger_.room(*place.log, place.called, own_.name);
}

void Reading::show(std::string_view called, const Shown& what) {
    Place* place = place_of(called, what.text);
    if (place == nullptr) return;
    find_log(*place, what);
    if (!place->log) return;
    if (what.history) {
        show_history(*place, what);
    } else {
        ++shown_;
        promise(!place->away, "only of rooms in which one is something is shown", what.text);
        promise(what.seq == place->next, "every number is shown once, ascending, without a hole",
                place->called + " " + std::to_string(what.seq) + " instead of " +
                    std::to_string(place->next) + " " + std::string(what.text));
        place->next = what.seq + 1;
        own_.add(*place->log, place->id, what.seq);
    }
    const server::Entry* entry = ledger_.entry(*place->log, what.seq, place->id);
    promise(entry != nullptr, "only what is in the log is shown", what.text);
    if (entry == nullptr) return;
    promise(entry->kind == what.kind && entry->text == what.text && entry->name == what.name &&
                entry->time == what.time,
            "an entry is shown as it stands in the log", what.text);
}

void Reading::show_history(Place& place, const Shown& what) {
    ++history_shown_;
    promise(place.histories_open > 0, "history comes when it was asked for", what.text);
    promise(what.seq < place.begin, "history is what was before", what.text);
    promise(place.history.empty() || place.history.back().second + 1 == what.seq,
            "history ascends without a hole", what.text);
    place.history.emplace_back(what.seq, what.seq);
}

void Reading::on(const client::Message& m) {
    show(m.room, {m.seq, EntryKind::message, m.time, m.from, m.text, m.history});
    promise(m.own == (m.from == own_.name), "what is one's own is shown as such", m.text);
    promise(!m.unverified, "everybody here has a key", m.text);
}

void Reading::on(const client::Joined& e) {
    show(e.room, {e.seq, EntryKind::join, e.time, e.name, {}, e.history});
}

void Reading::on(const client::Left& e) {
    show(e.room, {e.seq, EntryKind::leave, e.time, e.name, {}, e.history});
}

void Reading::on(const client::Announcement& e) {
    show(e.room, {e.seq,
                  e.pinned ? EntryKind::pinned : EntryKind::announcement,
                  e.time,
                  {},
                  e.text,
                  e.history});
}

void Reading::on(const client::Topic& e) {
    show(e.room, {e.seq, EntryKind::topic, e.time, e.name, e.text, e.history});
}

void Reading::on(const client::Gap& gap) {
    Place* place = place_of(gap.room, "gap");
    if (place == nullptr) return;
    promise(gap.from <= gap.to, "a gap is from somewhere to somewhere");
    if (gap.history) {
        promise(place->histories_open > 0, "history comes when it was asked for", "gap");
        promise(
            place->history.empty() ? gap.from == 1 : place->history.back().second + 1 == gap.from,
            "history ascends without a hole", gap.room);
        promise(!place->log || gap.to < room_of(*place)->first_kept,
                "only what the log has forgotten is a gap", gap.room);
        place->history.emplace_back(gap.from, gap.to);
        return;
    }
    promise(gap.from == place->next, "a gap begins where the user is",
            gap.room + " " + std::to_string(gap.from));
    place->next = gap.to + 1;
    if (place->log) return pass_over(*place, gap.from, gap.to);
    place->gaps.emplace_back(gap.from, gap.to);
    own_.passed.emplace_back(gap.from, gap.to);
}

void Reading::pass_over(const Place& place, Seq from, Seq to) {
    promise(to < room_of(place)->first_kept, "only what the log has forgotten is a gap",
            place.called + " " + std::to_string(to));
    for (Seq seq = from; seq <= to; ++seq)
        own_.add(*place.log, place.id, seq);
}

void Reading::on(const client::HistoryEnd& end) {
    Place* place = place_of(end.room, "the end of history");
    if (place == nullptr) return;
    promise(place->histories_open > 0, "history ends when it was asked for", end.room);
    if (place->histories_open > 0) --place->histories_open;
    // A new log ends all questions, half answered or not; and what came out may be trimmed by now.
    promise(place->anew || end.at_start || place->history.empty() ||
                place->history.front().first >= end.first,
            "what came out is known now", end.room);
    promise(!end.at_start || end.first <= 1 ||
                (!place->history.empty() && place->history.front().first == 1),
            "what is no longer kept is a gap", end.room);
    const auto* room = place->log ? room_of(*place) : nullptr;
    promise(!end.at_start || end.first <= 1 || room == nullptr || end.first <= room->first_kept,
            "the start is where the log begins", end.room + " " + std::to_string(end.first));
    place->history.clear();
    history_end_ = end;
}

void Reading::on(const client::RoomLeft& left) {
    Place* place = find(left.room);
    // Or one that he was about to join.
    promise((place != nullptr && !place->away) || parts_wanted_.contains(room_key(left.room)),
            "one leaves a room in which one is", left.room);
    if (place == nullptr) return;
    if (client::is_conversation(left.room) && !place->anew) {
        place->away = true;
    } else {
        places_.erase(room_key(left.room));
    }
}

// --- what else is said of rooms

void Reading::on(const client::Members& members) {
    // Who the two of a conversation are is answered also where nothing was said yet.
    Place* place = client::is_conversation(members.room) ? find(members.room)
                                                         : place_of(members.room, "members");
    if (place != nullptr) place->members = members.names;
    for (const std::string& name : members.names) {
        bool was_there = false;
        for (std::size_t log = 0; log <= ledger_.log(); ++log) {
            const auto* room = ledger_.room(log, members.room, own_.name);
            const auto person = ledger_.person(log, name);
            was_there = was_there || (room != nullptr && person && room->ever.contains(*person));
        }
        promise(was_there, "only members are listed", members.room + " " + name);
    }
}

void Reading::on(const client::PinnedNow& pinned) {
    Place* place = place_of(pinned.room, "pinned");
    if (place == nullptr) return;
    place->pinned = pinned;
    bool is_there = false;
    for (std::size_t log = 0; log <= ledger_.log(); ++log) {
        const auto* room = ledger_.room(log, pinned.room, own_.name);
        const auto* entry = room == nullptr ? nullptr : room->entry(pinned.seq);
        is_there = is_there || (entry != nullptr && entry->kind == EntryKind::pinned &&
                                entry->text == pinned.text && !pinned.text.empty());
    }
    promise(is_there, "what is pinned stands in the log", pinned.text);
}

// Who at most may have a cursor behind it: who has shown it, and who came later.
std::uint32_t Reading::may_have_seen(std::size_t log, const SecureLedger::Room& room,
                                     Seq seq) const {
    std::uint32_t count = 0;
    for (const auto& [name, persona] : personas_) {
        const auto person = ledger_.person(log, name);
        if (&persona == &own_ || !person || !room.ever.contains(*person)) continue;
        const auto& beginnings = room.beginnings.at(*person);
        count += persona.has(log, room.room.id, seq) || persona.may_have_passed(seq) ||
                 beginnings.back() > seq;
    }
    return count;
}

void Reading::on(const client::Receipt& receipt) {
    ++receipts_shown_;
    Place* place = place_of(receipt.room, "a receipt");
    if (place == nullptr) return;
    promise(!place->away, "only of rooms in which one is something is shown", receipt.room);
    place->receipts[receipt.seq] = receipt;
    promise(receipt.seen <= receipt.of, "not more have seen it than there are", receipt.room);
    bool possible = false;
    for (std::size_t log = 0; log <= ledger_.log(); ++log) {
        if (place->log && *place->log != log) continue;
        const auto* room = ledger_.room(log, receipt.room, own_.name);
        const auto* entry = room == nullptr ? nullptr : room->entry(receipt.seq);
        possible = possible || (entry != nullptr && entry->kind == EntryKind::message &&
                                entry->name == own_.name && receipt.of < room->ever.size() &&
                                receipt.seen <= may_have_seen(log, *room, receipt.seq));
    }
    promise(possible, "nobody counts whose cursor is not behind it",
            receipt.room + " " + std::to_string(receipt.seq) + ": " + std::to_string(receipt.seen) +
                " of " + std::to_string(receipt.of));
}

void Reading::on(const client::Accepted& accepted) {
    if (accepted.id.empty()) return;  // a topic
    const auto said = said_.find(accepted.id);
    promise(said != said_.end() || !answered_.contains(accepted.id),
            "what is said is answered once", accepted.id);
    promise(said != said_.end(), "only what was said is accepted", accepted.id);
    if (said == said_.end()) return;
    bool found = false;
    // The acknowledgement may be of a log that is lost by now.
    for (std::size_t log = 0; log <= ledger_.log(); ++log) {
        const auto* room = ledger_.room(log, said->second.room, own_.name);
        const auto* entry = room == nullptr ? nullptr : room->entry(accepted.seq);
        found = found ||
                (entry != nullptr && entry->text == said->second.text && entry->name == own_.name);
    }
    promise(found, "what is accepted is in its room's log under its number", said->second.text);
    promise(room_key(accepted.room) == room_key(said->second.room),
            "it is accepted where it was said", said->second.room);
    ++accepted_;
    answered_.insert(accepted.id);
    said_.erase(said);
}

void Reading::on(const client::RoomList& list) {
    room_list_ = list;
    for (const auto& one : list.rooms) {
        bool named = false;
        for (std::size_t log = 0; log <= ledger_.log(); ++log)
            named = named || (!one.name.starts_with('@') &&
                              ledger_.room(log, one.name, own_.name) != nullptr);
        promise(named, "only rooms with a name are listed", one.name);
    }
}

void Reading::on(const client::SearchResult& result) {
    // A new question takes the place of the one before it, unless that was answered just then.
    const auto asked = std::ranges::find(searched_.rbegin(), searched_.rend(), result.words);
    promise(asked != searched_.rend(), "what was asked for is found", result.words);
    searched_.erase(searched_.begin(), asked.base());
    std::set<std::pair<std::string, Seq>> places;
    for (const auto& hit : result.hits) {
        promise(places.emplace(room_key(hit.room), hit.seq).second, "a place is found once",
                hit.text);
        bool is_there = false;
        for (std::size_t log = 0; log <= ledger_.log(); ++log) {
            const auto* room = ledger_.room(log, hit.room, own_.name);
            const auto* entry = room == nullptr ? nullptr : room->entry(hit.seq);
            is_there = is_there ||
                       (entry != nullptr && entry->text == hit.text && entry->name == hit.from &&
                        room->ever.contains(ledger_.person(log, own_.name).value_or(0)));
        }
        promise(is_there, "what is found stands in a room of one's own", hit.text);
        promise(has_words(hit.text, result.words), "what is found has the words", hit.text);
    }
    if (searched_.empty()) found_ = result;
}

void Reading::on(const client::Error& error) {
    if (error.code == ErrorCode::history_restarted) {
        for (auto& [key, place] : places_)
            place.anew = place.anew || error.room.empty() || key == room_key(error.room);
    }
    if (error.id.empty()) return;
    promise(said_.contains(error.id) || !answered_.contains(error.id),
            "what is said is answered once", error.id);
    answered_.insert(error.id);
    said_.erase(error.id);
}

}  // namespace chat::simulation
