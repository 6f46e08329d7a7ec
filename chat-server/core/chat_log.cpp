// SPDX-License-Identifier: MIT
// The log's side of Chat: what waits is offered, and takes effect once it is committed.
#include <algorithm>
#include <cassert>
#include <unordered_map>
#include <utility>

#include "chat-server/core/chat.h"
#include "chat-server/core/limits.h"
#include "proto/wire/name.h"

namespace chat::server {
namespace {

// His own coming and going, when nothing else was missed before it, is nothing new to him.
void pass_own(SeatChange& seat, Seq seq) {
    if (seat.next == seq) seat.next = seq + 1;
}

}  // namespace

std::vector<MemberIndex> Chat::restore(const Now& now, const Stored& stored) {
    assert(roster_.size() == 0 && people_.size() == 0 && is_committed());
    for (const NewPerson& person : stored.people)
        people_.restore(person);
    rooms_.clear();
    by_name_.clear();
    for (const StoredRoom& room : stored.rooms) {
        const bool named = room.room.kind == RoomKind::named;
        make_room(room.room, named ? name_key(room.room.name) : std::string()).restore(room);
    }
    assert(has_room(lobby_id) && lobby().kind() == RoomKind::named);
    std::vector<MemberIndex> members;
    for (const SeatChange& seat : stored.seats) {
        assert(has_room(seat.room) && seat.member);
        add_seat(seat);
        if (!seat.present || find(seat.person)) continue;
        members.push_back(enter(now, {}, seat.person));
        came_in(members.back());
    }
    return members;
}

// --- offering

SeatChange Chat::seat_now(RoomId room, PersonId person) const {
    const Seat* seat = find_seat(room, person);
    if (seat == nullptr) return {room, person, false, false, 1};
    return {room, person, true, seat->present, seat->next};
}

void Chat::move(SeatChange& seat, const Act& act, Seq seq) {
    switch (act.kind) {
        case Act::Kind::conversation:
            seat.member = true;
            seat.next = 1;
            break;
        case Act::Kind::parting:
            seat.member = false;
            break;
        case Act::Kind::visit_over:
            break;
        case Act::Kind::entry:
            if (act.entry == EntryKind::join) {
                if (!seat.member) seat.next = seq;
                seat.member = seat.present = true;
            } else {
                seat.present = false;
                seat.member = !act.parts;
            }
            pass_own(seat, seq);
            break;
    }
}

bool Chat::concerns_seat(const Act& act) {
    if (act.person == 0) return false;
    if (act.kind == Act::Kind::entry) {
        return act.entry == EntryKind::join || act.entry == EntryKind::leave;
    }
    return act.kind != Act::Kind::visit_over;
}

std::map<Chat::SeatKey, SeatChange> Chat::moved_seats() const {
    std::map<SeatKey, SeatChange> moved;
    if (std::ranges::none_of(in_log_.acts, concerns_seat)) return moved;
    std::unordered_map<RoomId, Seq> heads;
    for (const Act& act : in_log_.acts) {
        Seq seq = 0;
        if (act.kind == Act::Kind::entry) {
            seq = heads.try_emplace(act.room, room(act.room).head()).first->second++;
        }
        if (!concerns_seat(act)) continue;
        SeatChange& seat =
            moved.try_emplace({act.person, act.room}, seat_now(act.room, act.person)).first->second;
        move(seat, act, seq);
    }
    return moved;
}

void Chat::plan_seats(Instant now) {
    for (const auto& [key, seat] : moved_seats()) {
        Seat* now_there = find_seat(seat.room, seat.person);
        if (now_there != nullptr) now_there->changed = false;
        // Who came and parted within one batch leaves nothing to be stored.
        if (now_there != nullptr || seat.member) in_log_.changes.seats.push_back(seat);
    }
    if (now < seats_at_ || changed_.empty()) return;
    seats_at_ = now + seats_interval;
    for (const auto& [person, room] : std::exchange(changed_, {})) {
        Seat* seat = find_seat(room, person);
        if (seat == nullptr || !std::exchange(seat->changed, false)) continue;
        in_log_.changes.seats.push_back(seat_now(room, person));
    }
}

void Chat::begin_epoch(const Now& now, const PublicKey& key, std::uint64_t client_epoch) {
    waiting_.changes.epochs.push_back({key, client_epoch, now.wall});
}

const Changes* Chat::take_changes(Instant now) {
    if (under_way_ || (failed_ && now < again_at_)) return nullptr;
    if (!failed_) {
        for (NewPerson& person : people_.take_new())
            waiting_.changes.people.push_back(std::move(person));
        std::swap(waiting_, in_log_);
        hurried_ = false;
        plan_seats(now);
        if (in_log_.acts.empty() && in_log_.changes.empty()) return nullptr;
    }
    under_way_ = true;
    return &in_log_.changes;
}

std::optional<Instant> Chat::next_changes() const {
    if (under_way_) return std::nullopt;
    if (failed_) return again_at_;
    // With what waits already they go too.
    if (changed_.empty() || has_changes()) return std::nullopt;
    return seats_at_;
}

bool Chat::is_committed() const {
    return waiting_.acts.empty() && in_log_.acts.empty();
}

void Chat::on_commit_failed(Instant again_at) {
    assert(under_way_);
    under_way_ = false;
    again_at_ = again_at;
    ++counters_.commits_failed;
    if (!std::exchange(failed_, true))
        events_.push_back({Event::Kind::cannot_store, {}, {}, {}, {}});
}

// --- taking effect

void Chat::on_committed(std::span<const Seq> seqs) {
    assert(under_way_ && seqs.size() == in_log_.changes.appends.size());
    under_way_ = false;
    if (std::exchange(failed_, false))
        events_.push_back({Event::Kind::can_store_again, {}, {}, {}, {}});
    std::size_t entries = 0;
    for (const Act& act : in_log_.acts) {
        switch (act.kind) {
            case Act::Kind::entry:
                commit(act, seqs[entries], in_log_.changes.appends[entries].entry);
                ++entries;
                break;
            case Act::Kind::parting:
                commit_seat(act, 0);
                outcomes_.push_back({Outcome::Kind::parted, act.member, act.room, 0, {}});
                break;
            case Act::Kind::conversation:
                commit_seat(act, 0);
                if (const auto member = find(act.person)) {
                    came_in(*member);
                    outcomes_.push_back({.kind = Outcome::Kind::joined,
                                         .member = *member,
                                         .room = act.room,
                                         .seq = 1,
                                         .origin = {},
                                         .first_time = true});
                }
                break;
            case Act::Kind::visit_over:
                outcomes_.push_back({Outcome::Kind::left, act.member, 0, 0, {}});
                break;
        }
    }
    assert(entries == seqs.size());
    settled_ += in_log_.acts.size();
    in_log_.acts.clear();
    in_log_.changes.people.clear();
    in_log_.changes.rooms.clear();
    in_log_.changes.epochs.clear();
    in_log_.changes.appends.clear();
    in_log_.changes.seats.clear();
}

void Chat::commit(const Act& act, Seq seq, const Entry& entry) {
    room(act.room).add_entry(seq, entry);
    if (!std::exchange(rooms_[act.room - 1].has_news, true)) news_.push_back(act.room);
    switch (entry.kind) {
        case EntryKind::message:
        case EntryKind::topic:
            ++(entry.kind == EntryKind::topic ? counters_.topics : counters_.messages);
            outcomes_.push_back({Outcome::Kind::stored, act.member, act.room, seq, entry.origin});
            if (act.person != 0) figures_moved(act.room);
            break;
        case EntryKind::announcement:
        case EntryKind::pinned:
            ++counters_.announcements;
            events_.push_back({.kind = Event::Kind::announced,
                               .name = entry.text,
                               .peer = {},
                               .room = room(act.room).name()});
            if (entry.text.empty()) break;
            if (announced_.size() == announced_max) announced_.pop_front();
            announced_.push_back({act.room, seq, entry.text});
            break;
        case EntryKind::join:
            commit_join(act, seq, entry);
            break;
        case EntryKind::leave:
            commit_leave(act, seq, entry);
            break;
    }
}

void Chat::commit_join(const Act& act, Seq seq, const Entry& entry) {
    ++counters_.joins;
    Member& member = roster_[act.member];
    bool first_time = true;
    if (act.person != 0) {
        first_time = commit_seat(act, seq);
    } else {
        member.listed = true;
        member.cursor = lobby().add_cursor(act.member, member.id, member.path, seq + 1);
    }
    came_in(act.member);
    outcomes_.push_back({.kind = Outcome::Kind::joined,
                         .member = act.member,
                         .room = act.room,
                         .seq = seq,
                         .origin = entry.origin,
                         .first_time = first_time});
    events_.push_back({.kind = Event::Kind::joined,
                       .name = member.name,
                       .peer = member.path.peer,
                       .room = room(act.room).name()});
}

void Chat::commit_leave(const Act& act, Seq seq, const Entry& entry) {
    ++counters_.leaves;
    Member& member = roster_[act.member];
    if (act.person != 0) {
        commit_seat(act, seq);
    } else {
        member.listed = false;
    }
    if (member.cursor) {
        Cursor& cursor = lobby().cursor(*member.cursor);
        cursor.until = seq;
        cursor.silent = member.state == MemberState::vanished;
        lobby().mark_pending();
    }
    if (!act.parts) return;
    outcomes_.push_back({Outcome::Kind::parted, act.member, act.room, seq, entry.origin});
    events_.push_back({.kind = Event::Kind::left,
                       .name = member.name,
                       .peer = member.path.peer,
                       .room = room(act.room).name()});
}

bool Chat::commit_seat(const Act& act, Seq seq) {
    SeatChange seat = seat_now(act.room, act.person);
    const bool had_one = seat.member;
    move(seat, act, seq);
    if (const auto plan = plans_.find({act.person, act.room}); --plan->second.waiting == 0) {
        plans_.erase(plan);
    }
    if (!had_one && seat.member) {
        add_seat(seat);
    } else if (had_one && !seat.member) {
        remove_seat(act.room, act.person);
    } else if (had_one) {
        const SeatIndex index = find_place(act.room, act.person)->seat;
        room(act.room).seats()[index].next = seat.next;
        room(act.room).set_present(index, seat.present);
    }
    figures_moved(act.room);
    return !had_one;
}

void Chat::add_seat(const SeatChange& seat) {
    const SeatIndex index = room(seat.room).add_seat({seat.person, false, false, seat.next});
    room(seat.room).set_present(index, seat.present);
    auto& places = record(seat.person).places;
    places.insert(std::ranges::lower_bound(places, seat.room, {}, &Place::room),
                  {seat.room, index});
}

void Chat::remove_seat(RoomId id, PersonId person) {
    auto& places = record(person).places;
    const auto place = std::ranges::lower_bound(places, id, {}, &Place::room);
    const SeatIndex index = place->seat;
    places.erase(place);
    if (const auto moved = room(id).remove_seat(index)) {
        auto& others = record(*moved).places;
        std::ranges::lower_bound(others, id, {}, &Place::room)->seat = index;
    }
}

std::vector<RoomId> Chat::take_news() {
    for (const RoomId id : news_)
        rooms_[id - 1].has_news = false;
    return std::exchange(news_, {});
}

// --- what the log says of itself

void Chat::trimmed(RoomId id, Seq first_kept) {
    room(id).trimmed(first_kept);
}

std::vector<Room::Missed> Chat::add_page(const Page& page) {
    std::erase(paged_, page.room);
    paged_.push_back(page.room);
    if (paged_.size() > paged_rooms_max) {
        room(paged_.front()).forget_pages();
        paged_.pop_front();
    }
    return room(page.room).add_page(page);
}

}  // namespace chat::server
